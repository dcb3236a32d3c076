"""Shards: consecutive rows of a Parquet table, the unit of work that one process does at a time.

The shards of a table depend on its files alone, so counts that are merged in their order are the same everywhere.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weft import tables
from weft.contracts.check_rows import check_key_increases, check_part
from weft.contracts.schema import TableContract

_MAX_SHARDS_PER_GROUP = 16
"""A reader decodes a row group from its beginning, so a group of a million rows is not cut into a thousand shards."""


@dataclass(frozen=True)
class TableShard:
    """Rows `first_row` to `first_row + num_rows - 1` of one Parquet file."""

    file: Path
    first_row: int
    num_rows: int


def list_shards(path: Path, contract: TableContract, rows: int) -> list[TableShard]:
    """Return the shards of a table in order; a table without rows has one empty shard.

    Args:
        path: A Parquet file, or a folder of Parquet files.
        contract: The contract of the table, for messages.
        rows: Rows of a shard, a multiple of `tables.ROWS_PER_GROUP`. The last shard of a file has fewer, and those of
            files with very large row groups have more.

    Raises:
        ContractError: There is no such table, or it is not Parquet.
    """
    shards = []
    for file in tables.list_files(path, contract):
        with tables.explain_unreadable(file, contract):
            metadata = pq.read_metadata(file)
        largest = max((metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)), default=0)
        step = max(rows, math.ceil(largest / _MAX_SHARDS_PER_GROUP / rows) * rows)
        for first in range(0, max(metadata.num_rows, 1), step):
            shards.append(TableShard(file, first, min(step, metadata.num_rows - first)))
    return [shard for shard in shards if shard.num_rows] or shards[:1]


def read_shard(shard: TableShard, contract: TableContract, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the rows of a shard in tables of at most `tables.ROWS_PER_GROUP` rows, each checked.

    Raises:
        ContractError: The file is not Parquet, or breaks the contract.
    """
    end = shard.first_row + shard.num_rows
    last_key = None
    with tables.explain_unreadable(shard.file, contract), pq.ParquetFile(shard.file) as parquet:
        row, groups = _find_groups(parquet.metadata, shard.first_row, end)
        for batch in parquet.iter_batches(tables.ROWS_PER_GROUP, groups, list(columns) if columns else None):
            begin, stop = max(shard.first_row - row, 0), min(end - row, batch.num_rows)
            if begin < stop:
                location = f"{shard.file} (from row {row + begin})"
                part = pa.Table.from_batches([batch.slice(begin, stop - begin)])
                table = check_part(part, contract, location, columns)
                last_key = check_key_increases(table, contract, location, last_key)
                yield table
            row += batch.num_rows


def _find_groups(metadata: pq.FileMetaData, begin: int, end: int) -> tuple[int, list[int]]:
    """Return the first row of the first row group with rows from `begin` to `end`, and the numbers of these groups."""
    row, first_row, groups = 0, begin, list[int]()
    for number in range(metadata.num_row_groups):
        next_row = row + metadata.row_group(number).num_rows
        if row < end and next_row > begin:
            if not groups:
                first_row = row
            groups.append(number)
        row = next_row
    return first_row, groups
