"""The schema of what calibrate and audit write, as `weft.contracts.tables` has it of the other stages."""

import pyarrow as pa

from weft.contracts.schema import STRING_LIST, TableContract, column, finite, in_values, not_blank, not_negative

CALIBRATED_WORDS = TableContract(
    "calibrated words",
    pa.schema(
        [
            column("word_id", pa.int32()),
            column("word", pa.string()),
            column("document_frequency", pa.int64()),
            column("threshold", pa.float64(), nullable=True),
            column("why_not", pa.string()),
            column("val_products", pa.int32()),
            column("val_tagged", pa.int32()),
            column("val_right", pa.int32()),
            column("precision_at_least", pa.float64(), nullable=True),
            column("test_products", pa.int32()),
            column("test_tagged", pa.int32()),
            column("test_right", pa.int32()),
            column("slope", pa.float64(), nullable=True),
            column("intercept", pa.float64(), nullable=True),
            column("separation", pa.float64(), nullable=True),
        ]
    ),
    key=("word_id",),
    checks=(not_negative("word_id"), not_blank("word"), finite("threshold"), finite("slope"), finite("intercept")),
)

RELIABILITY = TableContract(
    "reliability",
    pa.schema(
        [
            column("words", pa.string()),
            column("bin", pa.int32()),
            column("pairs", pa.int64()),
            column("promised", pa.float64(), nullable=True),
            column("true", pa.float64(), nullable=True),
        ]
    ),
    key=("words", "bin"),
    checks=(not_negative("bin"), not_negative("pairs")),
)

WORD_MAP = TableContract(
    "map of the words",
    pa.schema(
        [
            column("word_id", pa.int32()),
            column("word", pa.string()),
            column("x", pa.float64()),
            column("y", pa.float64()),
            column("separation", pa.float64()),
            column("nearest", STRING_LIST),
            column("similarities", pa.list_(pa.float64())),
        ]
    ),
    key=("word_id",),
    checks=(not_blank("word"), finite("x"), finite("y")),
)

FINDINGS = TableContract(
    "audit findings",
    pa.schema(
        [
            column("kind", pa.string()),
            column("place", pa.int32()),
            column("product_id", pa.string()),
            column("title", pa.string()),
            column("url", pa.string()),
            column("photo_id", pa.string()),
            column("shows", pa.string()),
            column("shows_score", pa.float64()),
            column("threshold", pa.float64()),
            column("probability", pa.float64()),
            column("neighbours_showing", pa.float64()),
            column("says", pa.string(), nullable=True),
            column("says_rank", pa.float64(), nullable=True),
            column("neighbours_saying", pa.float64(), nullable=True),
            column("nearest", STRING_LIST),
            column("jpeg", pa.binary(), nullable=True),
            column("nearest_jpegs", pa.list_(pa.binary())),
        ]
    ),
    key=("kind", "place"),
    checks=(in_values("kind", ("missing", "contradicted")), not_negative("place"), not_blank("shows")),
)
