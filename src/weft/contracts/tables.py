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
            column("sku", pa.string(), nullable=True),
            column("gtin", pa.string(), nullable=True),
            column("mpn", pa.string(), nullable=True),
            column("group_id", pa.string(), nullable=True),
            column("price", pa.float64(), nullable=True),
            column("currency", pa.string(), nullable=True),
            column("availability", pa.string(), nullable=True),
            column("language", pa.string(), nullable=True),
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

DOCUMENTS = TableContract(
    "documents",
    pa.schema(
        [
            column("product_id", pa.string()),
            # Ascending; each word as often as it occurs in the texts of the product.
            column("word_ids", pa.list_(pa.int32())),
            # For each word id, as in CLEANED_PRODUCTS; of equal ids, those from short fields come first.
            column("in_short_fields", BOOL_LIST),
        ]
    ),
    key=("product_id",),
    checks=(not_blank("product_id"), same_length_as("in_short_fields", "word_ids")),
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
        ]
    ),
    key=("product_id", "position"),
    checks=(not_blank("photo_id"), not_negative("position"), not_empty_bytes("jpeg")),
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

FROZEN, HEAD_ONLY, FINETUNED = "frozen backbone", "head only", "finetuned"
"""The models of the evaluation: the values of the column model, and the rows of the results tables in this order."""

FINETUNED_EQUAL_WORDS = f"{FINETUNED} (all words equal)"
"""The row of a search by texts whose words all have the same weight."""

FINETUNED_WHITENED = f"{FINETUNED} (whitened)"
"""The row of a search that finds the very same item first: the embeddings of FINETUNED, whitened."""

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

SLICES = TableContract(
    "metrics per slice",
    pa.schema(
        [
            column("table", pa.string()),
            column("slice", pa.string()),
            column("slice_value", pa.string()),
            column("model", pa.string()),
            column("metric", pa.string()),
            column("n", pa.int32()),
            column("n_clusters", pa.int32()),
            column("value", pa.float64()),
            column("ci_low", pa.float64()),
            column("ci_high", pa.float64()),
            column("delta", pa.float64(), nullable=True),
            column("delta_ci_low", pa.float64(), nullable=True),
            column("delta_ci_high", pa.float64(), nullable=True),
        ]
    ),
    key=("table", "slice", "slice_value", "model", "metric"),
    checks=(not_blank("slice"), not_negative("value"), not_negative("n")),
)

CONFUSIONS = TableContract(
    "confusions",
    pa.schema(
        [
            column("slice", pa.string()),
            column("true_label", pa.string()),
            column("predicted_label", pa.string()),
            column("count", pa.int64()),
        ]
    ),
    key=("slice", "true_label", "predicted_label"),
    checks=(not_blank("slice"), not_negative("count")),
)

PER_QUERY = TableContract(
    "per-query scores",
    pa.schema(
        [
            column("table", pa.string()),
            column("model", pa.string()),
            column("query_id", pa.string()),
            column("product_id", pa.string(), nullable=True),
            column("cluster_id", pa.int64()),
            column("first_hit_rank", pa.int32(), nullable=True),
            column("numerator", pa.list_(pa.float64())),
            column("denominator", pa.list_(pa.float64())),
        ]
    ),
    key=("table", "model", "query_id"),
    checks=(not_blank("query_id"), ColumnCheck("first_hit_rank", lambda c: pc.greater(c, 0), "1 or more")),
)
