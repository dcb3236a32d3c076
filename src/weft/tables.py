"""Read and write Parquet tables. Each table is checked against its contract, and files are written atomically."""

import itertools
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from weft.contracts.check_rows import cast_to_contract, check_key_increases, check_part, check_table
from weft.contracts.schema import TableContract
from weft.errors import ContractError

ROWS_PER_SHARD = 5_000
ROWS_PER_GROUP = 500
"""Small row groups limit the memory of a streaming reader to a few hundred photos."""


def write_table(path: Path, table: pa.Table, contract: TableContract) -> None:
    """Sort `table` by the contract's key, check it and write it as one Parquet file.

    Raises:
        ContractError: A column is wrong, a value is null, a key is repeated, or a check fails.
    """
    table = check_table(cast_to_contract(table, contract, str(path)), contract, str(path), require_sorted=False)
    with atomic_write(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=ROWS_PER_GROUP * 10)


def read_table(path: Path, contract: TableContract, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a whole Parquet file and check it.

    Raises:
        ContractError: The file is missing, is not Parquet, or breaks the contract.
    """
    _check_exists(path, contract)
    # pq.read_table imports pandas where it is installed, and takes folders, whose names it reads as columns.
    with explain_unreadable(path, contract), pq.ParquetFile(path) as parquet:
        table = parquet.read(list(columns) if columns else None)
    return check_table(cast_to_contract(table, contract, str(path), columns), contract, str(path))


def write_shards(
    folder: Path, rows: Iterable[dict[str, Any]], contract: TableContract, rows_per_shard: int = ROWS_PER_SHARD
) -> int:
    """Stream rows into `folder`/00000.parquet, 00001.parquet, ...; the rows must be sorted by the key.

    The shards are not compressed, because photo bytes already are.

    Returns:
        The number of rows written.

    Raises:
        ContractError: A row breaks the contract; nothing is written.
    """
    count, last_key = 0, None
    remaining = iter(rows)
    with atomic_write(folder) as temporary:
        temporary.mkdir(parents=True)
        for number in itertools.count():
            name = f"{number:05}.parquet"
            shard = itertools.islice(remaining, rows_per_shard)
            first = next(shard, None)
            if first is None and number > 0:
                return count
            shard_rows = itertools.chain([] if first is None else [first], shard)
            groups = _iter_groups(shard_rows, contract, str(folder / name))
            written, last_key = write_shard(temporary / name, groups, contract, str(folder / name), last_key)
            count += written
    return count


def _iter_groups(rows: Iterator[dict[str, Any]], contract: TableContract, location: str) -> Iterator[pa.Table]:
    for number in itertools.count():
        group = list(itertools.islice(rows, ROWS_PER_GROUP))
        if not group:
            return
        try:
            yield pa.Table.from_pylist(group, schema=contract.schema)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ContractError(
                f"{_locate_row(location, number * ROWS_PER_GROUP)}: {contract.name}: {error}"
            ) from error


def write_shard(
    file: Path,
    groups: Iterable[pa.Table],
    contract: TableContract,
    location: str,
    last_key: tuple[Any, ...] | None = None,
) -> tuple[int, tuple[Any, ...] | None]:
    """Write one shard, with one row group in memory at a time.

    Args:
        file: The file to write.
        groups: The row groups.
        contract: The contract of the table.
        location: The file as messages name it.
        last_key: The key of the last row of the shard before, which those of this shard must come after.

    Returns:
        The number of rows, and the key of the last row.

    Raises:
        ContractError: A row breaks the contract.
    """
    written = 0
    with pq.ParquetWriter(file, contract.schema, compression="none") as writer:
        for group in groups:
            group_location = _locate_row(location, written)
            table = check_table(group, contract, group_location)
            last_key = check_key_increases(table, contract, group_location, last_key)
            writer.write_table(table)
            written += table.num_rows
        if not written:
            # An empty file needs a row group too: readers take the schema from it.
            writer.write_table(contract.schema.empty_table())
    return written, last_key


def _locate_row(location: str, row: int) -> str:
    return f"{location} (from row {row})" if row else location


def read_shards(folder: Path, contract: TableContract, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the row groups of all shards of `folder` in order, each checked; one group is in memory at a time.

    Raises:
        ContractError: There is no shard, or one breaks the contract.
    """
    for file in list_files(folder, contract):
        with explain_unreadable(file, contract), pq.ParquetFile(file) as parquet:
            for group in range(parquet.num_row_groups):
                table = parquet.read_row_group(group, columns=list(columns) if columns else None)
                yield check_part(table, contract, f"{file} (row group {group})", columns)


def read_stream(path: Path, contract: TableContract, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield one Parquet file in tables of at most ROWS_PER_GROUP rows, each checked, so that memory stays constant.

    Raises:
        ContractError: The file is missing, is not Parquet, or breaks the contract.
    """
    _check_exists(path, contract)
    first_row, last_key = 0, None
    with explain_unreadable(path, contract), pq.ParquetFile(path) as parquet:
        for batch in parquet.iter_batches(ROWS_PER_GROUP, columns=list(columns) if columns else None):
            location = f"{path} (from row {first_row})"
            table = check_part(pa.Table.from_batches([batch]), contract, location, columns)
            last_key = check_key_increases(table, contract, location, last_key)
            yield table
            first_row += table.num_rows


def write_stream(path: Path, chunks: Iterable[pa.Table], contract: TableContract) -> int:
    """Stream tables into one Parquet file, which is written atomically; the rows must be sorted by the key.

    Returns:
        The number of rows written.

    Raises:
        ContractError: A table breaks the contract or does not come after the previous one.
    """
    count, last_key = 0, None
    with atomic_write(path) as temporary, pq.ParquetWriter(temporary, contract.schema, compression="zstd") as writer:
        for chunk in chunks:
            location = f"{path} (from row {count})"
            table = check_part(chunk, contract, location)
            last_key = check_key_increases(table, contract, location, last_key)
            writer.write_table(table.cast(contract.schema))
            count += table.num_rows
    return count


def list_files(path: Path, contract: TableContract) -> list[Path]:
    """Return the Parquet files of a table, in order: the file `path` itself, or all files of the folder.

    Raises:
        ContractError: There is no such file or folder, or no Parquet file in the folder.
    """
    _check_exists(path, contract)
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.parquet"))
    if not files:
        raise ContractError(
            f"{path}: expected shards (*.parquet) of {contract.name}, got none; run the previous stage (dvc repro)"
        )
    return files


def count_rows(folder: Path) -> int:
    """Return the number of rows in all shards of `folder`; only the file footers are read."""
    return sum(pq.read_metadata(file).num_rows for file in sorted(folder.glob("*.parquet")))


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` (file or folder) that replaces it if the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        yield temporary
        if path.is_dir():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        elif temporary.exists():
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a small text file atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def explain_unreadable(file: Path, contract: TableContract) -> Iterator[None]:
    """Turn an error of reading `file` into a ContractError that names it."""
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise ContractError(f"{file}: not a readable Parquet file of {contract.name}: {error}") from error


def _check_exists(path: Path, contract: TableContract) -> None:
    if not path.exists():
        raise ContractError(
            f"{path}: no such file or folder, expected {contract.name}; run the previous stage (dvc repro)"
        )
