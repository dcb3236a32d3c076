"""By what results are told apart: category, colour, kind of photo, how often a word is said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from weft.benchmarks.record import PhotoRecord
from weft.evaluation.search import Ints

LEAST_OBSERVATIONS = 5
"""A value on fewer photos has no row of its own: its share would say nothing."""
MOST_VALUES = 100

BANDS = (0.1, 0.01, 0.001)
BAND_NAMES = ("over 10 % of products", "1 to 10 %", "0.1 to 1 %", "under 0.1 %")
"""Bands of words by the share of training products that say them."""
WORD_BAND = "word frequency"


@dataclass(frozen=True)
class Facet:
    """A value for every observation."""

    codes: Ints
    """(observations,): places in `names`, -1 where the value is not known."""
    names: tuple[str, ...]

    def at(self, observations: Ints) -> "Facet":
        """The values of some of them."""
        return Facet(self.codes[observations], self.names)

    def parts(self) -> list[tuple[str, Ints]]:
        """(Value, its observations), by value: those on enough observations, the commonest where they are many."""
        known = self.codes[self.codes >= 0]
        counts = np.bincount(known, minlength=len(self.names))
        common = np.argsort(-counts, kind="stable")[:MOST_VALUES]
        kept = [int(code) for code in common if counts[code] >= LEAST_OBSERVATIONS]
        return sorted((self.names[code], np.flatnonzero(self.codes == code)) for code in kept)


def facet_of(values: list[str | None]) -> Facet:
    """The facet of values as texts."""
    names = sorted({value for value in values if value is not None})
    place = {name: number for number, name in enumerate(names)}
    return Facet(np.array([-1 if value is None else place[value] for value in values], np.int64), tuple(names))


def band_of(frequencies: Ints, products: int) -> Ints:
    """The band of each word, a place in BAND_NAMES.

    Args:
        frequencies: (words,): training products that say it.
        products: Training products in all.
    """
    share = frequencies / max(products, 1)
    return np.asarray((share[:, None] <= np.array(BANDS)[None, :]).sum(axis=1), np.int64)


def facets_of(records: Iterable[PhotoRecord], fields: Mapping[str, str]) -> dict[str, Facet]:
    """The facets of photos by their labels; one that no photo has is absent.

    Args:
        records: The photos.
        fields: Facet to the field of `Record.labels`.
    """
    values: dict[str, list[str | None]] = {name: [] for name in fields}
    for record in records:
        for name, label in fields.items():
            values[name].append(record.labels.get(label))
    return {name: facet_of(of) for name, of in values.items() if any(value is not None for value in of)}
