import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.evaluation import bootstrap
from weft.evaluation.bootstrap import CONFIDENCE_LEVEL, bootstrap_ratios, percentile_interval, ratio_of_sums


def naive_bootstrap(numerator, denominator, cluster_ids, resamples, seed=bootstrap.SEED):
    """Draw clusters with replacement, one draw and one observation at a time."""
    names = sorted(set(cluster_ids.tolist()))
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(names), size=(resamples, len(names)))
    ratios = np.full((resamples, numerator.shape[1]), np.nan)
    for draw in range(resamples):
        numerator_sum, denominator_sum = np.zeros(numerator.shape[1]), np.zeros(numerator.shape[1])
        for cluster in draws[draw]:
            for row in np.flatnonzero(cluster_ids == names[cluster]):
                numerator_sum += numerator[row]
                denominator_sum += denominator[row]
        for column in range(numerator.shape[1]):
            if denominator_sum[column]:
                ratios[draw, column] = numerator_sum[column] / denominator_sum[column]
    return ratios


def test_a_share_is_a_ratio_of_sums():
    numerator, denominator = np.array([[1.0, 0], [2, 0]]), np.array([[2.0, 0], [4, 0]])
    assert ratio_of_sums(numerator, denominator)[0] == 0.5
    assert np.isnan(ratio_of_sums(numerator, denominator)[1])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**32))
def test_two_matrix_products_equal_drawing_clusters_one_by_one(observations, columns, seed):
    rng = np.random.default_rng(seed)
    denominator = rng.integers(0, 3, (observations, columns)).astype(float)
    numerator = denominator * rng.random((observations, columns))
    cluster_ids = rng.integers(0, 5, observations)
    expected = naive_bootstrap(numerator, denominator, cluster_ids, 20)
    np.testing.assert_allclose(bootstrap_ratios(numerator, denominator, cluster_ids, 20), expected, atol=1e-12)


def test_drawing_in_chunks_gives_the_same_result(monkeypatch, rng):
    numerator, ones, cluster_ids = rng.random((40, 2)), np.ones((40, 2)), np.arange(40) % 13
    whole = bootstrap_ratios(numerator, ones, cluster_ids, 50)
    monkeypatch.setattr(bootstrap, "_MAX_DRAWS_PER_STEP", 40)
    np.testing.assert_array_equal(bootstrap_ratios(numerator, ones, cluster_ids, 50), whole)


def test_photos_of_one_cluster_are_drawn_together(rng):
    # The 30 photos of each of ten clusters succeed or fail together, so 300 photos have the information of ten.
    success = np.repeat(rng.integers(0, 2, 10), 30).astype(float)[:, None]
    ones = np.ones((300, 1))
    by_cluster = percentile_interval(bootstrap_ratios(success, ones, np.repeat(np.arange(10), 30), 1_000))
    by_photo = percentile_interval(bootstrap_ratios(success, ones, np.arange(300), 1_000))
    assert np.diff(by_cluster[:, 0])[0] > 3 * np.diff(by_photo[:, 0])[0]


def test_the_interval_covers_the_true_value_at_the_confidence_level():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        # 60 clusters with 1 to 4 photos each and with different difficulties; the true share is 0.4.
        cluster_ids = np.repeat(np.arange(60), rng.integers(1, 5, 60))
        difficulty = rng.beta(2, 3, 60)[cluster_ids]
        hit = (rng.random(len(cluster_ids)) < difficulty).astype(float)[:, None]
        low, high = percentile_interval(bootstrap_ratios(hit, np.ones_like(hit), cluster_ids, 300))[:, 0]
        covered += low <= 0.4 <= high
    assert CONFIDENCE_LEVEL - 0.05 <= covered / 200 <= 1


def test_the_interval_of_only_hits_or_only_misses_has_no_width():
    numerator = np.stack([np.ones(9), np.zeros(9)], axis=1)
    bounds = percentile_interval(bootstrap_ratios(numerator, np.ones((9, 2)), np.arange(9), 100))
    assert bounds.tolist() == [[1, 0], [1, 0]]


def test_without_observations_there_is_no_interval():
    assert np.isnan(
        percentile_interval(bootstrap_ratios(np.zeros((0, 1)), np.zeros((0, 1)), np.array([], int), 10))
    ).all()


def test_equal_seeds_draw_equal_samples(rng):
    numerator, ones, cluster_ids = rng.random((30, 1)), np.ones((30, 1)), np.arange(30)
    first = bootstrap_ratios(numerator, ones, cluster_ids, 40)
    assert bootstrap_ratios(numerator, ones, cluster_ids, 40).tolist() == first.tolist()
    assert bootstrap_ratios(numerator, ones, cluster_ids, 40, seed=2).tolist() != first.tolist()


@pytest.mark.parametrize("shift", [1, 1_000_003])
def test_the_values_of_cluster_ids_do_not_matter(rng, shift):
    numerator, ones, cluster_ids = rng.random((30, 1)), np.ones((30, 1)), np.arange(30) % 7
    expected = bootstrap_ratios(numerator, ones, cluster_ids, 40)
    assert bootstrap_ratios(numerator, ones, cluster_ids + shift, 40).tolist() == expected.tolist()
