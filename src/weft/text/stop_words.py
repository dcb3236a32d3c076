"""Words that no photo shows: those of grammar and those of trade. Ready-made lists hold fashion words; ours do not."""

from functools import cache
from importlib import resources


@cache
def load_stop_words() -> frozenset[str]:
    """The words of grammar, english.txt."""
    return _read_word_list("english.txt")


@cache
def load_commerce_stop_words() -> frozenset[str]:
    """The words of selling, sizing and washing, trade.txt."""
    return _read_word_list("trade.txt")


def _read_word_list(file_name: str) -> frozenset[str]:
    """One lower-case word a line, `#` begins a comment."""
    text = resources.files("weft.text").joinpath(file_name).read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return frozenset(line for line in lines if line)
