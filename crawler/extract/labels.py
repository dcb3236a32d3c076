"""The words by which shops in many languages label a colour, a brand and their numbers: labels.txt."""

import re
from functools import cache
from pathlib import Path

_AROUND = " \t\n.:：#№*"


def kind(label: str) -> str:
    """What a printed label announces: "colour", "brand", "manufacturer", "gtin", "mpn", "sku"; "" for all else."""
    return _words().get(label.strip(_AROUND).casefold().replace("_", " "), "")


def is_colour(name: str) -> bool:
    """Whether `name` labels a colour: "Colour", "Farbe"."""
    return kind(name) == "colour"


@cache
def _words() -> dict[str, str]:
    words: dict[str, str] = {}
    section = ""
    for line in (Path(__file__).parent / "labels.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif not line.startswith("#"):
            words.update((word.strip(_AROUND).casefold(), section) for word in line.split("|") if word.strip())
    return words


@cache
def before_a_value() -> re.Pattern[str]:
    """Matches "SKU: " or "Artikel-Nr.: " in running text; the group `label` is the label."""
    longest_first = sorted(_words(), key=len, reverse=True)
    return re.compile(
        rf"(?<![\w-])(?P<label>{'|'.join(map(re.escape, longest_first))})[.№#]?\s*[:：#]\s*", re.IGNORECASE
    )
