"""The words by which shops in many languages label a colour, a brand and their numbers: labels.txt."""

import re
from functools import cache
from pathlib import Path

_LABEL_KINDS = ("colour", "brand", "manufacturer", "gtin", "mpn", "reference", "sku")
_LABEL_PUNCTUATION = re.compile(r"[\s._:：#№*]+")


def classify_label(label: str) -> str:
    """What a printed label announces: "colour", "brand", "manufacturer", "gtin", "mpn", "sku", "reference"; or ""."""
    return _kind_by_label().get(_normalise_label(label), "")


def is_colour_label(name: str) -> bool:
    """Whether `name` labels a colour: "Colour", "Farbe"."""
    return classify_label(name) == "colour"


@cache
def _kind_by_label() -> dict[str, str]:
    return {_normalise_label(word): name for name in _LABEL_KINDS for word in _load_sections()[name]}


def _normalise_label(label: str) -> str:
    """`label` as labels are compared: "Art. Nr.:" and "art_nr" are "art nr"."""
    return " ".join(_LABEL_PUNCTUATION.sub(" ", label).casefold().split())


def has_phrase(section: str, text: str) -> bool:
    """Whether `text` holds any phrase of a section, whatever its case."""
    return _phrase_pattern(section).search(text.casefold()) is not None


@cache
def _phrase_pattern(section: str) -> re.Pattern[str]:
    # Without IGNORECASE, which costs several times as much: both sides are folded.
    return re.compile("|".join(re.escape(phrase.casefold()) for phrase in sorted(_load_sections()[section])))


@cache
def _load_sections() -> dict[str, tuple[str, ...]]:
    sections: dict[str, list[str]] = {}
    name = ""
    for line in (Path(__file__).parent / "labels.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif not line.startswith("#"):
            sections.setdefault(name, []).extend(word.strip() for word in line.split("|") if word.strip())
    return {name: tuple(words) for name, words in sections.items()}
