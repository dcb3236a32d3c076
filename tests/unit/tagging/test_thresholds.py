import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from weft.tagging.thresholds import least_right, lower_bound, separation, threshold_of

SCORED = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60)


@pytest.mark.parametrize(("precision", "confidence"), [(0.8, 0.9), (0.5, 0.95), (0.95, 0.6), (0.8, 0.5)])
def test_so_many_right_as_the_lower_bound_of_clopper_and_pearson_wants(precision, confidence):
    wanted = least_right(60, precision, confidence)
    for n in range(1, 61):
        passing = [k for k in range(1, n + 1) if beta.ppf(1 - confidence, k, n - k + 1) >= precision]
        assert wanted[n] == min(passing, default=n + 1)


def test_few_products_never_prove_a_precision():
    wanted = least_right(11, 0.8, 0.9)
    assert [n for n in range(1, 12) if wanted[n] <= n] == [11]


def test_the_bound_is_the_precision_at_which_the_count_is_just_to_be_expected():
    assert lower_bound(11, 11, 0.9) == pytest.approx(0.1 ** (1 / 11))
    assert binom.sf(13, 15, lower_bound(14, 15, 0.9)) == pytest.approx(0.1)
    assert lower_bound(0, 5, 0.9) == 0.0


def test_the_threshold_tags_as_many_as_can_be_tagged_well():
    scores = np.array([9.0, 8.0, 7.0, 6.0, 5.0])
    says = np.array([True, True, True, False, False])
    wanted = np.array([1, 1, 2, 3, 3, 4])  # three of four are enough
    assert threshold_of(scores, says, wanted) == pytest.approx(5.5)


def test_equal_scores_are_tagged_together_or_not_at_all():
    scores = np.array([2.0, 1.0, 1.0, 1.0])
    wanted = np.arange(5)  # all must be right
    assert threshold_of(scores, np.array([True, True, True, False]), wanted) == pytest.approx(1.5)
    assert threshold_of(scores, np.array([True, False, True, True]), wanted) == pytest.approx(1.5)


def test_where_all_are_right_all_are_tagged():
    assert threshold_of(np.array([2.0, 1.0]), np.array([True, True]), np.arange(3)) == 1.0


@given(SCORED, st.floats(0.05, 0.95), st.floats(0.5, 0.99))
def test_a_threshold_reaches_its_precision_and_no_lower_one_does(pairs, precision, confidence):
    scores, says = np.array([s for s, _ in pairs], np.float32), np.array([r for _, r in pairs])
    threshold = threshold_of(scores, says, least_right(len(pairs), precision, confidence))

    def bound(at):
        return lower_bound(int(says[scores >= at].sum()), int((scores >= at).sum()), confidence)

    # Only true ties at the bound may differ by rounding.
    reached = [value for value in np.unique(scores) if bound(value) >= precision + 1e-9]
    nearly = [value for value in np.unique(scores) if bound(value) >= precision - 1e-9]
    if threshold is None:
        assert not reached
    else:
        assert min(nearly) <= scores[scores >= threshold].min() <= min(reached, default=np.inf)


@given(SCORED)
def test_separation_is_how_often_one_with_the_word_scores_above_one_without(pairs):
    scores, says = np.array([s for s, _ in pairs], np.float32), np.array([r for _, r in pairs])
    contests = [float(a > b) + 0.5 * float(a == b) for a in scores[says] for b in scores[~says]]
    assert separation(scores, says) == (pytest.approx(np.mean(contests)) if contests else None)
