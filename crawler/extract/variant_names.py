"""Compare the names of variants: "Linen shirt, navy, M" is a variant of "Linen shirt", "Linen shirt dress" is not."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from crawler.extract import labelled_values

_WORD = re.compile(r"[^\W_]+")
_SEPARATOR = re.compile(r"\s*(?:[,/|(:·;\[]|\s[-–—]\s)")
_SIZE = re.compile(
    r"(?:\d{0,2}x{0,4}[sml]|\d?xs|xxs|one|size|os|eu|uk|us|w\d{2}|l\d{2}|\d{2}[a-h]|\d{2,3}cm"
    r"|small|medium|large|xlarge)",
    re.IGNORECASE,
)
_SIZE_NUMBER = re.compile(r"\d{1,2}(?:[.,]5)?")
_MAX_ADDED_WORDS = 6
_MIN_STEM_WORDS = 2


def is_variant_name(name: str, base: str, values: Iterable[str]) -> bool:
    """Return whether `name` is `base` itself, or `base` and what tells a variant: a colour, a size, a separated part.

    Args:
        name: The name of a page or the text of a link.
        base: The name of the product.
        values: The colour and the attribute values that the page of `name` states.
    """
    words, base_words = _words(name), _words(base)
    if not base_words or words[: len(base_words)] != base_words:
        return False
    added = words[len(base_words) :]
    if not added:
        return True
    if len(added) > _MAX_ADDED_WORDS:
        return False
    known = _value_words(values)
    is_separated = bool(_SEPARATOR.match(_text_after(name, len(base_words))))
    return is_separated or all(_is_variant_word(word, known) or _SIZE_NUMBER.fullmatch(word) for word in added)


def variant_values(colour: str | None, attributes: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the colours and sizes among a colour and the (name, value) of attributes."""
    if colour:
        yield colour
    for name, value in attributes:
        if labelled_values.is_colour_label(name) or labelled_values.is_size_label(name):
            yield value


def name_stem(name: str, values: Iterable[str]) -> tuple[str, ...]:
    """Return the words of `name` without the colour and the size at its end; () if fewer than two words are left.

    A number counts as a size only if it is one of `values`: "Model 32" and "Model 34" are two products.
    """
    words, known = _words(name), _value_words(values)
    while words and _is_variant_word(words[-1], known):
        words = words[:-1]
    return words if len(words) >= _MIN_STEM_WORDS else ()


def name_without_variant(name: str, values: Iterable[str]) -> str:
    """Return the text of `name` up to the end of its stem: "Linen shirt" for "Linen shirt - navy / M"."""
    stem = name_stem(name, values)
    return name[: len(name) - len(_text_after(name, len(stem)))] if stem else name


def sku_stem(sku: str) -> str:
    """Return what the variants of one product share of their SKUs: "P0042-NAVY-M" gives "p0042"; "" if nothing.

    It ends before a separator and has at least four characters and two digits, so that the two letters of a brand or
    a season are no stem.
    """
    for separator in re.finditer(r"[-_./]", sku):
        stem = sku[: separator.start()]
        if len(stem) >= 4 and sum(map(str.isdigit, stem)) >= 2:
            return stem.casefold()
    return ""


def count_words(name: str) -> int:
    """Return the number of words in `name`."""
    return len(_words(name))


@lru_cache(maxsize=8192)
def _words(name: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(name.casefold()))


def _value_words(values: Iterable[str]) -> frozenset[str]:
    return frozenset(word for value in values for word in _words(value))


def _is_variant_word(word: str, known: frozenset[str]) -> bool:
    return word in known or word in labelled_values.colour_names() or bool(_SIZE.fullmatch(word))


def _text_after(name: str, n_words: int) -> str:
    """Return what follows the first `n_words` words of `name`."""
    for position, word in enumerate(_WORD.finditer(name)):
        if position == n_words - 1:
            return name[word.end() :]
    return ""
