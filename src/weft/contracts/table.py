"""What a contract of a table is made of: columns, key, checks on rows."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

STRINGS = pa.list_(pa.string())
BOOLEANS = pa.list_(pa.bool_())


@dataclass(frozen=True)
class Check:
    """A condition on every row of one column, or of one beside another; nulls pass."""

    column: str
    holds: Callable[..., pa.ChunkedArray]
    wanted: str
    """The condition in words, for the error."""
    beside: str | None = None
    """A second column that `holds` takes; without it the condition is not checked."""


@dataclass(frozen=True)
class TableContract:
    """What a table must look like to be handed over."""

    name: str
    schema: pa.Schema
    """Columns in order; a field with nullable=False holds no null."""
    key: tuple[str, ...]
    """Unique in the table; rows are sorted by it."""
    checks: tuple[Check, ...] = ()


def column(name: str, kind: pa.DataType, nullable: bool = False) -> pa.Field:
    """A column; nullable where a value may be absent."""
    return pa.field(name, kind, nullable=nullable)


def not_blank(column: str) -> Check:
    """More than white space."""
    return Check(column, lambda c: pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(c)), 0), "not blank")


def not_negative(column: str) -> Check:
    """0 or more."""
    return Check(column, lambda c: pc.greater_equal(c, 0), ">= 0")


def not_empty_bytes(column: str) -> Check:
    """At least one byte."""
    return Check(column, lambda c: pc.greater(pc.binary_length(c), 0), "at least one byte")


def finite(column: str) -> Check:
    """Neither infinite nor NaN."""
    return Check(column, pc.is_finite, "a finite number")


def one_of(column: str, values: tuple[str, ...]) -> Check:
    """One of the values."""
    return Check(column, lambda c: pc.is_in(c, value_set=pa.array(values)), "one of " + ", ".join(values))


def as_many_as(column: str, other: str) -> Check:
    """Lists as long as those of another column."""

    def holds(these: pa.ChunkedArray, those: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.equal(pc.list_value_length(these), pc.list_value_length(those))

    return Check(column, holds, f"as many as {other} has", other)
