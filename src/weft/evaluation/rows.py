"""The rows of every results table, and what a table is."""

FROZEN = "frozen backbone"
FIT_WORDS = "after fit_words"
FINETUNE = "after finetune"

Row = dict[str, float]
"""Metric to share in 0..1."""
Table = dict[str, Row]
"""Row name to metrics; the rows stand in the order FROZEN, FIT_WORDS, FINETUNE, then others."""


def tags_row(neighbours: int) -> str:
    """The extra row: the words of similar training photos, by the fine-tuned embeddings."""
    return f"{FINETUNE}, tags of {neighbours} neighbours"


def of_encoders(frozen: Row, finetuned: Row) -> Table:
    """A table that looks at z alone: fit_words leaves the encoder as it is, so its row equals the first."""
    return {FROZEN: frozen, FIT_WORDS: dict(frozen), FINETUNE: finetuned}
