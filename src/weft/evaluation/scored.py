"""A results table before it is averaged: what every photo gained, by every model, with all that the averages need."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from weft.evaluation.bootstrap import resampled_shares, shares
from weft.evaluation.facets import Facet
from weft.evaluation.rows import Table
from weft.evaluation.search import Floats, Ints


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
