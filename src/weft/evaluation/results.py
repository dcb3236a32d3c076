"""A results table before it is averaged: what every photo gained, by every model, with all that the averages need.

The rows of every results table, and what a table is.

By what results are told apart: category, colour, kind of photo, how often a word is said.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from weft.datasets.base import PhotoRecord
from weft.evaluation.bootstrap import resampled_shares, shares
from weft.evaluation.knn import Floats, Ints

FROZEN = "frozen backbone"
FIT_WORDS = "after fit_words"
FINETUNE = "after finetune"

Table = dict[str, dict[str, float]]
"""Row name to metric to share in 0..1; the rows stand in the order FROZEN, FIT_WORDS, FINETUNE, then others."""
Values = TypeVar("Values")


def neighbours_row(model: str, neighbours: int) -> str:
    """The row of tag transfer, the baseline of every prediction of words: the words of similar training photos."""
    return f"{model}, tags of {neighbours} neighbours"


def of_encoders(frozen: Values, finetuned: Values) -> dict[str, Values]:
    """The rows of a table that looks at z alone: fit_words leaves the encoder as it is, so its row equals the first."""
    return {FROZEN: frozen, FIT_WORDS: frozen, FINETUNE: finetuned}


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


@dataclass(frozen=True)
class Scored:
    """Observations are photos, or queries of words. A share is the sum of what they gained over what was possible."""

    photos: Ints
    """(observations,): rows of the benchmark's photos, or word ids where `of` is "words"."""
    items: Ints
    """(observations,): what is drawn together by the bootstrap, as a number."""
    gained: Mapping[str, Mapping[str, Floats]]
    """Row of the table to metric to (observations,)."""
    possible: Mapping[str, Floats] = field(default_factory=dict)
    """Metric to (observations,); 1 for each observation of a metric that is not here."""
    ceilings: Mapping[str, float] = field(default_factory=dict)
    """Metric to what a perfect model would reach, where that is less than 1."""
    ranks: Mapping[str, Ints] = field(default_factory=dict)
    """Row to (observations,): the place of the first right answer, from 1; 0 where the list ends before it."""
    facets: Mapping[str, Facet] = field(default_factory=dict)
    """By what the table is also told apart: colour, category ..., one value an observation."""
    of: str = "photos"

    def __len__(self) -> int:
        return len(self.photos)

    def columns(self) -> list[tuple[str, str]]:
        """(Row, metric) of every number of the table, in order."""
        return [(row, metric) for row, metrics in self.gained.items() for metric in metrics]

    def sums(self) -> tuple[Floats, Floats]:
        """What was gained and what was possible, both (observations, columns)."""
        ones = np.ones(len(self))
        gained = [self.gained[row][metric] for row, metric in self.columns()]
        possible = [self.possible.get(metric, ones) for _, metric in self.columns()]
        return np.stack(gained, axis=1), np.stack(possible, axis=1)

    def only(self, observations: Ints) -> "Scored":
        """The same table of some observations; ceilings are those of the whole and left out."""
        return Scored(
            self.photos[observations],
            self.items[observations],
            {row: {name: of[observations] for name, of in metrics.items()} for row, metrics in self.gained.items()},
            {name: of[observations] for name, of in self.possible.items()},
            of=self.of,
        )

    def counted(self, metric: str) -> Ints:
        """The observations that a metric counts."""
        if metric not in self.possible:
            return np.arange(len(self))
        return np.flatnonzero(self.possible[metric] > 0)

    def table(self) -> Table:
        """The shares; a metric for which nothing was possible is absent."""
        return as_table(self.columns(), shares(*self.sums()))

    def resampled(self, resamples: int) -> Floats:
        """(resamples, columns): the shares under the bootstrap."""
        return resampled_shares(*self.sums(), self.items, resamples)


def as_table(columns: list[tuple[str, str]], values: Floats) -> Table:
    """Values in the order of columns as a table; NaN is left out."""
    table: Table = {}
    for (row, metric), value in zip(columns, values.tolist(), strict=True):
        table.setdefault(row, {})
        if not np.isnan(value):
            table[row][metric] = value
    return table
