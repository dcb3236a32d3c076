"""Text to tokens: letters of any script, lower-case, Unicode-normalised (NFKC), by NLTK's RegexpTokenizer.

Hyphens. A compound is taken apart, since shops write "flip-flops" and "flip flops", "three-quarter" and "three
quarter" alike, and labels are scored by the mean of their words. It stays whole where a part could not stand alone:
a single letter ("v-neck", "t-shirt", "a-line") or a particle of two letters, with or without an s ("lace-ups",
"slip-on"). "v neck" and "t shirt" get their hyphen back. Spellings without one ("tshirts") are left alone: in a
real catalogue "tshirts" was the category and "t-shirts" half the time what to wear with the product shown.

The possessive 's is taken off. Spelling, plurals and inflections are left alone: the cleaning is light on purpose.
Scripts without spaces between words give one token per run of letters.

Words that no photo shows: those of grammar and those of trade. Ready-made lists hold fashion words; ours do not.
"""

import unicodedata
from collections.abc import Callable
from functools import cache
from importlib import resources

_APOSTROPHES = "\u2018\u2019\u02bc\u00b4\u0060\uff07\u2032"
_HYPHENS = "\u2010\u2011\uff0d\ufe63"
_INVISIBLE = "\u00ad\u200c\u200d\u2060\ufeff"
_CHARACTER_MAP = str.maketrans(
    {**dict.fromkeys(_APOSTROPHES, "'"), **dict.fromkeys(_HYPHENS, "-"), **dict.fromkeys(_INVISIBLE), "_": " "}
)

_MAX_PARTICLE_LENGTH = 2


def tokenize(text: str) -> list[str]:
    """Everything between spaces and punctuation, in order: the words, and also numbers and codes such as "t20"."""
    text = text.translate(_CHARACTER_MAP)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_CHARACTER_MAP)
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    found: list[str] = []
    for token in _split_text(text):
        if "-" in token or "'" in token:
            found += _split_compound(token)
        else:
            found.append(token)
    return _join_letter_words(found) if "t" in found or "u" in found or "v" in found else found


def tokenize_words(text: str) -> list[str]:
    """The words of a text, in order and with repeats: `pieces` without numbers and codes."""
    return [token for token in tokenize(text) if is_word(token)]


def is_word(token: str) -> bool:
    """Whether a piece is made of letters alone (hyphens and apostrophes aside)."""
    if token.isalpha():
        return True
    others = [character for character in token if not character.isalpha()]
    return len(others) < len(token) and not any(character.isnumeric() for character in others)


def _join_letter_words(found: list[str]) -> list[str]:
    """The pieces with "t shirt", "v neck" and "u shaped" made one."""
    joined = found[:1]
    for token in found[1:]:
        if _is_letter_word(joined[-1], token):
            joined[-1] += "-" + token
        else:
            joined.append(token)
    return joined


def _is_letter_word(letter: str, word: str) -> bool:
    if letter == "t":
        return word in ("shirt", "shirts")
    return letter in ("u", "v") and (word.startswith("neck") or word in ("shape", "shaped"))


def _split_compound(token: str) -> list[str]:
    """The pieces of one with hyphens or apostrophes in it."""
    parts = [part for part in (_strip_possessive(part) for part in token.split("-")) if part]
    if len(parts) == 2 and any(_is_fragment(part) for part in parts):
        return ["-".join(parts)]
    if len(parts) > 2 and len(parts[0]) == 1 and parts[0].isalpha():
        return ["-".join(parts[:2]), *parts[2:]]
    return parts


def _strip_possessive(part: str) -> str:
    return part.removesuffix("'s")


def _is_fragment(part: str) -> bool:
    return part.isalpha() and len(part.removesuffix("s")) <= _MAX_PARTICLE_LENGTH


def _split_text(text: str) -> list[str]:
    try:
        return _build_tokenizer()(text)
    except TimeoutError:  # NLTK bounds a match by the wall clock; the pattern is linear, so the machine stood still
        return _build_tokenizer()(text)


@cache
def _build_tokenizer() -> Callable[[str], list[str]]:
    from nltk.tokenize.regexp import RegexpTokenizer

    word = r"[\p{L}\p{N}][\p{L}\p{N}\p{M}]*"  # a letter may carry marks: accents, the vowel signs of Hindi
    tokenizer: RegexpTokenizer = RegexpTokenizer(rf"{word}(?:[-']{word})*")
    return tokenizer.tokenize  # type: ignore[no-any-return]


@cache
def load_stop_words() -> frozenset[str]:
    """The words of grammar, english.txt."""
    return _read_word_list("english.txt")


@cache
def load_commerce_stop_words() -> frozenset[str]:
    """The words of selling, sizing and washing, trade.txt."""
    return _read_word_list("trade.txt")


def _read_word_list(file_name: str) -> frozenset[str]:
    """One lower-case word a line, `#` begins a comment."""
    text = resources.files("weft.text").joinpath(file_name).read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return frozenset(line for line in lines if line)
