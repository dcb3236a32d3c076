"""Normalise the names of a record's columns, in any language, so that they can be compared."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from crawler.values import labelled_values

_SEPARATORS = re.compile(r"[\W_]+")
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TAX_HINT = re.compile(r"\(\s*tax (incl|excl)[^)]*\)", re.IGNORECASE)
"""What tells two columns of prices apart: "Price (tax incl.)"."""
_HINT = re.compile(r"\([^)]*\)|\[\d+\]|\*")
"""What software adds to the name of a column: "Body (HTML)", "name(en-gb)", "image[0].url", "Name *"."""
_NUMBER = re.compile(r"\d+")
_NAME_BY_LABEL = {"colour": "color", "reference": "sku"}
"""The columns of the kinds of labels that have another name."""
_LATIN = re.compile(r"[a-z0-9_]+")


def normalise_columns(record: Mapping[Any, Any]) -> dict[str, Any]:
    """Return `record` with normalised English names.

    "g:Image Link" becomes "image_link", "Body (HTML)" becomes "body", "Beschreibung" and "商品説明" become
    "description". A name that is not known is kept in its language.
    """
    normalised: dict[str, Any] = {}
    for name, value in record.items():
        plain = normalise_name(str(name))
        if plain in normalised and value:
            # "image[0].url" and "image[1].url" are one column of several values.
            normalised[plain] = [*iter_values(normalised[plain]), *iter_values(value)]
        elif plain:
            normalised[plain] = value
    return normalised


def iter_values(value: Any) -> Iterator[Any]:
    """Yield the values of a cell that may be a list; none for a missing cell."""
    if isinstance(value, list | tuple):
        yield from value
    elif value is not None:
        yield value


@lru_cache(maxsize=65536)
def normalise_name(name: str) -> str:
    """Return the normalised English name of one column."""
    words = _HINT.sub("_", _TAX_HINT.sub(r" tax \1", unicodedata.normalize("NFKC", name)))
    plain = _SEPARATORS.sub("_", _CAMEL_CASE.sub("_", words).lower().removeprefix("g:")).strip("_")
    return _translate(plain)


def _translate(name: str) -> str:
    number = _NUMBER.search(name)
    translated = _translations().get(_NUMBER.sub("#", name, count=1))
    if translated is not None:
        return translated.replace("#", number[0] if number else "")
    # Labels of codes in Latin letters are names of English columns already, or those of another software.
    kind = "" if _LATIN.fullmatch(name) else labelled_values.classify_label(name)
    return _NAME_BY_LABEL.get(kind, kind) or name


@cache
def _translations() -> dict[str, str]:
    """Return the English name of each name of column_names.txt."""
    translations: dict[str, str] = {}
    for line in (Path(__file__).parent / "column_names.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            english, *names = ("_".join(name.split()) for name in line.split("|"))
            translations.update({name.strip("_"): english.strip("_") for name in names})
    return translations
