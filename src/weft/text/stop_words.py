"""Words that no photo shows: those of grammar and those of trade. Ready-made lists hold fashion words; ours do not."""

from functools import cache
from importlib import resources


@cache
def function_words() -> frozenset[str]:
    """The words of grammar, english.txt."""
    return _words_of("english.txt")


@cache
def trade_words() -> frozenset[str]:
    """The words of selling, sizing and washing, trade.txt."""
    return _words_of("trade.txt")


def _words_of(file: str) -> frozenset[str]:
    """One lower-case word a line, `#` begins a comment."""
    text = resources.files("weft.text").joinpath(file).read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return frozenset(line for line in lines if line)
