"""A benchmark in memory, for tests of single tables."""

from dataclasses import dataclass

import numpy as np

from weft.datasets.base import PhotoRecord
from weft.evaluation.inputs import EvalPhotos


@dataclass(frozen=True)
class InMemoryBenchmark:
    """A benchmark that has records and no pictures."""

    records: list[PhotoRecord]
    notes: tuple[str, ...] = ()


def make_eval_photos(records, z, finetuned=None):
    """Return records with their embeddings; each product is one bootstrap cluster."""
    product_ids, products = np.unique([record.product_id for record in records], return_inverse=True)
    after = np.asarray(z if finetuned is None else finetuned, np.float32)
    splits = tuple(record.split for record in records)
    data = InMemoryBenchmark(list(records))
    rows, before, names = np.arange(len(records)), np.asarray(z, np.float32), tuple(map(str, product_ids))
    return EvalPhotos(data, rows, before, after, products, names, products, splits, 0)


def make_record(product, split="test", **labels):
    """Return a record; give photos of one product different labels, because its id consists of product and labels."""
    name = "#".join([product, *map(str, labels.values())])
    return PhotoRecord(name, product, split, {key: str(value) for key, value in labels.items()}, None)
