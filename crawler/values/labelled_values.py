"""Recognise the labels and phrases of shops in many languages, which are in field_labels.txt."""

import re
from functools import cache
from pathlib import Path

_LABEL_KINDS = ("colour", "brand", "manufacturer", "gtin", "mpn", "reference", "sku")
_SIZE_LABEL = re.compile(
    r"\b(?:size|sizes|gr(?:ö|oe?)(?:ß|ss)e|taille|taglia|talla|tamanho|maat|rozmiar|velikost|storlek|størrelse|koko)\b",
    re.IGNORECASE,
)
_LABEL_PUNCTUATION = re.compile(r"[\s._:：#№*]+")


def classify_label(label: str) -> str:
    """Return the kind of a label: "colour", "brand", "manufacturer", "gtin", "mpn", "sku", "reference", or ""."""
    return _kind_by_label().get(_normalise_label(label), "")


def is_label(section: str, label: str) -> bool:
    """Return whether `label` is one of the labels of `section` of field_labels.txt."""
    return _normalise_label(label) in _labels_of(section)


@cache
def _labels_of(section: str) -> frozenset[str]:
    return frozenset(map(_normalise_label, _load_sections()[section]))


def is_brand_label(name: str) -> bool:
    """Return whether `name` is a label of a brand: "Brand", "Marke", "Manufacturer"."""
    return classify_label(name) in ("brand", "manufacturer")


def is_colour_label(name: str) -> bool:
    """Return whether `name` is a label of a colour: "Colour", "Farbe"."""
    return classify_label(name) == "colour"


def is_size_label(name: str) -> bool:
    """Return whether `name` is a label of a size: "Size", "Größe"."""
    return bool(_SIZE_LABEL.search(name))


@cache
def _kind_by_label() -> dict[str, str]:
    return {_normalise_label(word): name for name in _LABEL_KINDS for word in _load_sections()[name]}


def _normalise_label(label: str) -> str:
    """Normalise a label for comparison: "Art. Nr.:" and "art_nr" become "art nr"."""
    return " ".join(_LABEL_PUNCTUATION.sub(" ", label).casefold().split())


def has_phrase(section: str, text: str) -> bool:
    """Return whether `text` contains a phrase of `section` of field_labels.txt, ignoring case."""
    return _phrase_pattern(section).search(text.casefold()) is not None


def starts_with_phrase(section: str, text: str) -> bool:
    """Return whether `text` starts with a phrase of `section` of field_labels.txt as whole words, ignoring case."""
    match = _phrase_pattern(section).match(text.casefold())
    return match is not None and not text.casefold()[match.end() : match.end() + 1].isalpha()


def without_phrase(section: str, text: str) -> str:
    """Return `text` without a phrase of `section` of field_labels.txt with which it starts."""
    if not starts_with_phrase(section, text) or (match := _phrase_pattern(section).match(text.casefold())) is None:
        return text
    return text[match.end() :].strip()


@cache
def colour_names() -> frozenset[str]:
    """Return the words of field_labels.txt that name a colour in a product's name, in lower case."""
    return frozenset(name.casefold() for name in _load_sections()["colour names"])


@cache
def _phrase_pattern(section: str) -> re.Pattern[str]:
    phrases = sorted(_load_sections()[section], reverse=True)
    # Both sides are casefolded, because IGNORECASE is several times slower.
    return re.compile("|".join(re.escape(phrase.casefold()) for phrase in phrases))


@cache
def _load_sections() -> dict[str, tuple[str, ...]]:
    sections: dict[str, list[str]] = {}
    name = ""
    for line in (Path(__file__).parent / "field_labels.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif not line.startswith("#"):
            sections.setdefault(name, []).extend(word.strip() for word in line.split("|") if word.strip())
    return {name: tuple(words) for name, words in sections.items()}
