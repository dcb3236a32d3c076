"""Bring the forms of a word together, and split compounds, by what the shop's own texts contain. No dictionary."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import cache

from weft.text.languages import Language

MIN_PART_LETTERS = 3
MIN_COUNT = 5
"""The forms of a part must stand alone this often in the shop's texts."""
MIN_COUNT_SHARE = 0.05
"""The forms of a part must stand alone at least this often for each use of the compound."""
MIN_SPELLING_SHARE = 0.02
"""A spelling with a smaller share of the uses of its word is a rare form or an error and does not name it."""
MIN_DISTINCT = 3
"""A part that does not stand alone must begin this many compounds with different frequent words: dunkel, oliv."""
MIN_BEGINNING_LETTERS = 4
MIN_ENDING_COUNT = 20
"""Words that stand alone less often prove nothing about the rest of a compound."""
MIN_ENDINGS = 3
"""An adjective is known by this many of its endings on one rest."""
_MAX_LETTERS = 40


class InflectedWords:
    """Cuts and unifies words; it knows the count of each word, so memory grows with words, not with texts."""

    name = "the shop's own words"

    def __init__(self, counts: Mapping[str, int], language: Language) -> None:
        self._kept_words = language.function_words | language.trade_words
        counts = {word: count for word, count in counts.items() if word not in self._kept_words}
        self._counts = counts
        self._language = language
        self._stem = _load_stemmer(language.stemmer)
        self._stem_counts: Counter[str] = Counter()
        spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for word, count in counts.items():
            stem = self._find_stem(word)
            self._stem_counts[stem] += count
            spellings[stem][word] += count
        if language.adjective_endings:
            self._add_bare_adjectives(spellings)
        self._beginnings = self._count_beginnings() if language.linking_elements else {}
        self._add_parts_of_compounds(spellings)
        self._spelling = {stem: _choose_spelling(forms) for stem, forms in spellings.items()}

    def cut(self, word: str) -> tuple[str, ...]:
        """Return the parts of a word in order, each in its shortest frequent spelling; a stop word stays as it is."""
        if word in self._kept_words:
            return (word,)
        return tuple(self._show(part) for part in self._split(word))

    def _show(self, word: str) -> str:
        return self._spelling.get(self._find_stem(word), word)

    def _find_stem(self, word: str) -> str:
        for particle in self._language.particles:  # the dative plural: Ärmeln
            if word.endswith(("el" + particle, "er" + particle)) and word.removesuffix(particle) in self._counts:
                word = word.removesuffix(particle)
        return self._stem(word)

    def _split(self, word: str) -> tuple[str, ...]:
        pair = self._find_compound(word)
        return (*self._split(pair[0]), *self._split(pair[1])) if pair else (word,)

    def _find_compound(self, word: str) -> tuple[str, str] | None:
        """Return the two parts whose rarer one is the most frequent, or None."""
        if not self._language.linking_elements or not word.isalpha() or len(word) > _MAX_LETTERS:
            return None
        min_count = max(MIN_COUNT, MIN_COUNT_SHARE * self._stem_counts[self._find_stem(word)])
        found: list[tuple[int, int, str, str]] = []
        for cut in range(MIN_PART_LETTERS, len(word) - MIN_PART_LETTERS + 1):
            second_count = self._count_part(word[cut:])
            if second_count < min_count:
                continue
            for link in ("", *self._language.linking_elements):
                first = word[:cut].removesuffix(link)
                if len(first) + len(link) != cut or len(first) < MIN_PART_LETTERS:
                    continue
                first_count = self._count_first_part(first, min_count, link)
                if first_count:
                    found.append((min(first_count, second_count), -len(link), first, word[cut:]))
        return max(found)[2:] if found else self._find_long_compound(word, min_count)

    def _find_long_compound(self, word: str, min_count: float) -> tuple[str, str] | None:
        """Return a compound, with or without its linking element, and the known word that ends it: Kurzarm|shirt."""
        for cut in range(2 * MIN_PART_LETTERS, len(word) - MIN_PART_LETTERS + 1):
            if self._count_part(word[cut:]) >= min_count:
                for link in ("", *self._language.linking_elements):
                    first = word[:cut].removesuffix(link)
                    if len(first) + len(link) == cut and self._find_compound(first):
                        return first, word[cut:]
        return None

    def _count_part(self, part: str) -> int:
        return 0 if part in self._language.function_words else self._stem_counts[self._find_stem(part)]

    def _count_first_part(self, part: str, min_count: float, link: str) -> int:
        """Return how often a beginning stands alone, or with how many words it forms compounds; 0 if too seldom."""
        count = self._count_part(part)
        if count >= min_count and (part in self._counts or (not link and self._is_bare_stem(part))):
            return count
        distinct = self._beginnings.get(part, 0)
        return distinct if distinct >= MIN_DISTINCT else 0

    def _count_beginnings(self) -> dict[str, int]:
        """Return beginning -> with how many different frequent words it forms a compound: dunkel in dunkelblau."""
        endings: defaultdict[str, set[str]] = defaultdict(set)
        for word in self._counts:
            if word.isalpha() and len(word) <= _MAX_LETTERS:
                for cut in range(MIN_BEGINNING_LETTERS, len(word) - MIN_PART_LETTERS):
                    if word[cut:] in self._counts and self._count_part(word[cut:]) >= MIN_ENDING_COUNT:
                        endings[word[:cut]].add(self._find_stem(word[cut:]))
        return {word: len(words) for word, words in endings.items() if word not in self._language.function_words}

    def _is_bare_stem(self, part: str) -> bool:
        """Return whether a part is a word without its ending, as the first part of a compound can be: Woll-."""
        return self._find_stem(part) == part.translate(_UMLAUTS)

    def _add_bare_adjectives(self, spellings: dict[str, Counter[str]]) -> None:
        """Count the rest of an adjective that has at least MIN_ENDINGS of its endings as a spelling of its own."""
        for forms in spellings.values():
            endings: Counter[str] = Counter()
            uses: Counter[str] = Counter()
            for form, count in forms.items():
                for ending in self._language.adjective_endings:
                    if form.endswith(ending):
                        endings[form.removesuffix(ending)] += 1
                        uses[form.removesuffix(ending)] += count
            for rest, num_endings in endings.items():
                if num_endings >= MIN_ENDINGS and len(rest) >= MIN_PART_LETTERS:
                    forms[rest] += uses[rest]

    def _add_parts_of_compounds(self, spellings: dict[str, Counter[str]]) -> None:
        """Count the spellings that words have inside of compounds: kurz in Kurzarm, hell in hellblau."""
        for word, count in self._counts.items():
            pair = self._find_compound(word)
            for part in pair or ():
                spellings[self._find_stem(part)][part] += count


_UMLAUTS = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})


def _choose_spelling(forms: Mapping[str, int]) -> str:
    """Return the shortest of the spellings that are frequent; of equally short ones the most frequent."""
    min_count = MIN_SPELLING_SHARE * sum(forms.values())
    frequent = [form for form, count in forms.items() if count >= min_count]
    return min(frequent, key=lambda form: (len(form), -forms[form], form))


def _load_stemmer(name: str) -> Callable[[str], str]:
    """Return the stemmer with a memory of its answers, because words repeat; without a name every word is its stem."""
    if not name:
        return lambda word: word
    from nltk.stem.snowball import SnowballStemmer

    stem: Callable[[str], str] = SnowballStemmer(name).stem
    return cache(stem)
