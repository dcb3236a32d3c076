"""The schema of every table that one stage hands to another: columns, sort key, row checks.

`DATA_FORMAT.md` tells the same in prose for those who read the files without Weft.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Check:
    """A condition on every row of one column; nulls pass."""

    column: str
    holds: Callable[[pa.ChunkedArray], pa.ChunkedArray]
    wanted: str
    """The condition in words, for the error."""


@dataclass(frozen=True)
class TableContract:
    """What a table must look like to be handed over."""

    name: str
    schema: pa.Schema
    """Columns in order; a field with nullable=False holds no null."""
    key: tuple[str, ...]
    """Unique in the table; rows are sorted by it."""
    checks: tuple[Check, ...] = ()


def _column(name: str, kind: pa.DataType, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable)


def _not_blank(column: str) -> Check:
    return Check(column, lambda c: pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(c)), 0), "not blank")


def _not_negative(column: str) -> Check:
    return Check(column, lambda c: pc.greater_equal(c, 0), ">= 0")


def _not_empty_bytes(column: str) -> Check:
    return Check(column, lambda c: pc.greater(pc.binary_length(c), 0), "at least one byte")


def _finite(column: str) -> Check:
    return Check(column, pc.is_finite, "a finite number")


def _one_of(column: str, values: tuple[str, ...]) -> Check:
    return Check(column, lambda c: pc.is_in(c, value_set=pa.array(values)), "one of " + ", ".join(values))


_STRINGS = pa.list_(pa.string())

PRODUCTS = TableContract(
    "products",
    pa.schema(
        [
            _column("product_id", pa.string()),
            _column("shop", pa.string()),
            _column("url", pa.string()),
            _column("title", pa.string()),
            _column("description", pa.string()),
            _column("brand", pa.string(), nullable=True),
            _column("colour", pa.string(), nullable=True),
            _column("categories", _STRINGS),
            _column("attributes", pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))),
        ]
    ),
    key=("product_id",),
    checks=(_not_blank("product_id"), _not_blank("shop"), _not_blank("title")),
)

PHOTOS = TableContract(
    "photos",
    pa.schema(
        [
            _column("product_id", pa.string()),
            _column("position", pa.int32()),
            _column("colour", pa.string(), nullable=True),
            _column("url", pa.string()),
            _column("sha256", pa.string()),
            _column("bytes", pa.binary()),
        ]
    ),
    key=("product_id", "position"),
    checks=(
        _not_blank("product_id"),
        _not_negative("position"),
        Check("sha256", lambda c: pc.match_substring_regex(c, "^[0-9a-f]{64}$"), "64 hexadecimal digits"),
        _not_empty_bytes("bytes"),
    ),
)

FAILURES = TableContract(
    "failures",
    pa.schema(
        [
            _column("shop", pa.string()),
            _column("url", pa.string()),
            _column("kind", pa.string()),
            _column("reason", pa.string()),
            _column("tries", pa.int32()),
        ]
    ),
    key=("shop", "url"),
    checks=(_one_of("kind", ("page", "photo")), _not_blank("reason")),
)

WITHDRAWN = TableContract(
    "withdrawn products",
    pa.schema(
        [
            _column("product_id", pa.string()),
            _column("shop", pa.string()),
            _column("url", pa.string()),
            _column("reason", pa.string()),
        ]
    ),
    key=("product_id",),
    checks=(_not_blank("product_id"), _not_blank("shop"), _not_blank("reason")),
)

CLEANED = TableContract(
    "cleaned products",
    pa.schema(
        [
            _column("product_id", pa.string()),
            _column("shop", pa.string()),
            _column("brand", _STRINGS),
            _column("tokens", _STRINGS),
        ]
    ),
    key=("product_id",),
    checks=(_not_blank("product_id"), _not_blank("shop")),
)

PREPARED = TableContract(
    "prepared photos",
    pa.schema(
        [
            _column("product_id", pa.string()),
            _column("view", pa.int32()),
            _column("photo_id", pa.string()),
            _column("colour", pa.string(), nullable=True),
            _column("jpeg", pa.binary()),
            # Ascending; a word as often as the text of the product says it.
            _column("word_ids", pa.list_(pa.int32())),
        ]
    ),
    key=("product_id", "view"),
    checks=(_not_blank("photo_id"), _not_negative("view"), _not_empty_bytes("jpeg")),
)

QUARANTINE = TableContract(
    "quarantined photos",
    pa.schema(
        [
            _column("product_id", pa.string()),
            _column("view", pa.int32()),
            _column("reason", pa.string()),
            _column("detail", pa.string()),
        ]
    ),
    key=("product_id", "view"),
    checks=(_not_blank("reason"),),
)

EMBEDDED = TableContract(
    "embedded photos",
    pa.schema(
        [
            _column("row", pa.int32()),
            _column("photo_id", pa.string()),
            _column("product_id", pa.string()),
            _column("split", pa.string()),
        ]
    ),
    key=("row",),
    checks=(_not_negative("row"), _not_blank("photo_id")),
)

EXAMPLES = TableContract(
    "examples for the report",
    pa.schema(
        [
            _column("kind", pa.string()),
            _column("model", pa.string()),
            _column("example", pa.int32()),
            _column("rank", pa.int32()),
            _column("photo_id", pa.string()),
            _column("product_id", pa.string()),
            _column("jpeg", pa.binary()),
            _column("score", pa.float32(), nullable=True),
            _column("correct", pa.bool_(), nullable=True),
            _column("predicted", _STRINGS),
            _column("truth", _STRINGS),
        ]
    ),
    key=("kind", "model", "example", "rank"),
    checks=(_one_of("kind", ("retrieval", "tags")), _not_negative("rank"), _not_empty_bytes("jpeg")),
)

CALIBRATED = TableContract(
    "calibrated words",
    pa.schema(
        [
            _column("word_id", pa.int32()),
            _column("word", pa.string()),
            _column("document_frequency", pa.int64()),
            _column("threshold", pa.float64(), nullable=True),
            _column("why_not", pa.string()),
            _column("val_products", pa.int32()),
            _column("val_tagged", pa.int32()),
            _column("val_right", pa.int32()),
            _column("precision_at_least", pa.float64(), nullable=True),
            _column("test_products", pa.int32()),
            _column("test_tagged", pa.int32()),
            _column("test_right", pa.int32()),
            _column("slope", pa.float64(), nullable=True),
            _column("intercept", pa.float64(), nullable=True),
            _column("separation", pa.float64(), nullable=True),
        ]
    ),
    key=("word_id",),
    checks=(_not_negative("word_id"), _not_blank("word"), _finite("threshold"), _finite("slope"), _finite("intercept")),
)

RELIABILITY = TableContract(
    "reliability",
    pa.schema(
        [
            _column("words", pa.string()),
            _column("bin", pa.int32()),
            _column("pairs", pa.int64()),
            _column("promised", pa.float64(), nullable=True),
            _column("true", pa.float64(), nullable=True),
        ]
    ),
    key=("words", "bin"),
    checks=(_not_negative("bin"), _not_negative("pairs")),
)

WORD_MAP = TableContract(
    "map of the words",
    pa.schema(
        [
            _column("word_id", pa.int32()),
            _column("word", pa.string()),
            _column("x", pa.float64()),
            _column("y", pa.float64()),
            _column("separation", pa.float64()),
            _column("nearest", _STRINGS),
            _column("similarities", pa.list_(pa.float64())),
        ]
    ),
    key=("word_id",),
    checks=(_not_blank("word"), _finite("x"), _finite("y")),
)

FINDINGS = TableContract(
    "audit findings",
    pa.schema(
        [
            _column("kind", pa.string()),
            _column("place", pa.int32()),
            _column("product_id", pa.string()),
            _column("title", pa.string()),
            _column("url", pa.string()),
            _column("photo_id", pa.string()),
            _column("shows", pa.string()),
            _column("shows_score", pa.float64()),
            _column("threshold", pa.float64()),
            _column("probability", pa.float64()),
            _column("neighbours_showing", pa.float64()),
            _column("says", pa.string(), nullable=True),
            _column("says_rank", pa.float64(), nullable=True),
            _column("neighbours_saying", pa.float64(), nullable=True),
            _column("nearest", _STRINGS),
            _column("jpeg", pa.binary(), nullable=True),
            _column("nearest_jpegs", pa.list_(pa.binary())),
        ]
    ),
    key=("kind", "place"),
    checks=(_one_of("kind", ("missing", "contradicted")), _not_negative("place"), _not_blank("shows")),
)

BREAKDOWN = TableContract(
    "tables told apart",
    pa.schema(
        [
            _column("table", pa.string()),
            _column("facet", pa.string()),
            _column("value", pa.string()),
            _column("model", pa.string()),
            _column("metric", pa.string()),
            _column("observations", pa.int32()),
            _column("items", pa.int32()),
            _column("share", pa.float64()),
            _column("low", pa.float64()),
            _column("high", pa.float64()),
            _column("gain", pa.float64(), nullable=True),
            _column("gain_low", pa.float64(), nullable=True),
            _column("gain_high", pa.float64(), nullable=True),
        ]
    ),
    key=("table", "facet", "value", "model", "metric"),
    checks=(_not_blank("facet"), _not_negative("share"), _not_negative("observations")),
)

SCORES = TableContract(
    "scores of single photos",
    pa.schema(
        [
            _column("table", pa.string()),
            _column("model", pa.string()),
            _column("asked", pa.string()),
            _column("product_id", pa.string(), nullable=True),
            _column("item", pa.int64()),
            _column("rank", pa.int32(), nullable=True),
            _column("gained", pa.list_(pa.float64())),
            _column("possible", pa.list_(pa.float64())),
        ]
    ),
    key=("table", "model", "asked"),
    checks=(_not_blank("asked"), Check("rank", lambda c: pc.greater(c, 0), "1 or more")),
)
