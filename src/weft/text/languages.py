"""The languages that Weft knows, each read from one file of `languages/` that a native speaker can edit."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

ENGLISH = "en"
LANGUAGE_CODES = ("en", "ar", "da", "de", "es", "fr", "it", "ja", "ko", "nb", "nl", "pt", "ru", "sv", "th", "tr", "zh")
"""ISO 639-1 codes of the known languages."""
AUTO = "auto"
_ALIASES = {"no": "nb", "nn": "nb"}


@dataclass(frozen=True)
class Language:
    """The words and rules of one language; `languages/README.txt` describes the fields for editors."""

    code: str
    name: str
    category_head: Literal["first", "last"] = "last"
    """Which word of a category names the kind of product: robes longues, but lange Kleider."""
    stemmer: str = ""
    """Name of a Snowball stemmer; "" for none."""
    elisions: frozenset[str] = frozenset()
    linking_elements: tuple[str, ...] = ()
    adjective_endings: tuple[str, ...] = ()
    particles: tuple[str, ...] = ()
    """The longest first."""
    fashion_words: tuple[str, ...] = ()
    function_words: frozenset[str] = frozenset()
    trade_words: frozenset[str] = frozenset()
    """Words about selling, sending, washing, sizes and prices."""


def normalise_code(tag: str | None) -> str | None:
    """Return the code of the language of a tag such as "de-AT" or "zh_Hant"; None if Weft does not know it."""
    primary = (tag or "").strip().lower().replace("_", "-").partition("-")[0]
    code = _ALIASES.get(primary, primary)
    return code if code in LANGUAGE_CODES else None


@cache
def load_language(code: str) -> Language:
    """Return the language of a code in LANGUAGE_CODES.

    Raises:
        ValueError: The code is unknown.
    """
    if code not in LANGUAGE_CODES:
        raise ValueError(f"expected one of the languages {', '.join(LANGUAGE_CODES)}, got {code!r}")
    if code == ENGLISH:
        return Language(
            ENGLISH,
            "English",
            function_words=_read_word_list("stop_words.txt"),
            trade_words=_read_word_list("commerce_stop_words.txt"),
        )
    text = resources.files("weft.text").joinpath(f"languages/{code}.toml").read_text(encoding="utf-8")
    fields = tomllib.loads(text)

    def list_words(name: str) -> list[str]:
        return str(fields.get(name, "")).split()

    return Language(
        code,
        fields["name"],
        fields["category_head"],
        fields.get("stemmer", ""),
        frozenset(list_words("elisions")),
        tuple(list_words("linking_elements")),
        tuple(list_words("adjective_endings")),
        tuple(sorted(list_words("particles"), key=len, reverse=True)),
        tuple(list_words("fashion_words")),
        frozenset(list_words("function_words")),
        frozenset(list_words("trade_words") + list_words("size_words")),
    )


def _read_word_list(file_name: str) -> frozenset[str]:
    """Read a list of one lower-case word per line; `#` begins a comment."""
    text = resources.files("weft.text").joinpath(file_name).read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return frozenset(line for line in lines if line)
