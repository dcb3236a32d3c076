import numpy as np
import pytest
from scipy.optimize import minimize

from weft.tagging.platt_scaling import (
    PRIOR_STRENGTHS,
    CalibrationCurve,
    SharedSigmoid,
    fit_platt,
    fit_shared_sigmoid,
    probabilities,
)

SHARED = SharedSigmoid(mean=-6.0, deviation=2.0, slope=1.5, intercept=-1.0, prior_strength=3.0)


def draw_texts(rng, scores, slopes, intercepts):
    return rng.random(scores.shape) < 1 / (1 + np.exp(-(scores * slopes + intercepts)))


def naive_fit(scores, has_word):
    """Fit one word with a general optimiser."""
    x = (scores - SHARED.mean) / SHARED.deviation

    def loss(parameters):
        t = parameters[0] * x + parameters[1]
        prior = (parameters[0] - SHARED.slope) ** 2 + (parameters[1] - SHARED.intercept) ** 2
        return (np.logaddexp(0, t) - has_word * t).sum() + SHARED.prior_strength / 2 * prior

    slope, intercept = minimize(loss, [1.0, 0.0], method="BFGS", tol=1e-9).x
    return [slope / SHARED.deviation, intercept - slope * SHARED.mean / SHARED.deviation]


def test_fitting_all_words_at_once_equals_fitting_one_word_at_a_time():
    rng = np.random.default_rng(3)
    scores = rng.normal(-6, 2, (80, 4)).astype(np.float32)
    in_text = draw_texts(rng, scores, 1, np.array([4, 6, 7, 8]))
    slope, intercept = fit_platt(scores, in_text, SHARED)
    for word in range(4):
        expected = naive_fit(scores[:, word].astype(np.float64), in_text[:, word])
        assert [slope[word], intercept[word]] == pytest.approx(expected, abs=1e-3)


def test_a_word_without_an_error_gets_no_certainty_and_one_without_products_gets_the_shared_sigmoid():
    in_text = np.arange(30) < 10
    scores = np.where(in_text, -4.0, -8.0)[:, None].astype(np.float32)
    slope, intercept = fit_platt(scores, in_text[:, None], SHARED)
    found = probabilities(scores, slope, intercept)[:, 0]
    assert (found[in_text] < 0.99).all()
    assert (found[~in_text] > 0.001).all()
    slope, intercept = fit_platt(scores[:0], in_text[:0, None], SHARED)
    assert probabilities(scores, slope, intercept) == pytest.approx(SHARED.probabilities(scores))


def test_a_word_that_is_rarer_the_more_photos_show_it_gets_no_negative_slope():
    in_text = np.arange(400) < 100
    slope, intercept = fit_platt(np.where(in_text, -8.0, -4.0)[:, None].astype(np.float32), in_text[:, None], SHARED)
    assert slope[0] == 0
    assert 0.2 < probabilities(np.zeros((1, 1)), slope, intercept)[0, 0] < 0.3


def test_the_shared_sigmoid_is_the_one_that_the_texts_were_drawn_from():
    rng = np.random.default_rng(5)
    scores = rng.normal(0.2, 0.3, (60, 80)).astype(np.float32)
    shared = fit_shared_sigmoid(scores, draw_texts(rng, scores, 6.0, -3.0))
    grid = np.linspace(-0.2, 1.0, 7)
    assert shared.probabilities(grid) == pytest.approx(1 / (1 + np.exp(-(6 * grid - 3))), abs=0.05)


def test_the_prior_is_strong_where_words_are_alike_and_weak_where_they_differ():
    rng = np.random.default_rng(6)
    scores = rng.normal(0.2, 0.3, (60, 80)).astype(np.float32)
    alike = fit_shared_sigmoid(scores, draw_texts(rng, scores, 6.0, -3.0))
    different = fit_shared_sigmoid(scores, draw_texts(rng, scores, 6.0, rng.normal(-3, 3, 80)))
    assert alike.prior_strength > different.prior_strength
    assert {alike.prior_strength, different.prior_strength} <= set(PRIOR_STRENGTHS)


def test_an_empty_vocabulary_gives_empty_arrays():
    slope, intercept = fit_platt(np.empty((5, 0), np.float32), np.empty((5, 0), np.bool_), SHARED)
    assert (len(slope), len(intercept)) == (0, 0)


def test_the_calibration_curve_sums_predictions_and_outcomes_by_bin():
    curve = CalibrationCurve.empty()
    curve.add(np.array([[0.05, 0.95], [1.0, 0.0]]), np.array([[False, True], [True, True]]))
    assert curve.counts.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert curve.predicted[[0, 9]] == pytest.approx([0.05, 1.95])
    assert curve.positive[[0, 9]].tolist() == [1, 2]
    assert curve.expected_calibration_error() == pytest.approx((0.95 + 0.05) / 4)
    assert CalibrationCurve.empty().expected_calibration_error() == 0
