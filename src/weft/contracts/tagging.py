"""The schemas of the tables that calibrate and audit write; `weft.contracts.tables` holds those of the other stages."""

import pyarrow as pa

from weft.contracts.schema import STRING_LIST, TableContract, column, finite, in_values, not_blank, not_negative

WITH_PROBABILITY, WITH_THRESHOLD = "words with a probability", "words with a threshold"
"""The values of word_group of the calibration curve."""
MISSING, CONTRADICTED = "missing", "contradicted"
"""The kinds of mismatches."""
TAG = "tag"
"""The kind of a verdict on a tag that was drawn at random."""
ACCEPTED, REJECTED = "accepted", "rejected"
"""The verdicts of people."""
VERDICT_COLUMNS = ("kind", "product_id", "predicted_word", "text_word", "verdict", "judged_at")
"""The columns of verdicts.tsv."""

CALIBRATED_WORDS = TableContract(
    "calibrated words",
    pa.schema(
        [
            column("word_id", pa.int32()),
            column("word", pa.string()),
            column("document_frequency", pa.int64()),
            column("threshold", pa.float64(), nullable=True),
            column("reject_reason", pa.string()),
            column("val_products", pa.int32()),
            column("val_predicted", pa.int32()),
            column("val_true_positives", pa.int32()),
            column("precision_lower_bound", pa.float64(), nullable=True),
            column("test_products", pa.int32()),
            column("test_predicted", pa.int32()),
            column("test_true_positives", pa.int32()),
            column("slope", pa.float64(), nullable=True),
            column("intercept", pa.float64(), nullable=True),
            column("roc_auc", pa.float64(), nullable=True),
        ]
    ),
    key=("word_id",),
    checks=(not_negative("word_id"), not_blank("word"), finite("threshold"), finite("slope"), finite("intercept")),
)

JUDGED_TAGS = TableContract(
    "judged tags",
    pa.schema(
        [
            column("word_id", pa.int32()),
            column("word", pa.string()),
            column("judged", pa.int32()),
            column("accepted", pa.int32()),
            column("precision_lower_bound", pa.float64()),
            column("precision_upper_bound", pa.float64()),
        ]
    ),
    key=("word_id",),
    checks=(not_blank("word"), not_negative("judged"), not_negative("accepted")),
)

CALIBRATION_CURVE = TableContract(
    "calibration curve",
    pa.schema(
        [
            column("word_group", pa.string()),
            column("bin", pa.int32()),
            column("count", pa.int64()),
            column("mean_predicted", pa.float64(), nullable=True),
            column("fraction_positive", pa.float64(), nullable=True),
        ]
    ),
    key=("word_group", "bin"),
    checks=(not_negative("bin"), not_negative("count")),
)

WORD_MAP = TableContract(
    "word map",
    pa.schema(
        [
            column("word_id", pa.int32()),
            column("word", pa.string()),
            column("x", pa.float64()),
            column("y", pa.float64()),
            column("roc_auc", pa.float64()),
            column("nearest", STRING_LIST),
            column("similarities", pa.list_(pa.float64())),
        ]
    ),
    key=("word_id",),
    checks=(not_blank("word"), finite("x"), finite("y")),
)

MISMATCHES = TableContract(
    "mismatches",
    pa.schema(
        [
            column("kind", pa.string()),
            column("rank", pa.int32()),
            column("product_id", pa.string()),
            column("title", pa.string()),
            column("url", pa.string()),
            column("photo_id", pa.string()),
            column("predicted_word", pa.string()),
            column("score", pa.float64()),
            column("threshold", pa.float64()),
            column("probability", pa.float64(), nullable=True),
            column("neighbour_support", pa.float64()),
            column("text_word", pa.string(), nullable=True),
            column("text_word_percentile", pa.float64(), nullable=True),
            column("neighbour_text_support", pa.float64(), nullable=True),
            column("nearest", STRING_LIST),
            column("jpeg", pa.binary(), nullable=True),
            column("nearest_jpegs", pa.list_(pa.binary())),
        ]
    ),
    key=("kind", "rank"),
    checks=(in_values("kind", (MISSING, CONTRADICTED)), not_negative("rank"), not_blank("predicted_word")),
)
