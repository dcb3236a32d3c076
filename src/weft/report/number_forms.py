"""Singular and plural of one word, which a list for people shows once."""

from collections.abc import Iterable


def drop_plurals(words: Iterable[str]) -> list[str]:
    """Return the words in their order, without the English plurals whose singular is among them: "bags" beside "bag".

    Words of other languages are hardly touched: a word goes only where the same word without its ending is there.
    """
    listed = list(words)
    present = set(listed)
    return [word for word in listed if not any(form in present for form in _singulars(word))]


def are_number_forms(first: str, second: str) -> bool:
    """Return whether one word is the English plural of the other."""
    return second in _singulars(first) or first in _singulars(second)


def _singulars(word: str) -> list[str]:
    """Return the possible singulars of a word that looks like a plural."""
    endings = (("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""))
    return [word.removesuffix(end) + new for end, new in endings if word.endswith(end) and len(word) > len(end) + 1]
