"""Split text into tokens with NLTK's RegexpTokenizer, and load the lists of stop words.

Tokens are letters of any script, in lower case, Unicode-normalised (NFKC). Scripts without spaces between words give
one token per run of letters.

Hyphens: a compound is split, because shops write both "flip-flops" and "flip flops", both "three-quarter" and "three
quarter", and labels are scored by the mean of their words. A compound is kept if one part cannot stand alone: a single
letter ("v-neck", "t-shirt", "a-line") or a particle of two letters, with or without an s ("lace-ups", "slip-on").
"v neck" and "t shirt" are joined with a hyphen. Spellings without a hyphen ("tshirts") are not changed: in a real
catalogue "tshirts" was the category, and half the uses of "t-shirts" named something to wear with the product.

The possessive 's is removed. Spelling, plurals and inflections are not changed: the cleaning is light on purpose.

The stop words are our own lists, because ready-made lists contain fashion words ("top", "full").
"""

import unicodedata
from collections.abc import Callable
from functools import cache

from weft.text.languages import ENGLISH, load_language

_APOSTROPHES = "\u2018\u2019\u02bc\u00b4\u0060\uff07\u2032"
_HYPHENS = "\u2010\u2011\uff0d\ufe63"
_INVISIBLE = "\u00ad\u200c\u200d\u2060\ufeff"
_CHARACTER_MAP = str.maketrans(
    {**dict.fromkeys(_APOSTROPHES, "'"), **dict.fromkeys(_HYPHENS, "-"), **dict.fromkeys(_INVISIBLE), "_": " "}
)

_WORD = r"[\p{L}\p{N}][\p{L}\p{N}\p{M}]*"  # combining marks are accents, or the vowel signs of Hindi
_EXPRESSION = rf"{_WORD}(?:[-']{_WORD})*"

_MAX_PARTICLE_LENGTH = 2


def tokenize(text: str) -> list[str]:
    """Return all tokens in order, with repeats: words, and also numbers and codes such as "t20"."""
    return _tokenize(text, _split_text)


def tokenize_query(text: str) -> list[str]:
    """Return the tokens of `tokenize` for a short text, such as a query or a label, without importing NLTK.

    NLTK imports scipy and scikit-learn where they are installed, for longer than a search takes.
    """
    return _tokenize(text, _build_query_tokenizer())


def _tokenize(text: str, split: Callable[[str], list[str]]) -> list[str]:
    text = text.translate(_CHARACTER_MAP)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_CHARACTER_MAP)
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    found: list[str] = []
    for token in split(text):
        if "-" in token or "'" in token:
            found += _split_compound(token)
        else:
            found.append(token)
    return _join_letter_words(found) if "t" in found or "u" in found or "v" in found else found


def tokenize_words(text: str) -> list[str]:
    """Return the words of a text, in order, with repeats: the tokens without numbers and codes."""
    return [token for token in tokenize(text) if is_word(token)]


def is_word(token: str) -> bool:
    """Return whether a token consists of letters; hyphens and apostrophes are allowed."""
    if token.isalpha():
        return True
    others = [character for character in token if not character.isalpha()]
    return len(others) < len(token) and not any(character.isnumeric() for character in others)


def _join_letter_words(found: list[str]) -> list[str]:
    """Join "t shirt", "v neck" and "u shaped" with a hyphen."""
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
    """Split a token that has hyphens or apostrophes."""
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
    except TimeoutError:  # NLTK limits a match by wall-clock time; the pattern is linear, so the machine was only busy
        return _build_tokenizer()(text)


@cache
def _build_tokenizer() -> Callable[[str], list[str]]:
    from nltk.tokenize.regexp import RegexpTokenizer

    tokenizer: RegexpTokenizer = RegexpTokenizer(_EXPRESSION)
    return tokenizer.tokenize  # type: ignore[no-any-return]


@cache
def _build_query_tokenizer() -> Callable[[str], list[str]]:
    """Return what RegexpTokenizer calls: NLTK compiles its expressions with the library `regex` too."""
    import regex

    return regex.compile(_EXPRESSION).findall  # type: ignore[no-any-return]


def load_stop_words() -> frozenset[str]:
    """Return the English function words."""
    return load_language(ENGLISH).function_words


def load_commerce_stop_words() -> frozenset[str]:
    """Return the English words about selling, shipping, sizing and washing a product."""
    return load_language(ENGLISH).trade_words
