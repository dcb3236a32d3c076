"""Cut a word that a vocabulary lacks into words that it has: 블랙원피스를 is 블랙 and 원피스."""

from collections.abc import Container

from weft.text.languages import load_language
from weft.text.scripts import HAS_KANA, find_script

MIN_PART_LETTERS = {"alphabet": 3, "hangul": 2, "thai": 2, "east_asian": 1}
"""Shorter parts are found by chance. A single sign of Han is a word: 裙."""
_MIN_KANA_LETTERS = 2
_LINKING_ELEMENTS = tuple(dict.fromkeys(("", *load_language("de").linking_elements)))
_MAX_LETTERS = 60


def cut_into_known_words(word: str, vocabulary: Container[str]) -> list[str]:
    """Return the words of the vocabulary that a word consists of, in order; empty if there are none.

    In alphabets the known words must make up the whole word, with linking elements between them. In scripts without
    spaces between words, the cut is used that leaves the fewest signs over, and what is left over is unknown. A final
    Korean particle is not left over.

    Args:
        word: A word of one script that the vocabulary lacks.
        vocabulary: The known words.
    """
    if len(word) > _MAX_LETTERS:
        return []
    script = find_script(word)
    if script == "alphabet":
        return _cut_compound(word, vocabulary) if word.isalpha() else []
    if script == "hangul":
        for particle in load_language("ko").particles:
            stem = word.removesuffix(particle)
            if stem != word and stem in vocabulary:
                return [stem]
    return _cut_run(word, vocabulary, MIN_PART_LETTERS[script])


def _cut_compound(word: str, vocabulary: Container[str]) -> list[str]:
    """Return known words that make up the whole word, the longest possible last one first; empty if there are none."""
    shortest = MIN_PART_LETTERS["alphabet"]
    found: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(shortest, len(word) + 1):
        for start in range(end - shortest + 1):
            before = found[start]
            if before is None:
                continue
            for link in _LINKING_ELEMENTS if end < len(word) else ("",):
                part = word[start:end].removesuffix(link)
                if len(part) + len(link) == end - start and len(part) >= shortest and part in vocabulary:
                    candidate = [*before, part]
                    best = found[end]
                    found[end] = candidate if best is None or len(candidate) < len(best) else best
    return found[len(word)] or []


def _cut_run(word: str, vocabulary: Container[str], shortest: int) -> list[str]:
    """Return the known words that cover the most signs of a word; of equal covers the one with the fewest words."""
    best: list[tuple[int, int, list[str]]] = [(0, 0, [])]
    for end in range(1, len(word) + 1):
        unknown, count, parts = best[end - 1]
        choice = (unknown + 1, count, parts)
        for start in range(end):
            part = word[start:end]
            min_letters = _MIN_KANA_LETTERS if HAS_KANA.search(part) else shortest
            if len(part) >= min_letters and part in vocabulary:
                unknown, count, parts = best[start]
                choice = min(choice, (unknown, count + 1, [*parts, part]))
        best.append(choice)
    return best[len(word)][2]
