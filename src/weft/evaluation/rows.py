"""The rows of every results table, and what a table is."""

from typing import TypeVar

FROZEN = "frozen backbone"
FIT_WORDS = "after fit_words"
FINETUNE = "after finetune"

Table = dict[str, dict[str, float]]
"""Row name to metric to share in 0..1; the rows stand in the order FROZEN, FIT_WORDS, FINETUNE, then others."""
Values = TypeVar("Values")


def neighbours_row(model: str, neighbours: int) -> str:
    """The row of tag transfer, the baseline of every prediction of words: the words of similar training photos."""
    return f"{model}, tags of {neighbours} neighbours"


def of_encoders(frozen: Values, finetuned: Values) -> dict[str, Values]:
    """The rows of a table that looks at z alone: fit_words leaves the encoder as it is, so its row equals the first."""
    return {FROZEN: frozen, FIT_WORDS: frozen, FINETUNE: finetuned}
