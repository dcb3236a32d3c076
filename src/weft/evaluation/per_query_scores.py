"""Metrics of every query before they are averaged, and the rows and slices of the results tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from weft.contracts.arrays import Floats, Ints
from weft.contracts.tables import FINETUNED, FROZEN, HEAD_ONLY
from weft.datasets.base import PhotoRecord
from weft.evaluation.bootstrap import bootstrap_ratios, ratio_of_sums

MetricTable = dict[str, dict[str, float]]
"""Row to metric to a value in 0..1. The rows have the order FROZEN, HEAD_ONLY, FINETUNED, then others."""
Value = TypeVar("Value")

MIN_OBSERVATIONS = 5
"""A slice value with fewer queries has no row: its metrics would be noise."""
MAX_SLICE_VALUES = 100

FREQUENCY_BAND_BOUNDS = (0.1, 0.01, 0.001)
FREQUENCY_BAND_NAMES = ("over 10 % of products", "1 to 10 %", "0.1 to 1 %", "under 0.1 %")
"""Bands of words by the share of training products whose text contains them."""
WORD_FREQUENCY = "word frequency"
"""The slice of the frequency bands."""


def knn_tags_row(model: str, neighbours: int) -> str:
    """Return the row name of kNN tag transfer, the baseline of all word predictions."""
    return f"{model} (kNN tags, k={neighbours})"


def encoder_rows(frozen: Value, finetuned: Value) -> dict[str, Value]:
    """Return the rows of a table that depends on z only; train_head keeps the encoder, so its row equals FROZEN."""
    return {FROZEN: frozen, HEAD_ONLY: frozen, FINETUNED: finetuned}


@dataclass(frozen=True)
class SliceColumn:
    """One categorical value for every query, for example its colour."""

    codes: Ints
    """(queries,): indices into `values`, -1 where the value is unknown."""
    values: tuple[str, ...]

    def take(self, queries: Ints) -> "SliceColumn":
        """Return the column of some of the queries."""
        return SliceColumn(self.codes[queries], self.values)

    def subsets(self) -> list[tuple[str, Ints]]:
        """Return (value, indices of its queries), sorted by value.

        Values with fewer than MIN_OBSERVATIONS queries are left out; only the MAX_SLICE_VALUES commonest are kept.
        """
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))
        commonest = np.argsort(-counts, kind="stable")[:MAX_SLICE_VALUES]
        kept = [int(code) for code in commonest if counts[code] >= MIN_OBSERVATIONS]
        return sorted((self.values[code], np.flatnonzero(self.codes == code)) for code in kept)


def encode_slice_column(values: list[str | None]) -> SliceColumn:
    """Encode one text per query, None where it is unknown."""
    distinct = sorted({value for value in values if value is not None})
    code_of = {value: code for code, value in enumerate(distinct)}
    return SliceColumn(
        np.array([-1 if value is None else code_of[value] for value in values], np.int64), tuple(distinct)
    )


def assign_frequency_bands(document_frequencies: Ints, num_products: int) -> Ints:
    """Return the band of each word, an index into FREQUENCY_BAND_NAMES.

    Args:
        document_frequencies: (words,): training products whose text contains the word.
        num_products: Number of training products.
    """
    share = document_frequencies / max(num_products, 1)
    return np.asarray((share[:, None] <= np.array(FREQUENCY_BAND_BOUNDS)[None, :]).sum(axis=1), np.int64)


def build_slice_columns(records: Iterable[PhotoRecord], fields: Mapping[str, str]) -> dict[str, SliceColumn]:
    """Return the slice columns of photos; a slice without any known value is absent.

    Args:
        records: One record per photo.
        fields: Slice to the key in `PhotoRecord.labels`.
    """
    values: dict[str, list[str | None]] = {name: [] for name in fields}
    for record in records:
        for name, label in fields.items():
            values[name].append(record.labels.get(label))
    return {
        name: encode_slice_column(column)
        for name, column in values.items()
        if any(value is not None for value in column)
    }


@dataclass(frozen=True)
class PerQueryScores:
    """One results table before averaging: a metric is the sum of its numerators over the sum of its denominators."""

    query_indices: Ints
    """(queries,): rows of the benchmark's photos, or word ids where `query_kind` is "words"."""
    cluster_ids: Ints
    """(queries,): queries of the same cluster are resampled together by the bootstrap."""
    numerators: Mapping[str, Mapping[str, Floats]]
    """Row to metric to (queries,)."""
    denominators: Mapping[str, Floats] = field(default_factory=dict)
    """Metric to (queries,). A metric that is absent here has a denominator of 1 for every query."""
    upper_bounds: Mapping[str, float] = field(default_factory=dict)
    """Metric to the value of a perfect model, where that is less than 1."""
    first_hit_ranks: Mapping[str, Ints] = field(default_factory=dict)
    """Row to (queries,): rank of the first correct answer, from 1; 0 where the list contains none."""
    slices: Mapping[str, SliceColumn] = field(default_factory=dict)
    """Slice to one value per query: colour, category ..."""
    query_kind: str = "photos"
    """ "photos" or "words"."""

    def __len__(self) -> int:
        return len(self.query_indices)

    def columns(self) -> list[tuple[str, str]]:
        """Return (row, metric) of every number of the table, in order."""
        return [(row, metric) for row, metrics in self.numerators.items() for metric in metrics]

    def stack_columns(self) -> tuple[Floats, Floats]:
        """Return numerators and denominators, each (queries, columns)."""
        ones = np.ones(len(self))
        numerators = [self.numerators[row][metric] for row, metric in self.columns()]
        denominators = [self.denominators.get(metric, ones) for _, metric in self.columns()]
        return np.stack(numerators, axis=1), np.stack(denominators, axis=1)

    def subset(self, queries: Ints) -> "PerQueryScores":
        """Return the scores of some of the queries, without ranks, slices and upper bounds."""
        return PerQueryScores(
            self.query_indices[queries],
            self.cluster_ids[queries],
            {
                row: {name: values[queries] for name, values in metrics.items()}
                for row, metrics in self.numerators.items()
            },
            {name: values[queries] for name, values in self.denominators.items()},
            query_kind=self.query_kind,
        )

    def get_counted_queries(self, metric: str) -> Ints:
        """Return the queries whose denominator of `metric` is above 0."""
        if metric not in self.denominators:
            return np.arange(len(self))
        return np.flatnonzero(self.denominators[metric] > 0)

    def compute_table(self) -> MetricTable:
        """Return the metrics; one whose denominators are all 0 is absent."""
        return columns_to_table(self.columns(), ratio_of_sums(*self.stack_columns()))

    def bootstrap(self, num_samples: int) -> Floats:
        """Return the metrics of every bootstrap sample, (num_samples, columns)."""
        return bootstrap_ratios(*self.stack_columns(), self.cluster_ids, num_samples)


def columns_to_table(columns: list[tuple[str, str]], values: Floats) -> MetricTable:
    """Return the values of (row, metric) columns as a table; NaN is left out."""
    table: MetricTable = {}
    for (row, metric), value in zip(columns, values.tolist(), strict=True):
        table.setdefault(row, {})
        if not np.isnan(value):
            table[row][metric] = value
    return table
