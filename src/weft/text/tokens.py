"""Text to tokens: letters of any script, lower-case, Unicode-normalised (NFKC), by NLTK's RegexpTokenizer.

Hyphens. A compound is taken apart, since shops write "flip-flops" and "flip flops", "three-quarter" and "three
quarter" alike, and labels are scored by the mean of their words. It stays whole where a part could not stand alone:
a single letter ("v-neck", "t-shirt", "a-line") or a particle of two letters, with or without an s ("lace-ups",
"slip-on"). "v neck" and "t shirt" get their hyphen back. Spellings without one ("tshirts") are left alone: in a
real catalogue "tshirts" was the category and "t-shirts" half the time what to wear with the product shown.

The possessive 's is taken off. Spelling, plurals and inflections are left alone: the cleaning is light on purpose.
Scripts without spaces between words give one token per run of letters.
"""

import unicodedata
from collections.abc import Callable
from functools import cache

_APOSTROPHES = "\u2018\u2019\u02bc\u00b4\u0060\uff07\u2032"
_HYPHENS = "\u2010\u2011\uff0d\ufe63"
_INVISIBLE = "\u00ad\u200c\u200d\u2060\ufeff"
_SETTLE = str.maketrans(
    {**dict.fromkeys(_APOSTROPHES, "'"), **dict.fromkeys(_HYPHENS, "-"), **dict.fromkeys(_INVISIBLE), "_": " "}
)

_SHORT_PART = 2


def pieces(text: str) -> list[str]:
    """Everything between spaces and punctuation, in order: the words, and also numbers and codes such as "t20"."""
    text = text.translate(_SETTLE)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_SETTLE)
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    found: list[str] = []
    for piece in _found(text):
        if "-" in piece or "'" in piece:
            found += _settled(piece)
        else:
            found.append(piece)
    return _with_letter_words(found) if "t" in found or "u" in found or "v" in found else found


def tokens(text: str) -> list[str]:
    """The words of a text, in order and with repeats: `pieces` without numbers and codes."""
    return [piece for piece in pieces(text) if is_word(piece)]


def is_word(piece: str) -> bool:
    """Whether a piece is made of letters alone (hyphens and apostrophes aside)."""
    if piece.isalpha():
        return True
    others = [character for character in piece if not character.isalpha()]
    return len(others) < len(piece) and not any(character.isnumeric() for character in others)


def _with_letter_words(found: list[str]) -> list[str]:
    """The pieces with "t shirt", "v neck" and "u shaped" made one."""
    joined = found[:1]
    for piece in found[1:]:
        if _is_letter_word(joined[-1], piece):
            joined[-1] += "-" + piece
        else:
            joined.append(piece)
    return joined


def _is_letter_word(letter: str, word: str) -> bool:
    if letter == "t":
        return word in ("shirt", "shirts")
    return letter in ("u", "v") and (word.startswith("neck") or word in ("shape", "shaped"))


def _settled(piece: str) -> list[str]:
    """The pieces of one with hyphens or apostrophes in it."""
    parts = [part for part in (_without_possessive(part) for part in piece.split("-")) if part]
    if len(parts) == 2 and any(_cannot_stand_alone(part) for part in parts):
        return ["-".join(parts)]
    if len(parts) > 2 and len(parts[0]) == 1 and parts[0].isalpha():
        return ["-".join(parts[:2]), *parts[2:]]
    return parts


def _without_possessive(part: str) -> str:
    return part.removesuffix("'s")


def _cannot_stand_alone(part: str) -> bool:
    return part.isalpha() and len(part.removesuffix("s")) <= _SHORT_PART


def _found(text: str) -> list[str]:
    try:
        return _tokenizer()(text)
    except TimeoutError:  # NLTK bounds a match by the wall clock; the pattern is linear, so the machine stood still
        return _tokenizer()(text)


@cache
def _tokenizer() -> Callable[[str], list[str]]:
    from nltk.tokenize.regexp import RegexpTokenizer

    word = r"[\p{L}\p{N}][\p{L}\p{N}\p{M}]*"  # a letter may carry marks: accents, the vowel signs of Hindi
    tokenizer: RegexpTokenizer = RegexpTokenizer(rf"{word}(?:[-']{word})*")
    return tokenizer.tokenize  # type: ignore[no-any-return]
