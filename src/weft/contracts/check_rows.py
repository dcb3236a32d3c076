"""Check the rows of a table against its contract."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from weft.contracts.schema import TableContract
from weft.errors import ContractError


def check_part(
    table: pa.Table, contract: TableContract, location: str, columns: Sequence[str] | None = None
) -> pa.Table:
    """Return a part of a table with the contract's columns, or the requested ones, and their types, if it is valid.

    Raises:
        ContractError: The part breaks the contract.
    """
    return check_table(cast_to_contract(table, contract, location, columns), contract, location)


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


def cast_to_contract(
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


def check_key_increases(
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
