"""Word segmenters of Korean, Japanese, Chinese and Thai: optional packages, each with its dictionary in its wheel."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from weft.text.korean_words import KoreanWords
from weft.text.languages import load_language

EXTRAS = {"ja": ("sudachipy", "sudachidict_core"), "ko": ("kiwipiepy",), "th": ("icu4py",), "zh": ("rjieba",)}
"""Language -> the modules that the extra of the same name installs: pip install 'weft[ja]'."""
NEEDS_EXTRA = frozenset({"ja", "th", "zh"})
"""Without a segmenter these languages keep whole phrases; Korean is cut by the shop's own words."""


def is_installed(code: str) -> bool:
    """Return whether the segmenter of a language is installed."""
    return all(importlib.util.find_spec(module) is not None for module in EXTRAS[code])


def describe_missing(code: str) -> str:
    """Return the sentence that says what a person loses without the segmenter of a language, and what to install."""
    name, package = load_language(code).name, EXTRAS[code][0]
    return (
        f"{name} texts are cut only where the script changes, because {package} is not installed; "
        f"to find their words, run: pip install 'weft[{code}]'"
    )


@dataclass(frozen=True)
class Segmenter:
    """Cuts a piece of text with the segmenter of its language."""

    name: str
    segment: Callable[[str], list[str]]

    def cut(self, word: str) -> tuple[str, ...]:
        """Return the words of a piece; the piece itself if the segmenter finds none."""
        return tuple(self.segment(word)) or (word,)


def load_segmenter(code: str, counts: Mapping[str, int]) -> Segmenter | None:
    """Return the segmenter of a language; None if the language needs none or its extra is not installed.

    Args:
        code: The code of the language.
        counts: Word -> how often the shop's texts contain it; the Korean segmenter learns from it.
    """
    if code not in EXTRAS or not is_installed(code):
        return None
    load = {"ja": _load_japanese, "zh": _load_chinese, "ko": _load_korean, "th": _load_thai}[code]
    return Segmenter(EXTRAS[code][0], load(counts))


def _load_japanese(_: Mapping[str, int]) -> Callable[[str], list[str]]:
    sudachipy = importlib.import_module("sudachipy")
    tokenizer = sudachipy.Dictionary(dict="core").create(sudachipy.SplitMode.A)
    return lambda text: [word.normalized_form().lower() for word in tokenizer.tokenize(text)]


def _load_chinese(_: Mapping[str, int]) -> Callable[[str], list[str]]:
    jieba = importlib.import_module("rjieba").Jieba()
    for word in load_language("zh").fashion_words:
        jieba.add_word(word, 100_000, "n")
    return lambda text: list(jieba.cut(text, False))


_CONTENT_TAGS = ("XR", "SL", "SH")
"""Roots, Latin and Han. Other tags that begin with J, E, X or S are particles, endings, affixes and signs."""
MIN_COUNT = 5
"""The Korean segmenter is given the shop's words that stand alone at least this often."""


def _load_korean(counts: Mapping[str, int]) -> Callable[[str], list[str]]:
    kiwi = importlib.import_module("kiwipiepy").Kiwi(num_workers=1)
    words = KoreanWords(counts, load_language("ko"))
    for word, count in counts.items():
        if count >= MIN_COUNT and len(word) >= 2 and words.cut(word) == (word,):
            kiwi.add_user_word(word, "NNP", 0.0)

    def segment(text: str) -> list[str]:
        tokens = (token for token in kiwi.tokenize(text) if token.tag[0] not in "JEXS" or token.tag in _CONTENT_TAGS)
        return [part for token in tokens for word in token.form.split() for part in words.cut(word)]

    return segment


def _load_thai(_: Mapping[str, int]) -> Callable[[str], list[str]]:
    breakers = importlib.import_module("icu4py.breakers")
    return lambda text: list(breakers.WordBreaker(text, "th"))
