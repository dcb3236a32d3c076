"""A tiny catalogue with its embeddings and words on disk, as the stages before evaluate leave them."""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from safetensors.numpy import save_file
from stored_documents import write_documents

from weft import artefacts, params, tables
from weft.contracts.tables import PREPARED_PHOTOS
from weft.datasets import open_dataset
from weft.evaluation.evaluate import evaluate
from weft.evaluation.inputs import InputFolders

WORDS = ("blue", "dress", "long", "red", "shirt", "skirt")
DIM = len(WORDS)
SETTINGS = params.Evaluate(top_k=(1, 2), tags_top_k=(1, 2), knn_neighbours=2, num_examples=4)
ENCODERS = ["frozen backbone", "head only", "finetuned"]
ROWS = [
    "frozen backbone (kNN tags, k=2)",
    "head only",
    "finetuned",
    "finetuned (kNN tags, k=2)",
]


def make_jpeg(number, height=128):
    stream = io.BytesIO()
    Image.new("RGB", (height * 3 // 4, height), (number * 40 % 256, number * 90 % 256, 90)).save(stream, "JPEG")
    return stream.getvalue()


def make_bag(number):
    """Return the ids of a colour and a garment; the first six products have different bags."""
    return sorted(((0, 3)[number % 2], (1, 4, 5)[number // 2 % 3]))


@dataclass(frozen=True)
class TinyCatalogue:
    """A catalogue of 6 training and 3 test products of 2 views, whose trained z are their words, frozen z noise."""

    root: Path
    benchmark: params.Benchmark
    name: str = "catalogue"

    @property
    def folders(self):
        root = self.root
        documents = root / "documents.parquet"
        return InputFolders(documents, root / "features", root / "embeddings", root / "words", root / "embedder")

    def run(self, search, out="report"):
        data = open_dataset(self.benchmark)
        catalogue = open_dataset(params.Benchmark(reader="catalogue", path=str(self.root / "prepared")))
        flat = evaluate(self.name, self.benchmark, SETTINGS, data, catalogue, self.folders, search, self.root / out)
        return flat, json.loads((self.root / out / "metrics.json").read_text())

    def embed(self, name, records, z, frozen, skip=()):
        for folder, matrix in (("embeddings", z), ("features", frozen)):
            rows = [{"photo_id": r.photo_id, "product_id": r.product_id, "split": r.split} for r in records]
            kept = [n for n, row in enumerate(rows) if row["photo_id"] not in skip]
            batch = ([rows[n] for n in kept], np.asarray(matrix, np.float32)[kept])
            artefacts.write_embeddings(self.root / folder / name, DIM, [batch])


SPLITS = {"train": range(6), "val": (), "test": range(6, 9)}
VIEWS = 2


def make_tiny_catalogue(tmp_path, rng, splits=SPLITS, picture=lambda _, number: make_jpeg(number)):
    """Write the catalogue; `splits` maps a split to its products, `picture(split, product)` returns a JPEG."""
    for split, products in splits.items():
        rows = (
            {
                "product_id": f"alder/{number}",
                "position": position,
                "photo_id": f"alder/{number}#{position}",
                "colour": None,
                "jpeg": picture(split, number),
            }
            for number in products
            for position in range(VIEWS)
        )
        tables.write_shards(tmp_path / "prepared" / split, rows, PREPARED_PHOTOS)
    numbers = [number for products in splits.values() for number in products]
    write_documents(tmp_path / "documents.parquet", {f"alder/{number}": make_bag(number) for number in numbers})
    frame = pd.DataFrame({"word_id": range(DIM), "word": WORDS, "document_frequency": 9, "count": 9})
    for folder in ("words", "embedder"):
        artefacts.write_words(tmp_path / folder / "words.tsv", frame)
        save_file({"words": np.eye(DIM, dtype=np.float32)}, tmp_path / folder / "model.safetensors")
    tiny_catalogue = TinyCatalogue(tmp_path, params.Benchmark(reader="catalogue", path=str(tmp_path / "prepared")))
    records = open_dataset(tiny_catalogue.benchmark).records
    products = [int(record.product_id.split("/")[1]) for record in records]
    z = np.array([np.isin(np.arange(DIM), make_bag(number)) for number in products], np.float32)
    # The views of a product differ a little from each other and from the training product of the same words.
    z += 0.01 * np.array(products)[:, None]
    tiny_catalogue.embed("catalogue", records, z, rng.normal(size=z.shape))
    return tiny_catalogue
