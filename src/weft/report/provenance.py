"""The facts behind the numbers of the page: the backbone, the training data and the kept epoch."""

from dataclasses import dataclass
from typing import Any

from weft.contracts import files
from weft.errors import ContractError
from weft.report.readers import ReportInputs, read_json
from weft.training_summary import read_training_summary


@dataclass(frozen=True)
class Provenance:
    """The model and the data behind the numbers of the page."""

    backbone: str
    embedding_dim: int
    height: int
    width: int
    """The input size of the network in pixels."""
    shops: tuple[str, ...]
    train_photos: int
    train_products: int
    test_photos: int
    test_products: int
    products: int
    """All products that have a photo."""
    words: int
    epochs: int
    """Epochs of finetune."""
    kept_epoch: int
    """The epoch of finetune whose weights were kept; 0 is the network before training."""
    has_improved: bool
    """Whether the kept weights are better on val than those before training."""
    kept_because: str
    """Why this epoch was kept, in the terms of training.json."""
    digest: str
    """The digest of the model folder."""


def read_provenance(inputs: ReportInputs) -> Provenance:
    """Read the facts from the reports of crawl and prepare and from the model folder.

    Raises:
        ContractError: A file is missing, or lacks a value.
    """
    config = read_json(inputs.model / files.CONFIG, "finetune")
    preprocess = read_json(inputs.model / files.PREPROCESS, "finetune")
    prepared = read_json(inputs.prepared / files.REPORT, "prepare")
    crawled = read_json(inputs.crawl / files.REPORT, "crawl")
    kept = read_training_summary(inputs.model / files.TRAINING)
    try:
        photos: dict[str, Any] = prepared["photos"]
        products: dict[str, Any] = prepared["products"]
        return Provenance(
            backbone=str(config["backbone"]),
            embedding_dim=int(config["embedding_dim"]),
            height=int(preprocess["height"]),
            width=int(preprocess["width"]),
            shops=tuple(sorted(crawled["shops"])),
            train_photos=int(photos["train_photos"]),
            train_products=int(products["train_products"]),
            test_photos=int(photos["test_photos"]),
            test_products=int(products["test_products"]),
            products=int(products.get("products", 0)),
            words=int(config["words"]),
            epochs=kept.epochs,
            kept_epoch=kept.kept_epoch,
            has_improved=kept.improved,
            kept_because=kept.describe(),
            digest=_read_digest(inputs),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(f"the reports of crawl, prepare and finetune lack {error}; run dvc repro") from error


def _read_digest(inputs: ReportInputs) -> str:
    path = inputs.model / files.DIGEST
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{path}: cannot be read: {error}; run the stage finetune") from error
