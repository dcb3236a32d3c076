"""From a text, its language and the shop's own words to tokens: the one function that all texts go through."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Protocol

from weft.text.inflected_words import InflectedWords
from weft.text.korean_words import KoreanWords
from weft.text.languages import ENGLISH, load_language
from weft.text.scripts import HAS_KANA, find_script, split_by_script, split_kana
from weft.text.segmenters import NEEDS_EXTRA, describe_missing, is_installed, load_segmenter
from weft.text.tokenize import is_word, tokenize

_MAX_REMEMBERED = 400_000
_MAX_COUNTED = 1_000_000
"""Distinct words in memory; beyond it, the words that occur once are forgotten."""
_TURKISH_I = str.maketrans({"I": "ı", "İ": "i"})


class WordCutter(Protocol):
    """Cuts one piece of a text into tokens."""

    @property
    def name(self) -> str:
        """The package that cuts, or "rules"."""
        ...

    def cut(self, word: str) -> tuple[str, ...]:
        """Return the tokens of a piece, in order."""
        ...


class ShopTokenizer:
    """Turns the texts of one shop in one language into tokens.

    First `count` all texts, then `tokenize` them. Each piece of a text is cut by the rules of its script, because shops
    mix scripts: Hangul by Korean rules in any language, Thai by Thai ones, Han and Kana by Japanese or Chinese ones,
    and all other letters by those of the text's language. English texts are cut by `weft.text.tokenize` alone.
    """

    def __init__(self, language: str) -> None:
        """Make a tokenizer that has seen no text of the shop yet.

        Args:
            language: A code of LANGUAGE_CODES.
        """
        self._language = load_language(language)
        self._uncut: Counter[str] = Counter()
        self._cutter_names: dict[str, str] = {}
        self._cutters: dict[str, WordCutter] = {}
        self._tokens: dict[str, tuple[str, ...]] = {}

    def __getstate__(self) -> tuple[str, Counter[str], dict[str, str]]:
        # Another process builds its cutters itself: they are functions of the counts, and some cannot be pickled.
        return self._language.code, self._uncut, self._cutter_names

    def __setstate__(self, state: tuple[str, Counter[str], dict[str, str]]) -> None:
        code, uncut, cutter_names = state
        self.__init__(code)  # type: ignore[misc]
        self._uncut, self._cutter_names = uncut, cutter_names

    @property
    def language(self) -> str:
        """The code of the language."""
        return self._language.code

    @property
    def missing(self) -> list[str]:
        """What is lost in the texts cut so far because a segmenter is not installed, one sentence for each language."""
        return [
            describe_missing(code)
            for code in sorted(self._cutter_names)
            if code in NEEDS_EXTRA and not is_installed(code)
        ]

    def describe_cutters(self) -> dict[str, str]:
        """Return language -> what has cut its pieces so far; English and numbers are not listed."""
        return dict(sorted(self._cutter_names.items()))

    def note_cutters(self, names: Mapping[str, str]) -> None:
        """Note what a copy of this tokenizer in another process has cut with."""
        self._cutter_names.update(names)

    def with_language(self, language: str) -> "ShopTokenizer":
        """Return a tokenizer for the same texts in another language; the counts are shared."""
        tokenizer = ShopTokenizer(language)
        tokenizer._uncut = self._uncut
        return tokenizer

    def count(self, text: str) -> None:
        """Count the words of a text; later texts are cut by what the shop's texts contain."""
        self._uncut.update(self._tokenize(text))
        self._limit_counts()

    def merge_counts(self, other: "ShopTokenizer") -> None:
        """Add the words that another tokenizer of the same shop and language has counted in other texts."""
        self._uncut.update(other._uncut)
        self._limit_counts()

    def _limit_counts(self) -> None:
        if len(self._uncut) > _MAX_COUNTED:
            self._uncut = Counter({word: count for word, count in self._uncut.items() if count > 1})

    def tokenize(self, text: str) -> list[str]:
        """Return the tokens of a text, in order, with repeats; also numbers and codes such as "t20"."""
        if self._language.code == ENGLISH and find_script(text) == "alphabet":
            return tokenize(text)
        found: list[str] = []
        for token in self._tokenize(text):
            parts = self._tokens.get(token)
            found += self._cut_token(token) if parts is None else parts
        return found

    def iter_cuts(self, text: str) -> list[tuple[str, tuple[str, ...]]]:
        """Return each piece of a text with its tokens, in order."""
        return [(piece, self._cut(piece)) for piece in self._iter_pieces(text)]

    def _cut_token(self, token: str) -> tuple[str, ...]:
        """Cut a token and remember its parts, because words repeat."""
        if len(self._tokens) >= _MAX_REMEMBERED:
            self._tokens.clear()
        parts = tuple(part for piece in self._split_token(token) for part in self._cut(piece))
        self._tokens[token] = parts
        return parts

    def _tokenize(self, text: str) -> list[str]:
        return tokenize(text.translate(_TURKISH_I) if self._language.code == "tr" else text)

    def _iter_pieces(self, text: str) -> Iterator[str]:
        for token in self._tokenize(text):
            yield from self._split_token(token)

    def _split_token(self, token: str) -> list[str]:
        if self._language.elisions:
            token = self._strip_elision(token)
        return split_by_script(token)

    def _strip_elision(self, token: str) -> str:
        prefix, apostrophe, rest = token.partition("'")
        return rest if apostrophe and rest and prefix in self._language.elisions else token

    def _cut(self, piece: str) -> tuple[str, ...]:
        """Return the tokens of a piece of one script."""
        language = find_language(piece, self._language.code)
        if language == ENGLISH or not is_word(piece):
            return (piece,)
        if language not in self._cutters:
            self._cutters[language] = _build_cutter(language, self._count_pieces(language))
            self._cutter_names[language] = self._cutters[language].name
        return self._cutters[language].cut(piece)

    def _count_pieces(self, language: str) -> Counter[str]:
        """Return the counts of the pieces that follow the rules of one language."""
        counts: Counter[str] = Counter()
        for token, count in self._uncut.items():
            for piece in self._split_token(token):
                if find_language(piece, self._language.code) == language and is_word(piece):
                    counts[piece] += count
        return counts


def find_language(piece: str, text_language: str) -> str:
    """Return the code of the language whose rules a piece of a text follows."""
    script = find_script(piece)
    if script == "alphabet":
        return ENGLISH if text_language in _UNSPACED else text_language
    if script == "hangul":
        return "ko"
    if script == "thai":
        return "th"
    return "ja" if text_language == "ja" or HAS_KANA.search(piece) else "zh"


def _build_cutter(code: str, counts: Counter[str]) -> WordCutter:
    language = load_language(code)
    segmenter = load_segmenter(code, counts)
    if segmenter is not None:
        return segmenter
    if code == "ko":
        return KoreanWords(counts, language)
    return _ScriptChanges() if code in _UNSPACED else InflectedWords(counts, language)


class _ScriptChanges:
    """Cuts where Katakana, Hiragana and Han meet; without a segmenter nothing else is known."""

    name = "script changes"

    def cut(self, word: str) -> tuple[str, ...]:
        return tuple(split_kana(word)) or (word,)


_UNSPACED = frozenset({"ja", "ko", "th", "zh"})
