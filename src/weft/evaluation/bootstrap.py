"""Confidence intervals by the cluster bootstrap, and the paired comparison of two evaluations of one benchmark.

The photos of one product succeed and fail together, so resampling single photos would make every interval too narrow
(Field and Welsh, Bootstrapping clustered data, 2007). All rows of a table are resampled with the same clusters, so
the interval of their difference is paired. Intervals are percentile intervals: a ratio of exactly 0 or 1 gets an
interval of width 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weft.contracts.arrays import Floats, Ints
from weft.errors import ContractError

CONFIDENCE_LEVEL = 0.95
SEED = 1
"""Fixed, so that the results depend on the inputs only."""
_MAX_DRAWS_PER_STEP = 4_000_000
"""Clusters drawn in one step: 32 MB, whatever the size of the test set."""


def ratio_of_sums(numerators: Floats, denominators: Floats) -> Floats:
    """Return the sum of the numerators over the sum of the denominators of each column; NaN where that sum is 0.

    Args:
        numerators: (queries, columns).
        denominators: (queries, columns).
    """
    total = denominators.sum(axis=0)
    ratios: Floats = np.divide(numerators.sum(axis=0), total, out=np.full(len(total), np.nan), where=total > 0)
    return ratios


def bootstrap_ratios(
    numerators: Floats, denominators: Floats, cluster_ids: Ints, num_samples: int, seed: int = SEED
) -> Floats:
    """Return the ratio of sums of every bootstrap sample; a sample draws as many clusters, with replacement.

    A sample is a count per cluster, so all samples of all columns take two matrix products.

    Args:
        numerators: (queries, columns).
        denominators: (queries, columns).
        cluster_ids: (queries,): the cluster of each query, any integers.
        num_samples: Number of bootstrap samples.
        seed: The same seed and number of clusters give the same samples, whatever the columns hold.

    Returns:
        (num_samples, columns); NaN where the denominators of a sample sum to 0.
    """
    _, cluster = np.unique(cluster_ids, return_inverse=True)
    num_clusters = int(cluster.max(initial=-1)) + 1
    if not num_clusters:
        return np.full((num_samples, numerators.shape[1]), np.nan)
    numerator_sums = _sum_by_cluster(numerators, cluster, num_clusters)
    denominator_sums = _sum_by_cluster(denominators, cluster, num_clusters)
    random = np.random.default_rng(seed)
    ratios = np.empty((num_samples, numerators.shape[1]))
    step = max(1, _MAX_DRAWS_PER_STEP // num_clusters)
    for start in range(0, num_samples, step):
        size = min(step, num_samples - start)
        drawn = random.integers(num_clusters, size=(size, num_clusters)) + num_clusters * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * num_clusters).reshape(size, num_clusters)
        weights = counts.astype(np.float64)
        numerator, total = weights @ numerator_sums, weights @ denominator_sums
        undefined = np.full(numerator.shape, np.nan)
        ratios[start : start + size] = np.divide(numerator, total, out=undefined, where=total > 0)
    return ratios


def percentile_interval(samples: Floats) -> Floats:
    """Return the bounds of the middle CONFIDENCE_LEVEL of each column, (2, columns); NaN samples do not count.

    Args:
        samples: (num_samples, columns).
    """
    bounds = np.full((2, samples.shape[1]), np.nan)
    for column, values in enumerate(samples.T):
        defined = values[~np.isnan(values)]
        if len(defined):
            bounds[:, column] = np.quantile(defined, [(1 - CONFIDENCE_LEVEL) / 2, (1 + CONFIDENCE_LEVEL) / 2])
    return bounds


def _sum_by_cluster(values: Floats, cluster: Ints, num_clusters: int) -> Floats:
    return np.stack([np.bincount(cluster, column, minlength=num_clusters) for column in values.T], axis=1)


@dataclass(frozen=True)
class RowScores:
    """The per-query scores of one row of one table."""

    metrics: tuple[str, ...]
    query_ids: tuple[str, ...]
    """(queries,): photo_id or word, each once."""
    product_ids: tuple[str, ...]
    """(queries,): the product of each query; the query_id where it has none."""
    cluster_ids: tuple[int, ...]
    """(queries,): the clusters of the bootstrap, as evaluate wrote them."""
    first_hit_ranks: tuple[int | None, ...]
    """(queries,): rank of the first correct answer, from 1; None where the list contains none."""
    numerators: Floats
    """(queries, metrics)."""
    denominators: Floats
    """(queries, metrics)."""


@dataclass(frozen=True)
class PairedDifference:
    """One metric in both evaluations, over the queries that both have."""

    metric: str
    first: float
    second: float
    ci_low: float
    ci_high: float
    """Bounds of the 95 % interval of second - first."""


@dataclass(frozen=True)
class RankChange:
    """A query whose first correct answer has another rank in the second evaluation."""

    product_id: str
    query_id: str
    first: int | None
    """The rank in the first evaluation, from 1; None where the list contains no correct answer."""
    second: int | None


def compute_paired_differences(
    first: RowScores, second: RowScores, num_samples: int
) -> tuple[int, int, list[PairedDifference]]:
    """Compare two evaluations metric by metric, by the paired cluster bootstrap.

    Returns:
        Number of common queries, number of their clusters, and one difference per common metric; a metric that is
        undefined in one of the evaluations is absent.

    Raises:
        ContractError: The evaluations have no common query.
    """
    first_queries, second_queries = _match_queries(first, second)
    metrics = [metric for metric in first.metrics if metric in second.metrics]
    first_columns, second_columns = ([scores.metrics.index(name) for name in metrics] for scores in (first, second))
    first_cells, second_cells = np.ix_(first_queries, first_columns), np.ix_(second_queries, second_columns)
    numerators = np.concatenate([first.numerators[first_cells], second.numerators[second_cells]], axis=1)
    denominators = np.concatenate([first.denominators[first_cells], second.denominators[second_cells]], axis=1)
    cluster_ids = np.array([first.cluster_ids[query] for query in first_queries], np.int64)
    values = ratio_of_sums(numerators, denominators)
    samples = bootstrap_ratios(numerators, denominators, cluster_ids, num_samples)
    bounds = percentile_interval(samples[:, len(metrics) :] - samples[:, : len(metrics)])
    differences = [
        PairedDifference(metric, *map(float, (values[n], values[len(metrics) + n], *bounds[:, n])))
        for n, metric in enumerate(metrics)
        if not np.isnan(values[[n, len(metrics) + n]]).any()
    ]
    return len(first_queries), len(np.unique(cluster_ids)), differences


def find_largest_rank_changes(first: RowScores, second: RowScores, top_n: int) -> list[RankChange]:
    """Return the queries with the largest ratio of ranks, one per product; of equal ratios improvements come first.

    A change from 2 to 1 counts as much as one from 20 to 10. A list without a correct answer counts as one position
    beyond the largest rank of either evaluation.
    """
    known = [rank for scores in (first, second) for rank in scores.first_hit_ranks if rank is not None]
    beyond = max(known, default=0) + 1
    changes = []
    for a, b in zip(*_match_queries(first, second), strict=True):
        before, after = first.first_hit_ranks[a], second.first_hit_ranks[b]
        log_ratio = float(np.log((before or beyond) / (after or beyond)))
        if log_ratio:
            change = RankChange(first.product_ids[a], first.query_ids[a], before, after)
            changes.append((-abs(log_ratio), -log_ratio, change))
    changes.sort(key=lambda entry: (*entry[:2], entry[2].query_id))
    largest: dict[str, RankChange] = {}
    for *_, change in changes:
        largest.setdefault(change.product_id, change)
    return list(largest.values())[:top_n]


def _match_queries(first: RowScores, second: RowScores) -> tuple[Sequence[int], Sequence[int]]:
    """Return the indices of the common queries in each of the two evaluations."""
    index_of = {query_id: index for index, query_id in enumerate(second.query_ids)}
    pairs = [(index, index_of[query_id]) for index, query_id in enumerate(first.query_ids) if query_id in index_of]
    if not pairs:
        raise ContractError("expected runs over the same photos, got two runs without a common query")
    return [index for index, _ in pairs], [index for _, index in pairs]
