"""Find the language of a shop's texts: first by their scripts, then by the function words of each language."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

from weft.text.languages import ENGLISH, LANGUAGE_CODES, load_language
from weft.text.scripts import find_script
from weft.text.tokenize import tokenize

MAX_TEXTS = 1_000
"""So many texts are enough; more do not change the answer."""
MIN_SCRIPT_SHARE = 0.3
"""A script other than Latin with this share of the letters decides; product names and sizes are Latin everywhere."""
MIN_FUNCTION_WORDS = 3
"""With fewer function words of one language the texts are taken for English."""
MIN_FUNCTION_WORD_SHARE = 0.02
"""Nor is a smaller share of all words enough: names such as Crème de la Mer stand in any catalogue."""
_KANA = re.compile("[\u3041-\u30ff]")
_SCRIPT_LANGUAGES = (
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("th", re.compile("[\u0e01-\u0e7f]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
)
_HAN = re.compile("[\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_MIN_KANA_SHARE = 0.05
_LATIN = tuple(code for code in LANGUAGE_CODES if code not in ("ar", "ja", "ko", "ru", "th", "zh"))


class LanguageCounts:
    """Counts of letters by script and of function words by language, over many texts."""

    def __init__(self) -> None:
        self.num_texts = 0
        self._num_words = 0
        self._letters: Counter[str] = Counter()
        self._function_words: Counter[str] = Counter()

    @property
    def is_full(self) -> bool:
        """Whether MAX_TEXTS texts are counted."""
        return self.num_texts >= MAX_TEXTS

    def add(self, text: str) -> None:
        """Count one text; after MAX_TEXTS texts nothing is counted."""
        if self.is_full:
            return
        self.num_texts += 1
        self._letters["all"] += len(_LETTER.findall(text))
        if not text.isascii():
            for code, pattern in _SCRIPT_LANGUAGES:
                self._letters[code] += len(pattern.findall(text))
            self._letters["kana"] += len(_KANA.findall(text))
            self._letters["han"] += len(_HAN.findall(text))
        for token in tokenize(text):
            if find_script(token) == "alphabet":
                self._num_words += 1
                for code in _languages_by_function_word().get(token, ()):
                    self._function_words[code] += 1

    def merge(self, other: "LanguageCounts") -> None:
        """Add the counts of other texts."""
        self.num_texts += other.num_texts
        self._num_words += other._num_words
        self._letters.update(other._letters)
        self._function_words.update(other._function_words)

    def decide(self) -> str:
        """Return the code of the language; English if nothing speaks for another one."""
        total = self._letters["all"]
        if not total:
            return ENGLISH
        for code, _ in _SCRIPT_LANGUAGES:
            if self._letters[code] >= MIN_SCRIPT_SHARE * total:
                return code
        east_asian = self._letters["kana"] + self._letters["han"]
        if east_asian >= MIN_SCRIPT_SHARE * total:
            return "ja" if self._letters["kana"] >= _MIN_KANA_SHARE * east_asian else "zh"
        ranked = sorted(((self._function_words[code], code == ENGLISH, code) for code in _LATIN), reverse=True)
        min_count = max(MIN_FUNCTION_WORDS, MIN_FUNCTION_WORD_SHARE * self._num_words)
        return ranked[0][2] if ranked[0][0] >= min_count else ENGLISH


def detect_language(texts: Iterable[str]) -> str:
    """Return the code of the language in which most of the texts are written; English if nothing tells it."""
    counts = LanguageCounts()
    for text in texts:
        counts.add(text)
    return counts.decide()


@cache
def _languages_by_function_word() -> dict[str, tuple[str, ...]]:
    languages: dict[str, list[str]] = {}
    for code in _LATIN:
        for word in load_language(code).function_words:
            languages.setdefault(word, []).append(code)
    return {word: tuple(codes) for word, codes in languages.items()}
