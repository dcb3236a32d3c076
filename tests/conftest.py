"""Fixtures of several packages: tiny photos, prepared shards, a word list and a saved model."""

import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from stored_calibration import write_calibration
from stored_documents import add_documents

from weft import artefacts, tables
from weft.contracts.tables import PREPARED_PHOTOS

if TYPE_CHECKING:
    import torch

# Before torch is imported: for arrays this small, threads only cost.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples in every run, and no time limit for an example, so that no test fails by chance or under load.
hypothesis.settings.load_profile("ci")

SIDE_PX = 32
"""Pixels of every test photo."""

COLOURS = {"red": (200, 30, 30), "green": (30, 180, 30), "blue": (30, 30, 200), "black": (15, 15, 15)}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the pipeline and the files with slow tests first, so that no worker waits long for another one at the end."""
    slow_files = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.parent.name != "pipeline", item.path not in slow_files))


def _make_jpeg(colour: str = "red", seed: int = 0) -> bytes:
    """Return a JPEG of one colour with a little noise."""
    noise = np.random.default_rng(seed).integers(-15, 16, (SIDE_PX, SIDE_PX, 3))
    pixels = np.clip(np.array(COLOURS[colour]) + noise, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _write_prepared(
    folder: Path,
    bags: Sequence[Sequence[int]],
    rows_per_shard: int = 100,
    in_short_fields: Sequence[Sequence[bool]] | None = None,
) -> Path:
    """Write prepared photos, one per product; the first word of a bag is the index of its colour in COLOURS.

    The words are added to documents.parquet beside the folder. Without `in_short_fields`, all are in a short field.
    """
    names = list(COLOURS)
    product_ids = [f"alder/{folder.name}-{n:04}" for n in range(len(bags))]
    rows = [
        {
            "product_id": product_ids[n],
            "position": 0,
            "photo_id": f"{product_ids[n]}#0",
            "colour": None,
            "jpeg": _make_jpeg(names[(bag[0] if bag else n) % len(names)], seed=n),
        }
        for n, bag in enumerate(bags)
    ]
    tables.write_shards(folder, rows, PREPARED_PHOTOS, rows_per_shard)
    masks = None if in_short_fields is None else dict(zip(product_ids, in_short_fields, strict=True))
    add_documents(folder.parent / "documents.parquet", dict(zip(product_ids, bags, strict=True)), masks)
    return folder


def _write_words(path: Path, words: Sequence[str]) -> Path:
    columns = {"word_id": range(len(words)), "word": words, "document_frequency": 5, "count": 7}
    artefacts.write_words(path, pd.DataFrame(columns))
    return path


def _calibrate_batch_norm(model: "torch.nn.Module") -> None:
    """Give batch norm the statistics of test photos, without which the outputs of an untrained network are almost 0."""
    import torch

    photos = [np.asarray(Image.open(io.BytesIO(_make_jpeg(colour, seed)))) for colour in COLOURS for seed in range(4)]
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the plain mean of all batches
    with torch.no_grad():
        model.train()(torch.from_numpy(np.stack(photos).transpose(0, 3, 1, 2).copy()))


@pytest.fixture(scope="session")
def make_jpeg() -> Callable[..., bytes]:
    return _make_jpeg


@pytest.fixture(scope="session")
def write_prepared() -> Callable[..., Path]:
    return _write_prepared


@pytest.fixture(scope="session")
def write_words() -> Callable[[Path, Sequence[str]], Path]:
    return _write_words


@pytest.fixture(scope="session")
def model_words() -> list[str]:
    """The vocabulary of `saved_model`."""
    return ["red", "green", "blue", "black", "dress", "v-neck", "null", "nan"]


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory: pytest.TempPathFactory, model_words: list[str]) -> Path:
    """A saved model with a small backbone, not trained but with scores around 1; read it, never change it."""
    from weft.model.backbone import load_backbone
    from weft.model.bundle import save_bundle
    from weft.model.embedder import Embedder, make_random_word_embeddings
    from weft.params import ModelParams

    folder = tmp_path_factory.mktemp("models")
    words = _write_words(folder / "words.tsv", model_words)
    model = ModelParams("shufflenet_v2_x0_5", "random", "last", "average", 0)
    backbone = load_backbone(model.backbone, model.weights)
    embedder = Embedder(backbone.network, 100 * make_random_word_embeddings(len(model_words), backbone.dim, seed=1))
    _calibrate_batch_norm(embedder)
    save_bundle(folder / "embedder", embedder, model, SIDE_PX, SIDE_PX, words)
    return folder / "embedder"


@pytest.fixture(scope="session")
def calibration(tmp_path_factory: pytest.TempPathFactory, saved_model: Path, model_words: list[str]) -> Path:
    """Thresholds and a tag head for the words 0 and 3 of `saved_model`."""
    return write_calibration(tmp_path_factory.mktemp("calibration"), saved_model, model_words, [0, 3])


@pytest.fixture(scope="session")
def exported_model(tmp_path_factory: pytest.TempPathFactory, saved_model: Path, calibration: Path) -> Path:
    """`saved_model` as an ONNX folder with its calibration; read it, never change it."""
    pytest.importorskip("onnx", reason="needs the extra onnx")
    from weft.export.onnx_export import export_onnx

    photos = [(f"{colour}{seed}", _make_jpeg(colour, seed)) for colour in COLOURS for seed in range(5)]
    folder = tmp_path_factory.mktemp("exported") / "onnx"
    export_onnx(saved_model, calibration, photos, folder)
    return folder
