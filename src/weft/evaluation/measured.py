"""From what every photo gained to the numbers people read: shares, intervals, paired differences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from weft.evaluation.bootstrap import interval
from weft.evaluation.rows import Table
from weft.evaluation.scored import Scored
from weft.evaluation.search import Floats

Intervals = dict[str, dict[str, list[float]]]
"""Row to metric to [low, high]."""
Differences = dict[str, dict[str, dict[str, list[float]]]]
"""Row to an earlier row to metric to [difference, low, high], as shares; the row gains where low is above 0."""

_DIGITS = 6


@dataclass(frozen=True)
class Measured:
    """One table as it is read."""

    table: Table
    intervals: Intervals
    differences: Differences


@dataclass(frozen=True)
class _Columns:
    """The numbers of a table and their values under the bootstrap, column by column."""

    names: list[tuple[str, str]]
    values: Floats
    resampled: Floats
    several: bool
    """Whether there are several items: a single one drawn again and again is always the same."""


def measure(scored: Scored, resamples: int) -> Measured:
    """A table with its intervals and the differences of all pairs of its rows; of one item there are neither."""
    return _measured(_columns(scored, resamples))


def measure_mean(tables: Sequence[Scored], resamples: int) -> Measured:
    """The plain mean of tables of the same rows, metrics and items, which are drawn together.

    A metric that one of the tables could not measure is absent.
    """
    every = [_columns(scored, resamples) for scored in tables]
    values = np.mean([columns.values for columns in every], axis=0)
    resampled = np.mean([columns.resampled for columns in every], axis=0)
    return _measured(_Columns(every[0].names, values, resampled, every[0].several))


def _columns(scored: Scored, resamples: int) -> _Columns:
    names, table = scored.columns(), scored.table()
    values = np.array([table[row].get(metric, np.nan) for row, metric in names])
    return _Columns(names, values, scored.resampled(resamples), len(np.unique(scored.items)) > 1)


def _measured(columns: _Columns) -> Measured:
    table: Table = {}
    intervals: Intervals = {}
    differences: Differences = {}
    place = {name: number for number, name in enumerate(columns.names)}
    bounds = interval(columns.resampled)
    for (row, metric), number in place.items():
        table.setdefault(row, {})
        if np.isnan(columns.values[number]):
            continue
        table[row][metric] = float(columns.values[number])
        if not columns.several:
            continue
        intervals.setdefault(row, {})[metric] = rounded(bounds[:, number])
        for against, other in _earlier(place, row, metric):
            drawn = columns.resampled[:, number] - columns.resampled[:, other]
            found = [columns.values[number] - columns.values[other], *interval(drawn[:, None])[:, 0]]
            differences.setdefault(row, {}).setdefault(against, {})[metric] = rounded(found)
    return Measured(table, intervals, differences)


def _earlier(place: Mapping[tuple[str, str], int], row: str, metric: str) -> Iterator[tuple[str, int]]:
    """(Row, column) of the same metric in the rows above."""
    rows = list(dict.fromkeys(name for name, _ in place))
    for other in rows[: rows.index(row)]:
        if (other, metric) in place:
            yield other, place[other, metric]


def rounded(values: Sequence[float] | Floats) -> list[float]:
    """The values with the digits of metrics.json; minus zero is zero."""
    return [round(float(value), _DIGITS) + 0.0 for value in values]
