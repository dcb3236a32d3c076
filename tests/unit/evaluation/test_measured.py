import numpy as np

from weft.evaluation.benchmark_results import compute_mean_table_with_ci, compute_table_with_ci
from weft.evaluation.per_query_scores import PerQueryScores


def make_scores(better, base, possible=None, items=None, ceilings=None):
    count = len(base)
    return PerQueryScores(
        query_indices=np.arange(count),
        cluster_ids=np.arange(count) if items is None else items,
        numerators={"base": {"m": np.asarray(base, float)}, "better": {"m": np.asarray(better, float)}},
        denominators={} if possible is None else {"m": np.asarray(possible, float)},
        upper_bounds=ceilings or {},
    )


def test_a_difference_is_paired_so_a_small_steady_gain_is_seen(rng):
    # Photos differ far more from each other than models do: apart the intervals overlap, paired they exclude 0.
    hard = rng.random(80) * 0.9
    found = compute_table_with_ci(make_scores(hard + 0.02, hard), 1_000)
    low, high = found.intervals["base"]["m"]
    assert low < found.table["better"]["m"] < high
    difference, low, high = found.differences["better"]["base"]["m"]
    assert difference == 0.02
    assert 0 < low <= high


def test_a_difference_of_nothing_but_noise_includes_zero(rng):
    base = rng.integers(0, 2, 200)
    better = rng.permutation(base)
    _, low, high = compute_table_with_ci(make_scores(better, base), 1_000).differences["better"]["base"]["m"]
    assert low <= 0 <= high


def test_equal_rows_differ_by_exactly_zero(rng):
    base = rng.random(30)
    assert compute_table_with_ci(make_scores(base, base), 100).differences["better"]["base"]["m"] == [0.0, 0.0, 0.0]


def test_pooled_shares_weigh_photos_by_what_they_could_gain():
    found = compute_table_with_ci(make_scores([1, 3], [0, 3], possible=[1, 4]), 100)
    assert found.table == {"base": {"m": 0.6}, "better": {"m": 0.8}}


def test_a_metric_with_nothing_to_gain_is_absent_not_zero():
    found = compute_table_with_ci(make_scores([0, 0], [0, 0], possible=[0, 0]), 100)
    assert found.table == {"base": {}, "better": {}}
    assert found.intervals == {}


def test_the_mean_of_tables_is_the_plain_mean_drawn_together(rng):
    left, right = rng.random(40), rng.random(40)
    weights = rng.integers(1, 5, 40)
    one, other = make_scores(left * weights, right * weights, weights), make_scores(1 - left, 1 - right)
    found = compute_mean_table_with_ci([one, other], 500)
    parts = [compute_table_with_ci(part, 500).table["better"]["m"] for part in (one, other)]
    assert found.table["better"]["m"] == sum(parts) / 2
    low, high = found.intervals["better"]["m"]
    assert low <= found.table["better"]["m"] <= high
    # What one table gains the other loses, photo by photo: their mean hardly moves, for both are drawn together.
    widths = [np.diff(compute_table_with_ci(part, 500).intervals["better"]["m"])[0] for part in (one, other)]
    assert high - low < min(widths)


def test_parts_of_a_table_are_measured_on_their_observations_alone():
    part = make_scores([1, 1, 0], [0, 1, 0]).subset(np.array([0, 1]))
    assert compute_table_with_ci(part, 50).table == {"base": {"m": 0.5}, "better": {"m": 1.0}}
