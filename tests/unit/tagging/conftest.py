"""A synthetic catalogue whose embeddings state what photos show: axis k of z is word k."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from safetensors.numpy import save_file
from stored_documents import write_documents

from weft import artefacts, params, tables
from weft.contracts import files
from weft.contracts.tables import PREPARED_PHOTOS, PRODUCTS
from weft.tagging.audit import AuditInputs

WORDS = ("red", "blue", "shirt", "dress", "wash", "shirts")
DIGEST = "cd" * 32


@dataclass(frozen=True)
class SyntheticProduct:
    """A product: the words of its title, of its description, and of each of its photos."""

    title_words: tuple[str, ...]
    photo_words: tuple[tuple[str, ...], ...]
    description_words: tuple[str, ...] = ()
    split: str = "train"


@dataclass
class SyntheticShop:
    """The outputs of the stages that calibrate and audit read."""

    folder: Path
    products: list[SyntheticProduct] = field(default_factory=list)

    @property
    def inputs(self) -> AuditInputs:
        folder = self.folder
        return AuditInputs(
            folder / "products.parquet",
            folder / "documents.parquet",
            folder / "prepared",
            folder / "embeddings",
            folder / "model",
            folder / "calibration",
        )

    def add(
        self, count: int, title: str, photo: str, description: str = "", split: str = "train", n_photos: int = 1
    ) -> None:
        photo_words = (tuple(photo.split()),) * n_photos
        product = SyntheticProduct(tuple(title.split()), photo_words, tuple(description.split()), split)
        self.products += [product] * count

    def write(self, model: str = DIGEST) -> None:
        rng = np.random.default_rng(1)
        ids = {word: number for number, word in enumerate(WORDS)}
        ordered = [
            (split, n, product)
            for split in ("train", "val", "test")
            for n, product in enumerate(self.products)
            if product.split == split
        ]
        photos: dict[str, list[dict[str, object]]] = {"train": [], "val": [], "test": []}
        embedded, z = [], []
        bags: dict[str, list[int]] = {}
        flags: dict[str, list[bool]] = {}
        for split, number, product in ordered:
            product_id = f"alder/{number:04}"
            flagged = [(ids[word], True) for word in product.title_words]
            flagged += [(ids[word], False) for word in product.description_words]
            # As the stage documents writes them: ascending, and of equal words those of short fields first.
            flagged.sort(key=lambda pair: (pair[0], not pair[1]))
            bags[product_id], flags[product_id] = [word for word, _ in flagged], [flag for _, flag in flagged]
            for position, visible_words in enumerate(product.photo_words):
                photo = {"product_id": product_id, "photo_id": f"{product_id}#{position}"}
                jpeg = f"photo {product_id}#{position}".encode()
                photos[split].append({**photo, "position": position, "colour": None, "jpeg": jpeg})
                embedded.append({**photo, "split": split})
                z.append([6.0 * (word in visible_words) + rng.normal(0, 0.3) for word in WORDS])
        for split, rows in photos.items():
            tables.write_shards(self.folder / "prepared" / split, rows, PREPARED_PHOTOS, 50)
        write_documents(self.folder / "documents.parquet", bags, flags)
        artefacts.write_embeddings(self.folder / "embeddings", len(WORDS), [(embedded, np.array(z, np.float32))], model)
        self._write_model()
        self._write_products()

    def _write_model(self) -> None:
        folder = self.folder / "model"
        folder.mkdir(exist_ok=True)
        columns = {"word_id": range(len(WORDS)), "word": WORDS, "document_frequency": 40, "count": 40}
        artefacts.write_words(folder / files.WORDS, pd.DataFrame(columns))
        save_file({"words": np.eye(len(WORDS), dtype=np.float32)}, folder / files.MODEL)
        (folder / files.DIGEST).write_text(DIGEST + "\n")

    def _write_products(self) -> None:
        blank = {"brand": None, "colour": None, "categories": [], "attributes": []}
        rows = [
            {
                "product_id": f"alder/{number:04}", "shop": "alder", "url": f"http://alder.example/{number}",
                "title": " ".join(product.title_words) or "nothing", "description": " ".join(product.description_words),
                **blank,
            }
            for number, product in enumerate(self.products)
        ]  # fmt: skip
        tables.write_table(
            self.folder / "products.parquet", pa.Table.from_pylist(rows, schema=PRODUCTS.schema), PRODUCTS
        )


@pytest.fixture
def shop(tmp_path: Path) -> SyntheticShop:
    return SyntheticShop(tmp_path)


@pytest.fixture
def consistent_shop(shop: SyntheticShop) -> SyntheticShop:
    """Texts that agree with the photos, with enough val products; "wash" is in half of the descriptions."""
    for split, n_products in (("train", 12), ("val", 16), ("test", 8)):
        for colour in ("red", "blue"):
            for kind in ("shirt", "dress"):
                for description in ("", "wash"):
                    shop.add(n_products // 2, f"{colour} {kind}", f"{colour} {kind}", description, split)
    return shop


@pytest.fixture
def settings() -> params.Calibrate:
    return params.Calibrate(target_precision=0.8, confidence=0.9, min_products=10)


@pytest.fixture
def search() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """A naive exact search."""

    def nearest(queries, gallery, k: int, query_groups: Sequence[int], gallery_groups: Sequence[int]):
        q, g = (
            m / np.linalg.norm(m, axis=1, keepdims=True) for m in (np.array(queries, float), np.array(gallery, float))
        )
        similarity = q @ g.T
        similarity[np.asarray(query_groups)[:, None] == np.asarray(gallery_groups)[None, :]] = -np.inf
        rows = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
        return rows, np.take_along_axis(similarity, rows, axis=1)

    return nearest
