"""Plurals and singulars by the rules of English spelling, without a dictionary; irregular plurals are not known."""

from collections.abc import Iterator
from functools import lru_cache


@lru_cache(maxsize=100_000)
def singularize(word: str) -> str:
    """Return the word without hyphens and without the ending of an English plural: "tshirt" for "t-shirts"."""
    word = word.replace("-", "")
    if word.endswith("ies") and len(word) > len("ties"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def strip_final_s(word: str) -> str:
    """Return the word without a final s, of a plural or of a possessive whose apostrophe is lost; "s" stays."""
    return word.removesuffix("s") or word


def iter_number_forms(word: str) -> Iterator[str]:
    """Yield the word, then its possible singulars, or its possible plurals where it does not end in one s.

    The forms are candidates to look up: "dress" gives "dresss" and "dresses", "ties" gives "ty", "ti" and "tie".
    """
    yield word
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith("es"):
        yield word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
    else:
        yield word + "s"
        yield word + "es"
        if word.endswith("y"):
            yield word[:-1] + "ies"
