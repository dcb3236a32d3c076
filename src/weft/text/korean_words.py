"""Cut Korean words by what the shop's own texts contain: particles off, compounds into their parts. No dictionary."""

import math
from collections import defaultdict
from collections.abc import Mapping

from weft.text.languages import Language

MIN_COUNT = 3
"""A part must stand alone this often in the shop's texts, and at least as often as the compound."""
MIN_DISTINCT = 3
"""A part of any length that does not stand alone must begin this many compounds with different known words: 롱 (long)
in 롱패딩, 롱코트, 롱다운."""
_PREFIX_PENALTY = 1.0
"""How much more evidence, as a logarithm, a beginning that never stands alone needs."""
_MIN_LETTERS = 3
"""Words of one or two syllables stay whole: what is cut off them would leave a single syllable."""
_MAX_LETTERS = 40
"""Longer words stay whole: no word of a language is longer, and the search for parts is quadratic."""


class KoreanWords:
    """Cuts words; it knows the count of each word, so memory grows with words, not with texts."""

    name = "the shop's own words"

    def __init__(self, counts: Mapping[str, int], language: Language) -> None:
        self._counts = counts
        self._particles = language.particles
        self._total = sum(counts.values()) or 1
        self._beginnings = _count_beginnings(counts)

    def cut(self, word: str) -> tuple[str, ...]:
        """Return the parts of a word in order; the word alone if it has no known parts."""
        if not _MIN_LETTERS <= len(word) <= _MAX_LETTERS:
            return (word,)
        stems = (
            [word.removesuffix(particle) for particle in self._particles if word.endswith(particle)]
            if word.endswith(self._particles)
            else []
        )
        frequent = (stem for stem in stems if len(stem) >= 2 and self._counts.get(stem, 0) >= self._min_count(word, 2))
        stem = next(frequent, word)
        for candidate in (stem, *(stems if stem == word else ())):
            parts = self._split_compound(candidate)
            if parts:
                return tuple(part for piece in parts for part in self.cut(piece))
        return (stem,)

    def _min_count(self, word: str, factor: int = 1) -> int:
        return max(MIN_COUNT, factor * self._counts.get(word, 0))

    def _split_compound(self, word: str) -> list[str] | None:
        """Return the most probable parts, each known more often than the word; None if there are none."""
        min_count = self._min_count(word)
        best: list[tuple[float, list[str]] | None] = [(0.0, [])]
        for end in range(1, len(word) + 1):
            found = None
            for start in range(end):
                before = best[start]
                if before is None or end - start == len(word):
                    continue
                cost = self._compute_cost(word[start:end], start == 0, min_count)
                if cost is not None and (found is None or before[0] + cost < found[0]):
                    found = before[0] + cost, [*before[1], word[start:end]]
            best.append(found)
        whole = best[len(word)]
        return whole[1] if whole else None

    def _compute_cost(self, part: str, is_first: bool, min_count: int) -> float | None:
        count = self._counts.get(part, 0)
        if len(part) >= 2 and count >= min_count:
            return math.log(self._total / count)
        distinct = self._beginnings.get(part, 0) if is_first else 0
        if distinct >= MIN_DISTINCT and distinct * 3 >= min_count:
            return math.log(self._total / distinct) + _PREFIX_PENALTY
        return None


def _count_beginnings(counts: Mapping[str, int]) -> dict[str, int]:
    """Return beginning -> with how many different known words it forms a compound."""
    endings: defaultdict[str, set[str]] = defaultdict(set)
    for word, count in counts.items():
        for cut in range(1, min(len(word), _MAX_LETTERS) - 1):
            if counts.get(word[cut:], 0) >= max(MIN_COUNT + 2, 2 * count):
                endings[word[:cut]].add(word[cut:])
    return {beginning: len(words) for beginning, words in endings.items()}
