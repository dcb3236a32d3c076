"""The parts of a table contract: columns, key, checks on rows."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

STRING_LIST = pa.list_(pa.string())
BOOL_LIST = pa.list_(pa.bool_())


@dataclass(frozen=True)
class ColumnCheck:
    """A condition on every value of one column, or on the values of two columns in the same row; nulls pass."""

    column: str
    predicate: Callable[..., pa.ChunkedArray]
    description: str
    """The condition in words, for the error message."""
    other_column: str | None = None
    """The column of the second argument of `predicate`; the check is skipped if the table lacks it."""


@dataclass(frozen=True)
class TableContract:
    """The columns, key and checks of a table that one stage writes and another reads."""

    name: str
    schema: pa.Schema
    """The columns in order; a field with nullable=False has no null."""
    key: tuple[str, ...]
    """Columns whose values together are unique; rows are sorted by them."""
    checks: tuple[ColumnCheck, ...] = ()


def column(name: str, dtype: pa.DataType, nullable: bool = False) -> pa.Field:
    """Return a column; `nullable` allows missing values."""
    return pa.field(name, dtype, nullable=nullable)


def not_blank(column: str) -> ColumnCheck:
    """Require more than white space."""
    return ColumnCheck(column, lambda c: pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(c)), 0), "not blank")


def not_negative(column: str) -> ColumnCheck:
    """Require 0 or more."""
    return ColumnCheck(column, lambda c: pc.greater_equal(c, 0), ">= 0")


def not_empty_bytes(column: str) -> ColumnCheck:
    """Require at least one byte."""
    return ColumnCheck(column, lambda c: pc.greater(pc.binary_length(c), 0), "at least one byte")


def finite(column: str) -> ColumnCheck:
    """Require a number that is neither infinite nor NaN."""
    return ColumnCheck(column, pc.is_finite, "a finite number")


def in_values(column: str, values: tuple[str, ...]) -> ColumnCheck:
    """Require one of the values."""
    return ColumnCheck(column, lambda c: pc.is_in(c, value_set=pa.array(values)), "one of " + ", ".join(values))


def same_length_as(column: str, other_column: str) -> ColumnCheck:
    """Require lists of the same length as those of another column."""

    def has_same_length(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.equal(pc.list_value_length(left), pc.list_value_length(right))

    return ColumnCheck(column, has_same_length, f"as many values as {other_column} has", other_column)
