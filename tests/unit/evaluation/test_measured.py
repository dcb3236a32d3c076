import numpy as np

from weft.evaluation.benchmark_results import compute_mean_table_with_ci, compute_table_with_ci
from weft.evaluation.per_query_scores import PerQueryScores


def make_scores(better, base, denominators=None, cluster_ids=None, upper_bounds=None):
    count = len(base)
    return PerQueryScores(
        query_indices=np.arange(count),
        cluster_ids=np.arange(count) if cluster_ids is None else cluster_ids,
        numerators={"base": {"m": np.asarray(base, float)}, "better": {"m": np.asarray(better, float)}},
        denominators={} if denominators is None else {"m": np.asarray(denominators, float)},
        upper_bounds=upper_bounds or {},
    )


def test_a_paired_difference_detects_a_small_constant_gain(rng):
    # Photos vary more than models: the separate intervals overlap, but the paired interval excludes 0.
    hard = rng.random(80) * 0.9
    found = compute_table_with_ci(make_scores(hard + 0.02, hard), 1_000)
    low, high = found.intervals["base"]["m"]
    assert low < found.table["better"]["m"] < high
    difference, low, high = found.differences["better"]["base"]["m"]
    assert difference == 0.02
    assert 0 < low <= high


def test_the_interval_of_a_random_difference_includes_zero(rng):
    base = rng.integers(0, 2, 200)
    better = rng.permutation(base)
    _, low, high = compute_table_with_ci(make_scores(better, base), 1_000).differences["better"]["base"]["m"]
    assert low <= 0 <= high


def test_equal_rows_have_a_difference_of_exactly_zero(rng):
    base = rng.random(30)
    assert compute_table_with_ci(make_scores(base, base), 100).differences["better"]["base"]["m"] == [0.0, 0.0, 0.0]


def test_shares_are_weighted_by_the_denominators():
    found = compute_table_with_ci(make_scores([1, 3], [0, 3], denominators=[1, 4]), 100)
    assert found.table == {"base": {"m": 0.6}, "better": {"m": 0.8}}


def test_a_metric_whose_denominators_are_all_zero_is_absent():
    found = compute_table_with_ci(make_scores([0, 0], [0, 0], denominators=[0, 0]), 100)
    assert found.table == {"base": {}, "better": {}}
    assert found.intervals == {}


def test_the_mean_of_tables_is_the_plain_mean_with_shared_resamples(rng):
    left, right = rng.random(40), rng.random(40)
    weights = rng.integers(1, 5, 40)
    one, other = make_scores(left * weights, right * weights, weights), make_scores(1 - left, 1 - right)
    found = compute_mean_table_with_ci([one, other], 500)
    parts = [compute_table_with_ci(part, 500).table["better"]["m"] for part in (one, other)]
    assert found.table["better"]["m"] == sum(parts) / 2
    low, high = found.intervals["better"]["m"]
    assert low <= found.table["better"]["m"] <= high
    # One table gains what the other loses for each photo, so in shared resamples their mean hardly varies.
    widths = [np.diff(compute_table_with_ci(part, 500).intervals["better"]["m"])[0] for part in (one, other)]
    assert high - low < min(widths)


def test_a_subset_is_scored_on_its_own_observations():
    part = make_scores([1, 1, 0], [0, 1, 0]).subset(np.array([0, 1]))
    assert compute_table_with_ci(part, 50).table == {"base": {"m": 0.5}, "better": {"m": 1.0}}
