"""The own catalogue: the photos that prepare wrote, train, val and test."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import pyarrow as pa

from weft import tables
from weft.benchmarks.categories import read_categories
from weft.benchmarks.record import Record
from weft.contracts.tables import PREPARED, SPLITS

_COLUMNS = ("product_id", "view", "photo_id", "colour", "word_ids")
_ROWS_AT_ONCE = 2_000


class CatalogueRecords(Sequence[Record]):
    """The records as views of Arrow columns: a million photos with their words stay a few hundred megabytes."""

    def __init__(self, columns: pa.Table, categories: Mapping[str, str]) -> None:
        self._columns = columns
        self._categories = categories

    def __len__(self) -> int:
        return int(self._columns.num_rows)

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Record]: ...
    def __getitem__(self, place: int | slice) -> Record | Sequence[Record]:
        rows = range(len(self))[place]
        if isinstance(rows, int):
            return self._run(rows, 1)[0]
        if rows.step == 1:
            return self._run(rows.start, len(rows))
        return [self[row] for row in rows]

    def __iter__(self) -> Iterator[Record]:
        for start in range(0, len(self), _ROWS_AT_ONCE):
            yield from self._run(start, _ROWS_AT_ONCE)

    def _run(self, start: int, count: int) -> list[Record]:
        """Records that follow each other, at once: one by one they take ten times as long."""
        return [_record(row, self._categories) for row in self._columns.slice(start, count).to_pylist()]


class Catalogue:
    """Reader of the folder that prepare wrote; records go train, val, test, each by product_id and view."""

    def __init__(self, folder: Path, products: Path | None = None) -> None:
        """Read every column but the photos.

        Args:
            folder: The out of prepare.
            products: The crawled products, whose categories become labels; without it there are none.

        Raises:
            ContractError: A split is missing or breaks the contract of prepared photos, or products does its own.
        """
        self._folder = folder
        self._categories = {} if products is None else read_categories(products)
        parts = [self._columns(split) for split in SPLITS]
        self._records = CatalogueRecords(pa.concat_tables(parts).combine_chunks(), self._categories)

    @property
    def records(self) -> CatalogueRecords:
        """Every prepared photo; labels are category, colour (where told) and kind of photo."""
        return self._records

    @property
    def notes(self) -> Sequence[str]:
        """Nothing to say."""
        return ()

    def photos(self) -> Iterator[tuple[Record, bytes]]:
        """Every record with its JPEG, one row group in memory at a time."""
        for split in SPLITS:
            for table in tables.read_shards(self._folder / split, PREPARED, (*_COLUMNS, "jpeg")):
                for row in table.to_pylist():
                    yield _record({**row, "split": split}, self._categories), row["jpeg"]

    def _columns(self, split: str) -> pa.Table:
        shards = tables.read_shards(self._folder / split, PREPARED, _COLUMNS)
        # A split without photos is one shard without row groups, and no tables cannot be joined.
        none = PREPARED.schema.empty_table().select(_COLUMNS)
        table = pa.concat_tables([none, *shards], promote_options="default")
        splits = pa.array([split] * table.num_rows, pa.string()).dictionary_encode()
        return table.append_column("split", splits)


def _record(row: dict[str, Any], categories: Mapping[str, str]) -> Record:
    labels = {"kind_of_photo": "main photo" if row["view"] == 0 else "other view"}
    if row["colour"] is not None:
        labels["colour"] = row["colour"]
    if row["product_id"] in categories:
        labels["category"] = categories[row["product_id"]]
    return Record(
        photo_id=row["photo_id"],
        product_id=row["product_id"],
        split=row["split"],
        labels=labels,
        group=None,
        word_ids=tuple(dict.fromkeys(row["word_ids"] or ())),
    )
