"""The results of one benchmark: tables with confidence intervals, counts, notes, and material for examples."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from weft.bags import WordBags
from weft.contracts.arrays import Floats, Ints
from weft.evaluation.bootstrap import CONFIDENCE_LEVEL, SEED, percentile_interval
from weft.evaluation.per_query_scores import MetricTable, PerQueryScores
from weft.evaluation.retrieval_metrics import RankedLists

Intervals = dict[str, dict[str, list[float]]]
"""Row to metric to [ci_low, ci_high]."""
Differences = dict[str, dict[str, dict[str, list[float]]]]
"""Row to a row above it to metric to [difference, ci_low, ci_high]; the row is better where ci_low is above 0."""

_DIGITS = 6


@dataclass(frozen=True)
class TableWithCI:
    """One results table with confidence intervals and paired differences."""

    table: MetricTable
    intervals: Intervals
    differences: Differences


@dataclass(frozen=True)
class _Columns:
    """The numbers of a table and their bootstrap samples, one column per (row, metric)."""

    names: list[tuple[str, str]]
    values: Floats
    """(columns,)."""
    samples: Floats
    """(num_samples, columns)."""
    has_several_clusters: bool
    """A single cluster gives the same sample every time, hence no interval."""


def compute_table_with_ci(scores: PerQueryScores, num_samples: int) -> TableWithCI:
    """Return a table with intervals and the differences of all pairs of rows; with one cluster it has neither."""
    return _build_table(_compute_columns(scores, num_samples))


def compute_mean_table_with_ci(tables: Sequence[PerQueryScores], num_samples: int) -> TableWithCI:
    """Return the unweighted mean of tables with the same rows, metrics and clusters, which are resampled together.

    A metric that is undefined in one of the tables is absent.
    """
    parts = [_compute_columns(scores, num_samples) for scores in tables]
    values = np.mean([columns.values for columns in parts], axis=0)
    samples = np.mean([columns.samples for columns in parts], axis=0)
    return _build_table(_Columns(parts[0].names, values, samples, parts[0].has_several_clusters))


def _compute_columns(scores: PerQueryScores, num_samples: int) -> _Columns:
    names, table = scores.columns(), scores.compute_table()
    values = np.array([table[row].get(metric, np.nan) for row, metric in names])
    return _Columns(names, values, scores.bootstrap(num_samples), len(np.unique(scores.cluster_ids)) > 1)


def _build_table(columns: _Columns) -> TableWithCI:
    table: MetricTable = {}
    intervals: Intervals = {}
    differences: Differences = {}
    column_of = {name: number for number, name in enumerate(columns.names)}
    bounds = percentile_interval(columns.samples)
    for (row, metric), column in column_of.items():
        table.setdefault(row, {})
        if np.isnan(columns.values[column]):
            continue
        table[row][metric] = float(columns.values[column])
        if not columns.has_several_clusters:
            continue
        intervals.setdefault(row, {})[metric] = round_values(bounds[:, column])
        for other_row, other in _rows_above(column_of, row, metric):
            sampled = columns.samples[:, column] - columns.samples[:, other]
            difference = [columns.values[column] - columns.values[other], *percentile_interval(sampled[:, None])[:, 0]]
            differences.setdefault(row, {}).setdefault(other_row, {})[metric] = round_values(difference)
    return TableWithCI(table, intervals, differences)


def _rows_above(column_of: Mapping[tuple[str, str], int], row: str, metric: str) -> Iterator[tuple[str, int]]:
    """Yield (row, column) of the same metric in the rows above."""
    rows = list(dict.fromkeys(name for name, _ in column_of))
    for other in rows[: rows.index(row)]:
        if (other, metric) in column_of:
            yield other, column_of[other, metric]


def round_values(values: Sequence[float] | Floats) -> list[float]:
    """Round to the digits of metrics.json; minus zero becomes zero."""
    return [round(float(value), _DIGITS) + 0.0 for value in values]


@dataclass(frozen=True)
class TagPredictions:
    """Words predicted for photos."""

    photo_rows: Ints
    """(photos,): rows of the benchmark's photos."""
    predicted_words: Ints
    """(photos, words shown): word ids, best first."""
    quality: Ints
    """(photos,): lower is worse; only the order is used."""
    text_words: WordBags | None = None
    """The words of the products' texts, (photos,); only the own catalogue has them."""


@dataclass
class BenchmarkResults:
    """The results that the tasks of a benchmark add to."""

    tables: dict[str, PerQueryScores] = field(default_factory=dict)
    mean_tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Tables that are the unweighted mean of the tables named."""
    extra_slices: dict[tuple[str, str, str], PerQueryScores] = field(default_factory=dict)
    """(table, slice, slice value) to scores, for slices that are not a subset of the table's queries."""
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    ranked_examples: dict[str, RankedLists] = field(default_factory=dict)
    """Model to its ranked lists; all have the same queries."""
    tag_predictions: TagPredictions | None = None

    def compute_tables(self, num_samples: int) -> dict[str, TableWithCI]:
        """Return every table with intervals; a mean table follows the last of its parts."""
        computed: dict[str, TableWithCI] = {}
        for name, scores in self.tables.items():
            computed[name] = compute_table_with_ci(scores, num_samples)
            for mean, parts in self.mean_tables.items():
                if parts[-1] == name:
                    computed[mean] = compute_mean_table_with_ci([self.tables[part] for part in parts], num_samples)
        return computed

    def to_metrics_json(
        self, benchmark: str, reader: str, tables: dict[str, TableWithCI], num_samples: int
    ) -> dict[str, object]:
        """Return the content of metrics.json, with values rounded to 6 digits; a metric that is undefined is None."""
        return {
            "benchmark": benchmark,
            "reader": reader,
            "counts": dict(self.counts),
            "notes": list(self.notes),
            "tables": {name: self._round_table(name, computed.table) for name, computed in tables.items()},
            "intervals": {name: computed.intervals for name, computed in tables.items()},
            "differences": {name: computed.differences for name, computed in tables.items() if computed.differences},
            "upper_bounds": self._upper_bounds(),
            "sizes": {name: self._size(name) for name in tables},
            "bootstrap": {"level": CONFIDENCE_LEVEL, "resamples": num_samples, "seed": SEED},
        }

    def _upper_bounds(self) -> dict[str, dict[str, float]]:
        bounds = {
            name: {metric: round(value, _DIGITS) for metric, value in scores.upper_bounds.items() if value < 1}
            for name, scores in self.tables.items()
        }
        for name, parts in self.mean_tables.items():
            metrics = dict.fromkeys(metric for part in parts for metric in bounds[part])
            bounds[name] = {
                metric: round(sum(bounds[part].get(metric, 1.0) for part in parts) / len(parts), _DIGITS)
                for metric in metrics
            }
        return {name: values for name, values in bounds.items() if values}

    def _round_table(self, name: str, table: MetricTable) -> dict[str, dict[str, float | None]]:
        """Return the table with every row and metric that its task measures, whatever the values are."""
        rounded: dict[str, dict[str, float | None]] = {}
        for row, metric in self._get_scores(name).columns():
            value = table.get(row, {}).get(metric)
            rounded.setdefault(row, {})[metric] = None if value is None else round(value, _DIGITS)
        return rounded

    def _get_scores(self, name: str) -> PerQueryScores:
        """Return the scores of a table; those of its first part for a mean table, whose rows and metrics are equal."""
        return self.tables[self.mean_tables[name][0] if name in self.mean_tables else name]

    def _size(self, name: str) -> dict[str, object]:
        scores = self._get_scores(name)
        return {
            "of": scores.query_kind,
            "observations": len(scores),
            "items": len(set(scores.cluster_ids.tolist())),
        }


def flatten_metrics(tables: dict[str, TableWithCI]) -> dict[str, float]:
    """Return every number under a name that MLflow accepts, for example "retrieval/finetuned/recall_at_1"."""
    return {
        f"{name}/{_to_mlflow_name(row)}/{metric}": value
        for name, computed in tables.items()
        for row, values in computed.table.items()
        for metric, value in values.items()
    }


def _to_mlflow_name(row: str) -> str:
    """Replace what MLflow forbids in metric names: "finetuned (kNN tags, k=20)" becomes "finetuned_kNN_tags_k_20"."""
    return re.sub(r"[^A-Za-z0-9]+", "_", row).strip("_")
