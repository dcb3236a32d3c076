import numpy as np
import pytest

from weft.bags import build_word_bags
from weft.evaluation import linear_probe
from weft.evaluation.linear_probe import fit_ridge


def naive_ridge(z, y, new, penalty):
    """Standardise, centre, then solve the normal equations of each label."""
    mean, deviation = z.mean(axis=0), z.std(axis=0)
    x = (z - mean) / deviation
    scores = []
    for label in y.T.astype(float):
        slope = np.linalg.solve(x.T @ x / len(x) + penalty * np.eye(x.shape[1]), x.T @ (label - label.mean()) / len(x))
        scores.append((new - mean) / deviation @ slope + label.mean())
    return np.stack(scores, axis=1)


@pytest.mark.parametrize("penalty", [0.001, 0.3, 10.0])
def test_one_pass_over_photos_equals_solving_each_label_separately(rng, monkeypatch, penalty):
    monkeypatch.setattr(linear_probe, "CHUNK_SIZE", 7)
    z, y = rng.normal(1, 3, size=(60, 5)), rng.random((60, 4)) < 0.3
    rows = np.arange(3, 53)
    fitted = fit_ridge(z, rows, build_word_bags(np.flatnonzero(row).tolist() for row in y[rows]), 4)
    expected = naive_ridge(z[rows], y[rows], z, penalty)
    np.testing.assert_allclose(fitted.predict(z, penalty), expected, atol=1e-4)


def test_constant_dimensions_and_unused_labels_give_finite_scores(rng):
    z = np.concatenate([rng.normal(size=(20, 2)), np.ones((20, 1))], axis=1)
    fitted = fit_ridge(z, np.arange(20), build_word_bags([[0]] * 20), 3)
    scores = fitted.predict(z, 0.1)
    assert np.isfinite(scores).all()
    assert (scores.argmax(axis=1) == 0).all()
