"""Compare the names of variants: "Linen shirt, navy, M" and "Navy linen shirt" are variants of "Linen shirt".

"Linen shirt dress" is not.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from crawler.values import labelled_values

_WORD = re.compile(r"[^\W_]+")
_SEPARATOR = re.compile(r"\s*(?:[,/|(:·;\[]|\s[-–—]\s)")
_SIZE = re.compile(
    r"(?:\d{0,2}x{0,4}[sml]|\d?xs|xxs|one|size|os|eu|uk|us|w\d{2}|l\d{2}|\d{2}[wla-h]|\d{2,3}cm"
    r"|small|medium|large|xlarge)",
    re.IGNORECASE,
)
_AGE = re.compile(r"\d{1,3}(?:m|mo|mos|mths?|months?|y|yrs?|years?|t)", re.IGNORECASE)
"""A size of children; a number in front of it belongs to it, as in "6-9M"."""
_SIZE_WORD = re.compile(r"size|gr|größe|groesse|eu|uk|us|it|fr|taille|talla|taglia|maat|rozmiar", re.IGNORECASE)
"""A word after which a number is a size."""
_SEASON = re.compile(r"(?:[a-z]{2})?20\d\d", re.IGNORECASE)
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
    words, base_words, known = _words(name), _words(base), _value_words(values)
    if not base_words:
        return False
    start = 0
    if words[: len(base_words)] != base_words and len(base_words) >= _MIN_STEM_WORDS:
        start = _count_leading_colours(words, known)
    if words[start : start + len(base_words)] != base_words:
        return False
    added = words[start + len(base_words) :]
    if not added:
        return True
    if len(added) > _MAX_ADDED_WORDS:
        return False
    is_separated = bool(_SEPARATOR.match(_text_after(name, start + len(base_words))))
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
    while count := _count_trailing_variant_words(words, known):
        words = words[:-count]
    return words if len(words) >= _MIN_STEM_WORDS else ()


def name_core(name: str, values: Iterable[str]) -> tuple[str, ...]:
    """Return `name_stem` without the colours at its start, if two words are left: "Navy linen shirt" without "Navy"."""
    known = _value_words(values)
    stem = name_stem(name, known)
    core = stem[_count_leading_colours(stem, known) :]
    return core if len(core) >= _MIN_STEM_WORDS else stem


def text_of_core(name: str, values: Iterable[str]) -> str:
    """Return the part of the text of `name` that `name_core` names; `name` itself if there is none."""
    known = _value_words(values)
    core, stem = name_core(name, known), name_stem(name, known)
    if not core:
        return name
    start = _text_after(name, len(stem) - len(core)).strip(" ,/|-–—:") if len(core) < len(stem) else name
    return start[: len(start) - len(_text_after(start, len(core)))]


def name_without_variant(name: str, values: Iterable[str]) -> str:
    """Return the text of `name` up to the end of its stem: "Linen shirt" for "Linen shirt - navy / M"."""
    stem = name_stem(name, values)
    return name[: len(name) - len(_text_after(name, len(stem)))] if stem else name


def sku_stem(sku: str) -> str:
    """Return what the variants of one product share of their SKUs: "P0042-NAVY-M" gives "p0042"; "" if nothing.

    It ends before a separator and has at least four characters and two digits, and is no season, such as "SS2024",
    which the products of a whole collection share.
    """
    for separator in re.finditer(r"[-_./]", sku):
        stem = sku[: separator.start()]
        if len(stem) >= 4 and sum(map(str.isdigit, stem)) >= 2 and not _SEASON.fullmatch(stem):
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


def _count_trailing_variant_words(words: tuple[str, ...], known: frozenset[str]) -> int:
    """Return how many words at the end of a name are one colour or size; 0 if it ends otherwise."""
    if not words:
        return 0
    has_number_before = len(words) > 1 and words[-2].isdigit()
    if _AGE.fullmatch(words[-1]):
        return 1 + has_number_before
    if _is_variant_word(words[-1], known):
        return 1
    is_labelled_number = len(words) > 1 and _SIZE_NUMBER.fullmatch(words[-1]) and _SIZE_WORD.fullmatch(words[-2])
    return 2 if is_labelled_number else 0


def _count_leading_colours(words: tuple[str, ...], known: frozenset[str]) -> int:
    colours = labelled_values.colour_names()
    return next((n for n, word in enumerate(words) if word not in known and word not in colours), len(words))


def _text_after(name: str, n_words: int) -> str:
    """Return what follows the first `n_words` words of `name`."""
    for position, word in enumerate(_WORD.finditer(name)):
        if position == n_words - 1:
            return name[word.end() :]
    return ""
