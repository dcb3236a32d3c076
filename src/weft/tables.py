"""Read and write Parquet tables. Each table is checked against its contract, and files are written atomically."""

import itertools
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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
    table = check_table(_cast_to_contract(table, contract, str(path)), contract, str(path), require_sorted=False)
    with atomic_write(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=ROWS_PER_GROUP * 10)


def read_table(path: Path, contract: TableContract, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a whole Parquet file and check it.

    Raises:
        ContractError: The file is missing, is not Parquet, or breaks the contract.
    """
    _check_exists(path, contract)
    try:
        table = pq.read_table(path, columns=list(columns) if columns else None)
    except (pa.ArrowInvalid, OSError) as error:
        raise ContractError(f"{path}: not a readable Parquet file of {contract.name}: {error}") from error
    return check_table(_cast_to_contract(table, contract, str(path), columns), contract, str(path))


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
            written, last_key = _write_shard(temporary / name, shard_rows, contract, str(folder / name), last_key)
            count += written
    return count


def _write_shard(
    file: Path, rows: Iterator[dict[str, Any]], contract: TableContract, location: str, last_key: tuple[Any, ...] | None
) -> tuple[int, tuple[Any, ...] | None]:
    """Write one shard, with one row group in memory at a time; return the number of rows and the last key."""
    written = 0
    with pq.ParquetWriter(file, contract.schema, compression="none") as writer:
        while group := list(itertools.islice(rows, ROWS_PER_GROUP)):
            group_location = f"{location} (from row {written})" if written else location
            try:
                table = pa.Table.from_pylist(group, schema=contract.schema)
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise ContractError(f"{group_location}: {contract.name}: {error}") from error
            check_table(table, contract, group_location)
            last_key = _check_key_increases(table, contract, group_location, last_key)
            writer.write_table(table)
            written += len(group)
        if not written:
            # An empty file needs a row group too: readers take the schema from it.
            writer.write_table(contract.schema.empty_table())
    return written, last_key


def read_shards(folder: Path, contract: TableContract, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the row groups of all shards of `folder` in order, each checked; one group is in memory at a time.

    Raises:
        ContractError: There is no shard, or one breaks the contract.
    """
    _check_exists(folder, contract)
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise ContractError(
            f"{folder}: expected shards (*.parquet) of {contract.name}, got none; run the previous stage (dvc repro)"
        )
    for file in files:
        try:
            with pq.ParquetFile(file) as parquet:
                for group in range(parquet.num_row_groups):
                    table = parquet.read_row_group(group, columns=list(columns) if columns else None)
                    location = f"{file} (row group {group})"
                    yield check_table(_cast_to_contract(table, contract, location, columns), contract, location)
        except (pa.ArrowInvalid, OSError) as error:
            raise ContractError(f"{file}: not a readable Parquet file of {contract.name}: {error}") from error


def read_stream(path: Path, contract: TableContract, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield one Parquet file in tables of at most ROWS_PER_GROUP rows, each checked, so that memory stays constant.

    Raises:
        ContractError: The file is missing, is not Parquet, or breaks the contract.
    """
    _check_exists(path, contract)
    first_row, last_key = 0, None
    try:
        with pq.ParquetFile(path) as parquet:
            for batch in parquet.iter_batches(ROWS_PER_GROUP, columns=list(columns) if columns else None):
                location = f"{path} (from row {first_row})"
                table = _cast_to_contract(pa.Table.from_batches([batch]), contract, location, columns)
                last_key = _check_key_increases(check_table(table, contract, location), contract, location, last_key)
                yield table
                first_row += table.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise ContractError(f"{path}: not a readable Parquet file of {contract.name}: {error}") from error


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
            table = check_table(_cast_to_contract(chunk, contract, location), contract, location)
            last_key = _check_key_increases(table, contract, location, last_key)
            writer.write_table(table.cast(contract.schema))
            count += table.num_rows
    return count


def _check_key_increases(
    table: pa.Table, contract: TableContract, location: str, previous_key: tuple[Any, ...] | None
) -> tuple[Any, ...] | None:
    """Check that the first key comes after `previous_key`, and return the key of the last row."""
    if table.num_rows == 0 or not set(contract.key).issubset(table.column_names):
        return previous_key
    keys = table.select(contract.key)
    first_key = tuple(keys.slice(0, 1).to_pylist()[0].values())
    if previous_key is not None and first_key <= previous_key:
        raise ContractError(
            f"{location}: {contract.name}: key {first_key} does not come after {previous_key} of the previous row"
        )
    return tuple(keys.slice(table.num_rows - 1).to_pylist()[0].values())


def count_rows(folder: Path) -> int:
    """Return the number of rows in all shards of `folder`; only the file footers are read."""
    return sum(pq.read_metadata(file).num_rows for file in sorted(folder.glob("*.parquet")))


def check_table(table: pa.Table, contract: TableContract, location: str, require_sorted: bool = True) -> pa.Table:
    """Return the table, sorted by the contract's key, if every check passes; columns it lacks are not checked.

    Args:
        table: The table, with the column types of the contract.
        contract: The contract.
        location: The file or folder, for error messages.
        require_sorted: Refuse rows out of order instead of sorting them.

    Raises:
        ContractError: The message names `location`, the row, the column and the expected value.
    """
    present = set(table.column_names)
    for column in contract.schema:
        if column.name in present and not column.nullable and table[column.name].null_count:
            row = pc.index(pc.is_null(table[column.name]), pa.scalar(True)).as_py()
            raise ContractError(
                f"{location}, row {row}: {contract.name}.{column.name} is null, expected a {column.type}"
            )
    for rule in contract.checks:
        columns = [rule.column] if rule.other_column is None else [rule.column, rule.other_column]
        if present.issuperset(columns) and table.num_rows:
            passed = rule.predicate(*(table[name] for name in columns))
            bad = pc.index(pc.fill_null(passed, True), pa.scalar(False)).as_py()
            if bad >= 0:
                value = str(table[rule.column][bad].as_py())[:80]
                raise ContractError(
                    f"{location}, row {bad}: {contract.name}.{rule.column}: expected {rule.description}, got {value!r}"
                )
    if not present.issuperset(contract.key) or table.num_rows < 2:
        return table
    return _sort_by_key(table, contract, location, require_sorted)


def _sort_by_key(table: pa.Table, contract: TableContract, location: str, require_sorted: bool) -> pa.Table:
    order = pc.sort_indices(table.select(contract.key), sort_keys=[(name, "ascending") for name in contract.key])
    rank = pc.sort_indices(order)
    first_descent = pc.index(pc.greater(rank[1:], rank[:-1]), pa.scalar(False)).as_py()
    if require_sorted and first_descent >= 0:
        raise ContractError(
            f"{location}, row {first_descent + 1}: {contract.name} is not sorted by {', '.join(contract.key)}"
        )
    table = table if require_sorted else table.take(order)
    is_repeat = None
    for name in contract.key:
        column = table[name].combine_chunks()
        equal = pc.equal(column[1:], column[:-1])
        is_repeat = equal if is_repeat is None else pc.and_(is_repeat, equal)
    repeated = pc.index(is_repeat, pa.scalar(True)).as_py()
    if repeated >= 0:
        key = tuple(table[name][repeated].as_py() for name in contract.key)
        raise ContractError(f"{location}, row {repeated + 1}: {contract.name} repeats the key {key}")
    return table


def _cast_to_contract(
    table: pa.Table, contract: TableContract, location: str, columns: Sequence[str] | None = None
) -> pa.Table:
    """Return the table with the contract's columns, or the requested ones, in the contract's order and types."""
    selected = [field for field in contract.schema if columns is None or field.name in columns]
    missing = [field.name for field in selected if field.name not in table.column_names]
    if missing:
        raise ContractError(
            f"{location}: {contract.name} lacks the column {', '.join(missing)}; it has {table.column_names}"
        )
    unknown = set(table.column_names) - set(contract.schema.names)
    if unknown:
        raise ContractError(f"{location}: {contract.name} has the unknown column {', '.join(sorted(unknown))}")
    try:
        return table.select([field.name for field in selected]).cast(
            pa.schema([f.with_nullable(True) for f in selected])
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ContractError(f"{location}: {contract.name}: {error}") from error


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


def _check_exists(path: Path, contract: TableContract) -> None:
    if not path.exists():
        raise ContractError(
            f"{path}: no such file or folder, expected {contract.name}; run the previous stage (dvc repro)"
        )
