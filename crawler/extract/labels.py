"""The words by which shops in many languages label a colour, a brand and their numbers: labels.txt."""

import re
from functools import cache
from pathlib import Path

_KINDS = ("colour", "brand", "manufacturer", "gtin", "mpn", "reference", "sku")
_MARKS = re.compile(r"[\s._:：#№*]+")


def kind(label: str) -> str:
    """What a printed label announces: "colour", "brand", "manufacturer", "gtin", "mpn", "sku", "reference"; or ""."""
    return _words().get(_folded(label), "")


def is_colour(name: str) -> bool:
    """Whether `name` labels a colour: "Colour", "Farbe"."""
    return kind(name) == "colour"


@cache
def _words() -> dict[str, str]:
    return {_folded(word): name for name in _KINDS for word in _sections()[name]}


def _folded(label: str) -> str:
    """`label` as labels are compared: "Art. Nr.:" and "art_nr" are "art nr"."""
    return " ".join(_MARKS.sub(" ", label).casefold().split())


def says(section: str, text: str) -> bool:
    """Whether `text` holds any phrase of a section, whatever its case."""
    return _phrases(section).search(text.casefold()) is not None


@cache
def _phrases(section: str) -> re.Pattern[str]:
    # Without IGNORECASE, which costs several times as much: both sides are folded.
    return re.compile("|".join(re.escape(phrase.casefold()) for phrase in sorted(_sections()[section])))


@cache
def _sections() -> dict[str, tuple[str, ...]]:
    sections: dict[str, list[str]] = {}
    name = ""
    for line in (Path(__file__).parent / "labels.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif not line.startswith("#"):
            sections.setdefault(name, []).extend(word.strip() for word in line.split("|") if word.strip())
    return {name: tuple(words) for name, words in sections.items()}
