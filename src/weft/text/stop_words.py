"""Function words: the words of grammar, which no photo shows. Ready-made lists hold fashion words; ours does not."""

from functools import cache
from importlib import resources


@cache
def function_words() -> frozenset[str]:
    """The words of english.txt: one lower-case word a line, `#` begins a comment."""
    text = resources.files("weft.text").joinpath("english.txt").read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return frozenset(line for line in lines if line)
