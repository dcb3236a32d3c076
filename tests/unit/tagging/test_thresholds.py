import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from weft.tagging.thresholds import PrecisionBar, lowest_threshold

SCORED = st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.floats(0, 1)), min_size=1, max_size=60)
BAR = PrecisionBar(target=0.8, confidence=0.8)


def one_bound(bar: PrecisionBar, true_positives: int, predicted: int, expected: float) -> float:
    return float(bar.lower_bound(*(np.array([value]) for value in (true_positives, predicted, expected)))[0])


def test_with_many_products_the_bound_is_that_of_clopper_and_pearson():
    clopper_pearson = beta.ppf(0.2, 900, 1000 - 900 + 1)
    assert one_bound(BAR, 900, 1000, 0.5) == pytest.approx(clopper_pearson, abs=0.003)


def test_few_products_count_more_where_the_scores_of_other_words_are_reliable():
    assert beta.ppf(0.2, 3, 1) == pytest.approx(0.585, abs=1e-3)  # Clopper and Pearson for three of three
    assert one_bound(BAR, 3, 3, 0.9) > 0.8 > one_bound(BAR, 3, 3, 0.5)


def test_with_a_prediction_of_one_half_the_bound_is_that_of_jeffreys():
    assert one_bound(BAR, 3, 5, 0.5) == pytest.approx(beta.ppf(0.2, 3.5, 2.5))


def test_the_word_itself_overrules_what_other_words_promise():
    assert one_bound(BAR, 5, 10, 0.99) < 0.5


@given(st.integers(1, 30), st.integers(0, 30), st.floats(0, 1), st.floats(0.05, 0.95), st.floats(0.5, 0.99))
def test_a_count_passes_where_its_bound_reaches_the_target(predicted, true_positives, expected, target, confidence):
    bar = PrecisionBar(target, confidence)
    true_positives = min(true_positives, predicted)
    bound = one_bound(bar, true_positives, predicted, expected)
    if abs(bound - target) > 1e-6:
        passes = bar.passes(np.array([true_positives]), np.array([predicted]), np.array([expected]))
        assert bool(passes[0]) == (bound >= target)


def test_the_lowest_passing_threshold_is_chosen():
    scores = np.array([9.0, 8.0, 7.0, 6.0, 5.0, 4.0])
    in_text = np.array([True, True, True, True, False, False])
    assert lowest_threshold(scores, in_text, np.full(6, 0.9), BAR) == pytest.approx(5.5)


def test_equal_scores_are_predicted_together_or_not_at_all():
    scores = np.array([3.0, 2.0, 1.0, 1.0, 1.0])
    for in_text in ([True, True, True, False, False], [True, True, False, False, True]):
        assert lowest_threshold(scores, np.array(in_text), np.full(5, 0.9), BAR) == pytest.approx(1.5)


def test_all_products_are_predicted_where_all_contain_the_word():
    scores = np.arange(20.0)
    assert lowest_threshold(scores, np.ones(20, np.bool_), np.full(20, 0.9), BAR) == 0.0


@given(SCORED, st.floats(0.05, 0.95), st.floats(0.5, 0.99))
def test_a_threshold_reaches_its_precision_and_no_lower_one_does(triples, target, confidence):
    scores = np.array([score for score, _, _ in triples], np.float32)
    in_text, expected = np.array([flag for _, flag, _ in triples]), np.array([p for _, _, p in triples])
    bar = PrecisionBar(target, confidence)
    threshold = lowest_threshold(scores, in_text, expected, bar)

    def bound(value):
        above = scores >= value
        return one_bound(bar, int(in_text[above].sum()), int(above.sum()), float(expected[above].mean()))

    # Only exact ties at the bound may differ by rounding.
    passing = [value for value in np.unique(scores) if bound(value) >= target + 1e-9]
    almost_passing = [value for value in np.unique(scores) if bound(value) >= target - 1e-9]
    if threshold is None:
        assert not passing
    else:
        assert min(almost_passing) <= scores[scores >= threshold].min() <= min(passing, default=np.inf)
