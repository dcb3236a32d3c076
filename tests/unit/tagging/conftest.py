"""A made-up catalogue whose embeddings say plainly what photos show: axis k of z is word k."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from safetensors.numpy import save_file

from weft import artefacts, params, tables
from weft.contracts import files
from weft.contracts.tables import PREPARED_PHOTOS, PRODUCTS
from weft.tagging.audit import Sources

WORDS = ("red", "blue", "shirt", "dress", "wash", "shirts")
DIGEST = "cd" * 32


@dataclass(frozen=True)
class MadeUpProduct:
    """One product: what its title says, what its description says besides, and what each of its photos shows."""

    title_words: tuple[str, ...]
    photo_words: tuple[tuple[str, ...], ...]
    description_words: tuple[str, ...] = ()
    split: str = "train"


@dataclass
class MadeUpShop:
    """The outs of the stages that calibrate and audit read."""

    folder: Path
    items: list[MadeUpProduct] = field(default_factory=list)

    @property
    def sources(self) -> Sources:
        folder = self.folder
        return Sources(
            folder / "products.parquet",
            folder / "prepared",
            folder / "embeddings",
            folder / "model",
            folder / "calibration",
        )

    def add(self, count: int, says: str, shows: str, besides: str = "", split: str = "train", views: int = 1) -> None:
        item = MadeUpProduct(tuple(says.split()), (tuple(shows.split()),) * views, tuple(besides.split()), split)
        self.items += [item] * count

    def write(self, model: str = DIGEST) -> None:
        rng = np.random.default_rng(1)
        ids = {word: number for number, word in enumerate(WORDS)}
        ordered = [
            (split, n, item)
            for split in ("train", "val", "test")
            for n, item in enumerate(self.items)
            if item.split == split
        ]
        photos: dict[str, list[dict[str, object]]] = {"train": [], "val": [], "test": []}
        embedded, z = [], []
        for split, number, item in ordered:
            product = f"alder/{number:04}"
            text_word_ids = sorted(ids[word] for word in item.title_words + item.description_words)
            for position, visible_words in enumerate(item.photo_words):
                photo = {"product_id": product, "photo_id": f"{product}#{position}"}
                jpeg = f"photo {product}#{position}".encode()
                words = {"word_ids": text_word_ids, "in_short_fields": [True] * len(text_word_ids)}
                photos[split].append({**photo, "position": position, "colour": None, "jpeg": jpeg, **words})
                embedded.append({**photo, "split": split})
                z.append([6.0 * (word in visible_words) + rng.normal(0, 0.3) for word in WORDS])
        for split, rows in photos.items():
            tables.write_shards(self.folder / "prepared" / split, rows, PREPARED_PHOTOS, 50)
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
                "title": " ".join(item.title_words) or "nothing", "description": " ".join(item.description_words), **blank,
            }
            for number, item in enumerate(self.items)
        ]  # fmt: skip
        tables.write_table(
            self.folder / "products.parquet", pa.Table.from_pylist(rows, schema=PRODUCTS.schema), PRODUCTS
        )


@pytest.fixture
def shop(tmp_path: Path) -> MadeUpShop:
    return MadeUpShop(tmp_path)


@pytest.fixture
def honest(shop: MadeUpShop) -> MadeUpShop:
    """Texts that say what photos show, enough of them in val to be sure; "wash" stands in half of the care texts."""
    for split, n_products in (("train", 12), ("val", 16), ("test", 8)):
        for colour in ("red", "blue"):
            for kind in ("shirt", "dress"):
                for besides in ("", "wash"):
                    shop.add(n_products // 2, f"{colour} {kind}", f"{colour} {kind}", besides, split)
    return shop


@pytest.fixture
def settings() -> params.Calibrate:
    return params.Calibrate(target_precision=0.8, confidence=0.9, min_products=10)


@pytest.fixture
def search() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Exact search, as plainly as it can be written."""

    def nearest(queries, gallery, k: int, query_groups: Sequence[int], gallery_groups: Sequence[int]):
        q, g = (
            m / np.linalg.norm(m, axis=1, keepdims=True) for m in (np.array(queries, float), np.array(gallery, float))
        )
        similarity = q @ g.T
        similarity[np.asarray(query_groups)[:, None] == np.asarray(gallery_groups)[None, :]] = -np.inf
        rows = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
        return rows, np.take_along_axis(similarity, rows, axis=1)

    return nearest
