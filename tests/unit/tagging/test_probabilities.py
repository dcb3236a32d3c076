import numpy as np
import pytest
from scipy.optimize import minimize

from weft.tagging.platt_scaling import Reliability, fit_sigmoids, probabilities


def naive_platt(scores, has_word):
    """Platt's fit by a general optimiser, one word."""
    n, m = has_word.sum(), (~has_word).sum()
    target = np.where(has_word, (n + 1) / (n + 2), 1 / (m + 2))

    def loss(parameters):
        t = parameters[0] * scores + parameters[1]
        return (np.logaddexp(0, t) - target * t).sum()

    return minimize(loss, [1.0, 0.0], method="BFGS", tol=1e-9).x


def test_all_words_at_once_equal_platts_fit_one_by_one():
    random = np.random.default_rng(3)
    scores = random.normal(-6, 2, (80, 4)).astype(np.float32)
    says = random.random((80, 4)) < 1 / (1 + np.exp(-(scores + np.array([4, 6, 7, 8]))))
    slope, intercept = fit_sigmoids(scores, says)
    for word in range(4):
        expected = naive_platt(scores[:, word].astype(np.float64), says[:, word])
        assert [slope[word], intercept[word]] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("gap", [1.0, 50.0])
def test_words_told_without_an_error_get_no_certainty(gap):
    says = np.arange(30) < 10
    scores = np.where(says, gap, -gap)[:, None].astype(np.float32)
    slope, intercept = fit_sigmoids(scores, says[:, None])
    assert probabilities(scores, slope, intercept)[:, 0] == pytest.approx(np.where(says, 11 / 12, 1 / 22), abs=1e-3)


def test_a_word_that_photos_deny_is_told_by_its_frequency_alone():
    says = np.arange(40) < 10
    slope, intercept = fit_sigmoids(-says[:, None].astype(np.float32), says[:, None])
    assert slope[0] == 0
    assert 0.2 < probabilities(np.zeros((1, 1)), slope, intercept)[0, 0] < 0.3


def test_no_words_are_no_error():
    slope, intercept = fit_sigmoids(np.empty((5, 0), np.float32), np.empty((5, 0), np.bool_))
    assert (len(slope), len(intercept)) == (0, 0)


def test_reliability_gathers_what_was_promised_and_what_came_true():
    reliability = Reliability.empty()
    reliability.add(np.array([[0.05, 0.95], [1.0, 0.0]]), np.array([[False, True], [True, True]]))
    assert reliability.pairs.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert reliability.promised[[0, 9]] == pytest.approx([0.05, 1.95])
    assert reliability.true[[0, 9]].tolist() == [1, 2]
    assert reliability.gap() == pytest.approx((0.95 + 0.05) / 4)
    assert Reliability.empty().gap() == 0
