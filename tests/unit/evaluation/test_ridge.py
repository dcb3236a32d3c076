import numpy as np
import pytest

from weft.evaluation import linear_probe
from weft.evaluation.bags import bags_of
from weft.evaluation.linear_probe import dense, fit_ridge


def naive_ridge(z, y, new, penalty):
    """Standardise, centre, solve the normal equations of one label after the other."""
    mean, deviation = z.mean(axis=0), z.std(axis=0)
    x = (z - mean) / deviation
    scores = []
    for label in y.T.astype(float):
        slope = np.linalg.solve(x.T @ x / len(x) + penalty * np.eye(x.shape[1]), x.T @ (label - label.mean()) / len(x))
        scores.append((new - mean) / deviation @ slope + label.mean())
    return np.stack(scores, axis=1)


@pytest.mark.parametrize("penalty", [0.001, 0.3, 10.0])
def test_one_pass_equals_solving_label_by_label(rng, monkeypatch, penalty):
    monkeypatch.setattr(linear_probe, "PHOTOS_AT_ONCE", 7)
    z, y = rng.normal(1, 3, size=(60, 5)), rng.random((60, 4)) < 0.3
    rows = np.arange(3, 53)
    fitted = fit_ridge(z, rows, bags_of(np.flatnonzero(row).tolist() for row in y[rows]), 4)
    expected = naive_ridge(z[rows], y[rows], z, penalty)
    np.testing.assert_allclose(fitted.scores(z, penalty), expected, atol=1e-4)


def test_dead_numbers_and_labels_that_nobody_has_harm_nothing(rng):
    z = np.concatenate([rng.normal(size=(20, 2)), np.ones((20, 1))], axis=1)
    fitted = fit_ridge(z, np.arange(20), bags_of([[0]] * 20), 3)
    scores = fitted.scores(z, 0.1)
    assert np.isfinite(scores).all()
    assert (scores.argmax(axis=1) == 0).all()


def test_dense_is_the_table_of_a_run_of_bags():
    table = dense(bags_of([[1], [], [0, 2]]), range(1, 3), 3)
    assert table.tolist() == [[False] * 3, [True, False, True]]
