"""What scoring a benchmark yields: tables, counts, notes, and what the report may show of it.

From what every photo gained to the numbers people read: shares, intervals, paired differences.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from weft.evaluation.bootstrap import LEVEL, SEED, interval
from weft.evaluation.knn import Floats, Ints
from weft.evaluation.results import Scored, Table
from weft.evaluation.retrieval_metrics import Ranking

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


@dataclass(frozen=True)
class Tagged:
    """Words predicted for photos."""

    photos: Ints
    """(photos,), rows of the benchmark's photos."""
    predicted: Ints
    """(photos, words shown), word ids, best first."""
    quality: Ints
    """(photos,): the lower, the worse the prediction; only the order counts."""


@dataclass
class Outcome:
    """Filled by one table after the other."""

    tables: dict[str, Scored] = field(default_factory=dict)
    means: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Tables that are the plain mean of others, which they name."""
    parts: dict[tuple[str, str, str], Scored] = field(default_factory=dict)
    """(Table, facet, value): parts of a table that are no choice of its photos."""
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    strips: dict[str, Ranking] = field(default_factory=dict)
    """The same queries ranked by the models named."""
    tagged: Tagged | None = None

    def measured(self, resamples: int) -> dict[str, Measured]:
        """Every table with its intervals; a mean comes after the last of its parts."""
        found: dict[str, Measured] = {}
        for name, scored in self.tables.items():
            found[name] = measure(scored, resamples)
            for mean, parts in self.means.items():
                if parts[-1] == name:
                    found[mean] = measure_mean([self.tables[part] for part in parts], resamples)
        return found

    def metrics(self, benchmark: str, reader: str, measured: dict[str, Measured], resamples: int) -> dict[str, object]:
        """The content of metrics.json; shares rounded to 6 digits."""
        return {
            "benchmark": benchmark,
            "reader": reader,
            "counts": dict(self.counts),
            "notes": list(self.notes),
            "tables": {name: _rounded(of.table) for name, of in measured.items()},
            "intervals": {name: of.intervals for name, of in measured.items()},
            "differences": {name: of.differences for name, of in measured.items() if of.differences},
            "ceilings": self._ceilings(),
            "sizes": {name: self._size(name) for name in measured},
            "bootstrap": {"level": LEVEL, "resamples": resamples, "seed": SEED},
        }

    def _ceilings(self) -> dict[str, dict[str, float]]:
        ceilings = {name: _ceilings(scored) for name, scored in self.tables.items()}
        for name, parts in self.means.items():
            metrics = dict.fromkeys(metric for part in parts for metric in ceilings[part])
            ceilings[name] = {
                metric: round(sum(ceilings[part].get(metric, 1.0) for part in parts) / len(parts), 6)
                for metric in metrics
            }
        return {name: values for name, values in ceilings.items() if values}

    def _size(self, name: str) -> dict[str, object]:
        scored = self.tables[self.means[name][0] if name in self.means else name]
        return {"of": scored.of, "observations": len(scored), "items": len(set(scored.items.tolist()))}


def flat(measured: dict[str, Measured]) -> dict[str, float]:
    """Every number by a name MLflow takes: "retrieval/after_finetune/recall_at_1"."""
    return {
        f"{name}/{_plain(row)}/{metric}": value
        for name, of in measured.items()
        for row, values in of.table.items()
        for metric, value in values.items()
    }


def _ceilings(scored: Scored) -> dict[str, float]:
    return {metric: round(value, 6) for metric, value in scored.ceilings.items() if value < 1}


def _rounded(table: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {row: {metric: round(value, 6) for metric, value in values.items()} for row, values in table.items()}


def _plain(row: str) -> str:
    return row.replace(",", "").replace(" ", "_")
