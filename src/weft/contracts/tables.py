"""The contract of every table that one stage writes and another reads: columns, sort key, checks.

`DATA_FORMAT.md` describes the same tables in prose, for readers of the files without Weft.
"""

import pyarrow as pa
import pyarrow.compute as pc

from weft.contracts.schema import (
    BOOL_LIST,
    STRING_LIST,
    ColumnCheck,
    TableContract,
    column,
    in_values,
    not_blank,
    not_empty_bytes,
    not_negative,
    same_length_as,
)

SPLITS = ("train", "val", "test")

PRODUCTS = TableContract(
    "products",
    pa.schema(
        [
            column("product_id", pa.string()),
            column("shop", pa.string()),
            column("url", pa.string()),
            column("title", pa.string()),
            column("description", pa.string()),
            column("brand", pa.string(), nullable=True),
            column("colour", pa.string(), nullable=True),
            column("categories", STRING_LIST),
            column("attributes", pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))),
        ]
    ),
    key=("product_id",),
    checks=(not_blank("product_id"), not_blank("shop"), not_blank("title")),
)

PHOTOS = TableContract(
    "photos",
    pa.schema(
        [
            column("product_id", pa.string()),
            column("position", pa.int32()),
            column("colour", pa.string(), nullable=True),
            column("url", pa.string()),
            column("sha256", pa.string()),
            column("bytes", pa.binary()),
        ]
    ),
    key=("product_id", "position"),
    checks=(
        not_blank("product_id"),
        not_negative("position"),
        ColumnCheck("sha256", lambda c: pc.match_substring_regex(c, "^[0-9a-f]{64}$"), "64 hexadecimal digits"),
        not_empty_bytes("bytes"),
    ),
)

FAILURES = TableContract(
    "failures",
    pa.schema(
        [
            column("shop", pa.string()),
            column("url", pa.string()),
            column("kind", pa.string()),
            column("reason", pa.string()),
            column("attempts", pa.int32()),
        ]
    ),
    key=("shop", "url"),
    checks=(in_values("kind", ("page", "photo")), not_blank("reason")),
)

REMOVED_PRODUCTS = TableContract(
    "removed products",
    pa.schema(
        [
            column("product_id", pa.string()),
            column("shop", pa.string()),
            column("url", pa.string()),
            column("reason", pa.string()),
        ]
    ),
    key=("product_id",),
    checks=(not_blank("product_id"), not_blank("shop"), not_blank("reason")),
)

CLEANED_PRODUCTS = TableContract(
    "cleaned products",
    pa.schema(
        [
            column("product_id", pa.string()),
            column("shop", pa.string()),
            column("brand", STRING_LIST),
            column("tokens", STRING_LIST),
            # For each token: whether it comes from title, categories, colour or attributes instead of the description.
            column("in_short_fields", BOOL_LIST),
        ]
    ),
    key=("product_id",),
    checks=(not_blank("product_id"), not_blank("shop"), same_length_as("in_short_fields", "tokens")),
)

PREPARED_PHOTOS = TableContract(
    "prepared photos",
    pa.schema(
        [
            column("product_id", pa.string()),
            column("position", pa.int32()),
            column("photo_id", pa.string()),
            column("colour", pa.string(), nullable=True),
            column("jpeg", pa.binary()),
            # Ascending; each word as often as it occurs in the texts of the product.
            column("word_ids", pa.list_(pa.int32())),
            # For each word id, as in CLEANED_PRODUCTS; of equal ids, those from short fields come first.
            column("in_short_fields", BOOL_LIST),
        ]
    ),
    key=("product_id", "position"),
    checks=(
        not_blank("photo_id"),
        not_negative("position"),
        not_empty_bytes("jpeg"),
        same_length_as("in_short_fields", "word_ids"),
    ),
)

QUARANTINE = TableContract(
    "quarantined photos",
    pa.schema(
        [
            column("product_id", pa.string()),
            column("position", pa.int32()),
            column("reason", pa.string()),
            column("detail", pa.string()),
        ]
    ),
    key=("product_id", "position"),
    checks=(not_blank("reason"),),
)

EMBEDDED_PHOTOS = TableContract(
    "embedded photos",
    pa.schema(
        [
            column("row", pa.int32()),
            column("photo_id", pa.string()),
            column("product_id", pa.string()),
            column("split", pa.string()),
        ]
    ),
    key=("row",),
    checks=(not_negative("row"), not_blank("photo_id")),
)

EXAMPLES = TableContract(
    "examples for the report",
    pa.schema(
        [
            column("kind", pa.string()),
            column("model", pa.string()),
            column("example", pa.int32()),
            column("rank", pa.int32()),
            column("photo_id", pa.string()),
            column("product_id", pa.string()),
            column("jpeg", pa.binary()),
            column("score", pa.float32(), nullable=True),
            column("correct", pa.bool_(), nullable=True),
            column("predicted", STRING_LIST),
            column("truth", STRING_LIST),
        ]
    ),
    key=("kind", "model", "example", "rank"),
    checks=(in_values("kind", ("retrieval", "tags")), not_negative("rank"), not_empty_bytes("jpeg")),
)

BREAKDOWN = TableContract(
    "tables told apart",
    pa.schema(
        [
            column("table", pa.string()),
            column("facet", pa.string()),
            column("value", pa.string()),
            column("model", pa.string()),
            column("metric", pa.string()),
            column("observations", pa.int32()),
            column("items", pa.int32()),
            column("share", pa.float64()),
            column("low", pa.float64()),
            column("high", pa.float64()),
            column("gain", pa.float64(), nullable=True),
            column("gain_low", pa.float64(), nullable=True),
            column("gain_high", pa.float64(), nullable=True),
        ]
    ),
    key=("table", "facet", "value", "model", "metric"),
    checks=(not_blank("facet"), not_negative("share"), not_negative("observations")),
)

CONFUSIONS = TableContract(
    "confusions",
    pa.schema(
        [
            column("facet", pa.string()),
            column("shown", pa.string()),
            column("found", pa.string()),
            column("queries", pa.int64()),
        ]
    ),
    key=("facet", "shown", "found"),
    checks=(not_blank("facet"), not_negative("queries")),
)

SCORES = TableContract(
    "scores of single photos",
    pa.schema(
        [
            column("table", pa.string()),
            column("model", pa.string()),
            column("asked", pa.string()),
            column("product_id", pa.string(), nullable=True),
            column("item", pa.int64()),
            column("rank", pa.int32(), nullable=True),
            column("gained", pa.list_(pa.float64())),
            column("possible", pa.list_(pa.float64())),
        ]
    ),
    key=("table", "model", "asked"),
    checks=(not_blank("asked"), ColumnCheck("rank", lambda c: pc.greater(c, 0), "1 or more")),
)
