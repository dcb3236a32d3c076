import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from weft.tagging.thresholds import clopper_pearson_lower, lowest_threshold, min_true_positives

SCORED = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60)


@pytest.mark.parametrize(("precision", "confidence"), [(0.8, 0.9), (0.5, 0.95), (0.95, 0.6), (0.8, 0.5)])
def test_min_true_positives_agrees_with_the_clopper_pearson_bound(precision, confidence):
    required = min_true_positives(60, precision, confidence)
    for n in range(1, 61):
        passing = [k for k in range(1, n + 1) if beta.ppf(1 - confidence, k, n - k + 1) >= precision]
        assert required[n] == min(passing, default=n + 1)


def test_too_few_products_never_reach_a_precision():
    required = min_true_positives(11, 0.8, 0.9)
    assert [n for n in range(1, 12) if required[n] <= n] == [11]


def test_at_the_lower_bound_the_count_has_the_tail_probability_of_the_confidence():
    assert clopper_pearson_lower(11, 11, 0.9) == pytest.approx(0.1 ** (1 / 11))
    assert binom.sf(13, 15, clopper_pearson_lower(14, 15, 0.9)) == pytest.approx(0.1)
    assert clopper_pearson_lower(0, 5, 0.9) == 0.0


def test_the_lowest_passing_threshold_is_chosen():
    scores = np.array([9.0, 8.0, 7.0, 6.0, 5.0])
    in_text = np.array([True, True, True, False, False])
    required = np.array([1, 1, 2, 3, 3, 4])  # three of four are enough
    assert lowest_threshold(scores, in_text, required) == pytest.approx(5.5)


def test_equal_scores_are_predicted_together_or_not_at_all():
    scores = np.array([2.0, 1.0, 1.0, 1.0])
    required = np.arange(5)  # all must be true positives
    assert lowest_threshold(scores, np.array([True, True, True, False]), required) == pytest.approx(1.5)
    assert lowest_threshold(scores, np.array([True, False, True, True]), required) == pytest.approx(1.5)


def test_all_products_are_predicted_where_all_contain_the_word():
    assert lowest_threshold(np.array([2.0, 1.0]), np.array([True, True]), np.arange(3)) == 1.0


@given(SCORED, st.floats(0.05, 0.95), st.floats(0.5, 0.99))
def test_a_threshold_reaches_its_precision_and_no_lower_one_does(pairs, precision, confidence):
    scores, in_text = np.array([s for s, _ in pairs], np.float32), np.array([r for _, r in pairs])
    threshold = lowest_threshold(scores, in_text, min_true_positives(len(pairs), precision, confidence))

    def bound(threshold):
        return clopper_pearson_lower(
            int(in_text[scores >= threshold].sum()), int((scores >= threshold).sum()), confidence
        )

    # Only exact ties at the bound may differ by rounding.
    passing = [value for value in np.unique(scores) if bound(value) >= precision + 1e-9]
    almost_passing = [value for value in np.unique(scores) if bound(value) >= precision - 1e-9]
    if threshold is None:
        assert not passing
    else:
        assert min(almost_passing) <= scores[scores >= threshold].min() <= min(passing, default=np.inf)
