"""What a contract of a table is made of: columns, key, checks on rows."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

STRING_LIST = pa.list_(pa.string())
BOOL_LIST = pa.list_(pa.bool_())


@dataclass(frozen=True)
class ColumnCheck:
    """A condition on every row of one column, or of one beside another; nulls pass."""

    column: str
    predicate: Callable[..., pa.ChunkedArray]
    description: str
    """The condition in words, for the error."""
    other_column: str | None = None
    """A second column that `holds` takes; without it the condition is not checked."""


@dataclass(frozen=True)
class TableContract:
    """What a table must look like to be handed over."""

    name: str
    schema: pa.Schema
    """Columns in order; a field with nullable=False holds no null."""
    key: tuple[str, ...]
    """Unique in the table; rows are sorted by it."""
    checks: tuple[ColumnCheck, ...] = ()


def column(name: str, dtype: pa.DataType, nullable: bool = False) -> pa.Field:
    """A column; nullable where a value may be absent."""
    return pa.field(name, dtype, nullable=nullable)


def not_blank(column: str) -> ColumnCheck:
    """More than white space."""
    return ColumnCheck(column, lambda c: pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(c)), 0), "not blank")


def not_negative(column: str) -> ColumnCheck:
    """0 or more."""
    return ColumnCheck(column, lambda c: pc.greater_equal(c, 0), ">= 0")


def not_empty_bytes(column: str) -> ColumnCheck:
    """At least one byte."""
    return ColumnCheck(column, lambda c: pc.greater(pc.binary_length(c), 0), "at least one byte")


def finite(column: str) -> ColumnCheck:
    """Neither infinite nor NaN."""
    return ColumnCheck(column, pc.is_finite, "a finite number")


def in_values(column: str, values: tuple[str, ...]) -> ColumnCheck:
    """One of the values."""
    return ColumnCheck(column, lambda c: pc.is_in(c, value_set=pa.array(values)), "one of " + ", ".join(values))


def same_length_as(column: str, other_column: str) -> ColumnCheck:
    """Lists as long as those of another column."""

    def has_same_length(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.equal(pc.list_value_length(left), pc.list_value_length(right))

    return ColumnCheck(column, has_same_length, f"as many as {other_column} has", other_column)
