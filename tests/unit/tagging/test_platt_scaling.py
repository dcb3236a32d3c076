import numpy as np
import pytest
from scipy.optimize import minimize

from weft.tagging.platt_scaling import CalibrationCurve, fit_platt, probabilities


def naive_platt(scores, has_word):
    """Fit one word with a general optimiser."""
    n, m = has_word.sum(), (~has_word).sum()
    target = np.where(has_word, (n + 1) / (n + 2), 1 / (m + 2))

    def loss(parameters):
        t = parameters[0] * scores + parameters[1]
        return (np.logaddexp(0, t) - target * t).sum()

    return minimize(loss, [1.0, 0.0], method="BFGS", tol=1e-9).x


def test_fitting_all_words_at_once_equals_fitting_one_word_at_a_time():
    rng = np.random.default_rng(3)
    scores = rng.normal(-6, 2, (80, 4)).astype(np.float32)
    in_text = rng.random((80, 4)) < 1 / (1 + np.exp(-(scores + np.array([4, 6, 7, 8]))))
    slope, intercept = fit_platt(scores, in_text)
    for word in range(4):
        expected = naive_platt(scores[:, word].astype(np.float64), in_text[:, word])
        assert [slope[word], intercept[word]] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("gap", [1.0, 50.0])
def test_calibrated_words_without_an_error_get_no_certainty(gap):
    in_text = np.arange(30) < 10
    scores = np.where(in_text, gap, -gap)[:, None].astype(np.float32)
    slope, intercept = fit_platt(scores, in_text[:, None])
    assert probabilities(scores, slope, intercept)[:, 0] == pytest.approx(np.where(in_text, 11 / 12, 1 / 22), abs=1e-3)


def test_a_negative_slope_becomes_zero_and_leaves_the_base_rate():
    in_text = np.arange(40) < 10
    slope, intercept = fit_platt(-in_text[:, None].astype(np.float32), in_text[:, None])
    assert slope[0] == 0
    assert 0.2 < probabilities(np.zeros((1, 1)), slope, intercept)[0, 0] < 0.3


def test_an_empty_vocabulary_gives_empty_arrays():
    slope, intercept = fit_platt(np.empty((5, 0), np.float32), np.empty((5, 0), np.bool_))
    assert (len(slope), len(intercept)) == (0, 0)


def test_the_calibration_curve_sums_predictions_and_outcomes_by_bin():
    curve = CalibrationCurve.empty()
    curve.add(np.array([[0.05, 0.95], [1.0, 0.0]]), np.array([[False, True], [True, True]]))
    assert curve.counts.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert curve.predicted[[0, 9]] == pytest.approx([0.05, 1.95])
    assert curve.positive[[0, 9]].tolist() == [1, 2]
    assert curve.expected_calibration_error() == pytest.approx((0.95 + 0.05) / 4)
    assert CalibrationCurve.empty().expected_calibration_error() == 0
