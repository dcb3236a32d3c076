"""The own catalogue: the prepared photos of train, val and test, labelled with one category per product."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import pyarrow as pa

from weft import tables
from weft.contracts.tables import PREPARED_PHOTOS, PRODUCTS, SPLITS
from weft.datasets.base import PhotoRecord

_RECORD_COLUMNS = ("product_id", "position", "photo_id", "colour")
_CATEGORY_COLUMNS = ("product_id", "categories")
_ROWS_PER_BATCH = 2_000


class CatalogueRecords(Sequence[PhotoRecord]):
    """Records as views of Arrow columns: a million photos take a few hundred megabytes."""

    def __init__(self, columns: pa.Table, categories: Mapping[str, str]) -> None:
        self._table = columns
        self._categories = categories

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @overload
    def __getitem__(self, index: int) -> PhotoRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[PhotoRecord]: ...
    def __getitem__(self, index: int | slice) -> PhotoRecord | Sequence[PhotoRecord]:
        rows = range(len(self))[index]
        if isinstance(rows, int):
            return self._read_run(rows, 1)[0]
        if rows.step == 1:
            return self._read_run(rows.start, len(rows))
        return [self[row] for row in rows]

    def __iter__(self) -> Iterator[PhotoRecord]:
        for start in range(0, len(self), _ROWS_PER_BATCH):
            yield from self._read_run(start, _ROWS_PER_BATCH)

    def _read_run(self, start: int, count: int) -> list[PhotoRecord]:
        """Build consecutive records together, which is ten times as fast as one by one."""
        return [_build_record(row, self._categories) for row in self._table.slice(start, count).to_pylist()]


class Catalogue:
    """Reader of the prepared photos: train, then val, then test, each sorted by product_id and position."""

    def __init__(self, folder: Path, products: Path | None = None) -> None:
        """Read all columns except the photos.

        Args:
            folder: The output folder of prepare.
            products: The table of crawled products, whose categories become labels; None for no categories.

        Raises:
            ContractError: A split or the table of products is missing or breaks its contract.
        """
        self._folder = folder
        self._categories = {} if products is None else read_categories(products)
        parts = [self._read_columns(split) for split in SPLITS]
        self._records = CatalogueRecords(pa.concat_tables(parts).combine_chunks(), self._categories)

    @property
    def records(self) -> CatalogueRecords:
        """All prepared photos; their labels are kind_of_photo and, where known, colour and category."""
        return self._records

    @property
    def notes(self) -> Sequence[str]:
        """There are no remarks."""
        return ()

    def photos(self) -> Iterator[tuple[PhotoRecord, bytes]]:
        """Yield every record with its JPEG; one row group is in memory at a time."""
        for split in SPLITS:
            for table in tables.read_shards(self._folder / split, PREPARED_PHOTOS, (*_RECORD_COLUMNS, "jpeg")):
                for row in table.to_pylist():
                    yield _build_record({**row, "split": split}, self._categories), row["jpeg"]

    def _read_columns(self, split: str) -> pa.Table:
        shards = tables.read_shards(self._folder / split, PREPARED_PHOTOS, _RECORD_COLUMNS)
        # concat_tables needs at least one table, and a split without photos yields none.
        empty = PREPARED_PHOTOS.schema.empty_table().select(_RECORD_COLUMNS)
        table = pa.concat_tables([empty, *shards], promote_options="default")
        splits = pa.array([split] * table.num_rows, pa.string()).dictionary_encode()
        return table.append_column("split", splits)


def _build_record(row: dict[str, Any], categories: Mapping[str, str]) -> PhotoRecord:
    labels = {"kind_of_photo": "main photo" if row["position"] == 0 else "other view"}
    if row["colour"] is not None:
        labels["colour"] = row["colour"]
    if row["product_id"] in categories:
        labels["category"] = categories[row["product_id"]]
    return PhotoRecord(
        photo_id=row["photo_id"],
        product_id=row["product_id"],
        split=row["split"],
        labels=labels,
        group=None,
    )


def read_categories(path: Path) -> dict[str, str]:
    """Return product_id -> category; products without a category are absent.

    Raises:
        ContractError: The file is missing or breaks the contract of products.
    """
    paths: dict[str, list[str]] = {}
    for table in tables.read_stream(path, PRODUCTS, _CATEGORY_COLUMNS):
        for row in table.to_pylist():
            if row["categories"]:
                paths[row["product_id"]] = row["categories"]
    path_counts = Counter(category_path for product_paths in paths.values() for category_path in product_paths)
    return {product: choose_deepest_category(product_paths, path_counts) for product, product_paths in paths.items()}


def choose_deepest_category(paths: Sequence[str], path_counts: Counter[str]) -> str:
    """Return the path with the most steps; of equally deep paths, the most common one.

    Product types are more common than the categories of sales and brands.
    """
    return min(paths, key=lambda path: (-path.count(" > "), -path_counts[path], path))
