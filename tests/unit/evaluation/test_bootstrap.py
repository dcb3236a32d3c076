import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.evaluation import bootstrap
from weft.evaluation.bootstrap import CONFIDENCE_LEVEL, bootstrap_ratios, percentile_interval, ratio_of_sums


def naive_bootstrap(numerator, denominator, cluster_ids, resamples, seed=bootstrap.SEED):
    """Draw items with replacement, one draw and one observation at a time."""
    names = sorted(set(cluster_ids.tolist()))
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(names), size=(resamples, len(names)))
    found = np.full((resamples, numerator.shape[1]), np.nan)
    for draw in range(resamples):
        gain, total = np.zeros(numerator.shape[1]), np.zeros(numerator.shape[1])
        for cluster in drawn[draw]:
            for row in np.flatnonzero(cluster_ids == names[cluster]):
                gain += numerator[row]
                total += denominator[row]
        for column in range(numerator.shape[1]):
            if total[column]:
                found[draw, column] = gain[column] / total[column]
    return found


def test_a_share_is_a_ratio_of_sums_worked_by_hand():
    gained, possible = np.array([[1.0, 0], [2, 0]]), np.array([[2.0, 0], [4, 0]])
    assert ratio_of_sums(gained, possible)[0] == 0.5
    assert np.isnan(ratio_of_sums(gained, possible)[1])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**32))
def test_two_matrix_products_equal_drawing_items_one_by_one(observations, columns, seed):
    random = np.random.default_rng(seed)
    possible = random.integers(0, 3, (observations, columns)).astype(float)
    gained = possible * random.random((observations, columns))
    items = random.integers(0, 5, observations)
    expected = naive_bootstrap(gained, possible, items, 20)
    np.testing.assert_allclose(bootstrap_ratios(gained, possible, items, 20), expected, atol=1e-12)


def test_drawing_in_pieces_gives_the_same(monkeypatch, rng):
    gained, ones, items = rng.random((40, 2)), np.ones((40, 2)), np.arange(40) % 13
    whole = bootstrap_ratios(gained, ones, items, 50)
    monkeypatch.setattr(bootstrap, "_MAX_DRAWS_PER_STEP", 40)
    np.testing.assert_array_equal(bootstrap_ratios(gained, ones, items, 50), whole)


def test_photos_of_one_item_are_drawn_together(rng):
    # Ten items of 30 photos that succeed or fail as one: 300 photos tell no more than ten would.
    success = np.repeat(rng.integers(0, 2, 10), 30).astype(float)[:, None]
    ones = np.ones((300, 1))
    by_item = percentile_interval(bootstrap_ratios(success, ones, np.repeat(np.arange(10), 30), 1_000))
    by_photo = percentile_interval(bootstrap_ratios(success, ones, np.arange(300), 1_000))
    assert np.diff(by_item[:, 0])[0] > 3 * np.diff(by_photo[:, 0])[0]


def test_the_interval_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        # 60 items with 1 to 4 photos each; items differ in how hard they are; the true share is 0.4.
        items = np.repeat(np.arange(60), random.integers(1, 5, 60))
        hard = random.beta(2, 3, 60)[items]
        hit = (random.random(len(items)) < hard).astype(float)[:, None]
        low, high = percentile_interval(bootstrap_ratios(hit, np.ones_like(hit), items, 300))[:, 0]
        covered += low <= 0.4 <= high
    assert CONFIDENCE_LEVEL - 0.05 <= covered / 200 <= 1


def test_all_right_and_all_wrong_have_intervals_without_width():
    gained = np.stack([np.ones(9), np.zeros(9)], axis=1)
    bounds = percentile_interval(bootstrap_ratios(gained, np.ones((9, 2)), np.arange(9), 100))
    assert bounds.tolist() == [[1, 0], [1, 0]]


def test_nothing_to_draw_gives_no_interval():
    assert np.isnan(
        percentile_interval(bootstrap_ratios(np.zeros((0, 1)), np.zeros((0, 1)), np.array([], int), 10))
    ).all()


def test_the_same_seed_draws_the_same(rng):
    gained, ones, items = rng.random((30, 1)), np.ones((30, 1)), np.arange(30)
    first = bootstrap_ratios(gained, ones, items, 40)
    assert bootstrap_ratios(gained, ones, items, 40).tolist() == first.tolist()
    assert bootstrap_ratios(gained, ones, items, 40, seed=2).tolist() != first.tolist()


@pytest.mark.parametrize("shift", [1, 1_000_003])
def test_numbers_of_items_are_only_names(rng, shift):
    gained, ones, items = rng.random((30, 1)), np.ones((30, 1)), np.arange(30) % 7
    expected = bootstrap_ratios(gained, ones, items, 40)
    assert bootstrap_ratios(gained, ones, items + shift, 40).tolist() == expected.tolist()
