"""The photos of a benchmark that have embeddings, by photo_id: some could not be decoded and are absent."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from weft.artefacts import Embeddings
from weft.benchmarks.record import EvalDataset, PhotoRecord
from weft.errors import ContractError
from weft.evaluation.search import Ints, Matrix, rows_of

_RECORDS_AT_ONCE = 1_000
"""Records that follow each other are read together; so many at once stay small."""


@dataclass(frozen=True)
class Aligned:
    """Photo n of a benchmark, with its embedding before and after training. All are in the order of its records."""

    data: EvalDataset
    places: Ints
    """(photos,): each photo's place in `data.records`."""
    frozen: Matrix
    """(photos, embedding_dim), by the untouched backbone."""
    finetuned: Matrix
    """(photos, embedding_dim), by the fine-tuned model."""
    products: Ints
    """(photos,): the product of each as a number, in order of appearance."""
    items: Ints
    """(photos,): what the bootstrap draws together, as a number: the sender of a photo where the benchmark tells
    senders (`Record.group`), else its product."""
    splits: tuple[str, ...]
    """The split of each."""
    missing: int
    """Photos without an embedding."""

    def __len__(self) -> int:
        return len(self.places)

    def record(self, row: int) -> PhotoRecord:
        """What is known of one photo."""
        return self.data.records[int(self.places[row])]

    def records(self, rows: Ints) -> Iterator[PhotoRecord]:
        """What is known of these photos, in their order."""
        for start in range(0, len(rows), _RECORDS_AT_ONCE):
            places = self.places[rows[start : start + _RECORDS_AT_ONCE]]
            if (np.diff(places) == 1).all():
                yield from self.data.records[int(places[0]) : int(places[-1]) + 1]
            else:
                yield from (self.data.records[int(place)] for place in places)

    def all_records(self) -> Iterator[PhotoRecord]:
        """What is known of every photo."""
        return self.records(np.arange(len(self)))

    def of_split(self, split: str) -> Ints:
        """The rows of one split, ascending."""
        return np.array([row for row, name in enumerate(self.splits) if name == split], np.int64)


def align(data: EvalDataset, frozen: Embeddings, finetuned: Embeddings, name: str) -> Aligned:
    """Join records with both embeddings; a photo that lacks one of them is left out and counted.

    Args:
        data: The benchmark.
        frozen: Of the untouched backbone.
        finetuned: Of the fine-tuned model.
        name: The benchmark's name, for errors.

    Raises:
        ContractError: Two photos have the same photo_id, or no photo has embeddings.
    """
    row_of = [_rows(embeddings, name) for embeddings in (frozen, finetuned)]
    found: list[tuple[int, int, int, int, int]] = []
    splits: list[str] = []
    products: dict[str, int] = {}
    items: dict[tuple[bool, str], int] = {}
    for place, record in enumerate(data.records):
        rows = [rows.get(record.photo_id) for rows in row_of]
        if rows[0] is None or rows[1] is None:
            continue
        product = products.setdefault(record.product_id, len(products))
        key = (True, record.product_id) if record.group is None else (False, record.group)
        found.append((place, rows[0], rows[1], product, items.setdefault(key, len(items))))
        splits.append(record.split)
    if not found:
        raise ContractError(f"{name}: none of its photos has embeddings; run dvc repro features@{name} embed@{name}")
    columns = np.array(found, np.int64).T
    return Aligned(
        data,
        places=columns[0],
        frozen=rows_of(frozen.z, columns[1]),
        finetuned=rows_of(finetuned.z, columns[2]),
        products=columns[3],
        items=columns[4],
        splits=tuple(splits),
        missing=len(data.records) - len(found),
    )


def _rows(embeddings: Embeddings, name: str) -> dict[str, int]:
    ids = embeddings.photos["photo_id"].to_pylist()
    rows = {photo_id: row for row, photo_id in enumerate(ids)}
    if len(rows) < len(ids):
        twice = next(photo_id for row, photo_id in enumerate(ids) if rows[photo_id] != row)
        raise ContractError(f"embeddings of {name}: the photo {twice} stands twice; run features and embed again")
    return rows
