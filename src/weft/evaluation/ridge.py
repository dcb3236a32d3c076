"""A linear probe of many labels at once: ridge regression of every label on standardised z, in one pass over photos.

A thousand logistic regressions over 200,000 photos take hours; these normal equations take the two products below,
and every strength of the regularisation after them costs nothing.
"""

from dataclasses import dataclass

import numpy as np

from weft.evaluation.bags import Bags
from weft.evaluation.search import Bools, Floats, Ints, Matrix
from weft.evaluation.word_scores import Scores

PHOTOS_AT_ONCE = 2_048
STRENGTHS = (0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Penalties tried on val, as shares of the number of training photos."""


@dataclass(frozen=True)
class Ridge:
    """The solution for every penalty, in the axes in which the training photos are uncorrelated."""

    mean: Floats
    deviation: Floats
    axes: Floats
    """(embedding_dim, embedding_dim)."""
    spread: Floats
    """(embedding_dim,): how far training photos spread along each axis, per photo."""
    slopes: Floats
    """(embedding_dim, labels)."""
    shares: Floats
    """(labels,): of training photos that have the label."""

    def scores(self, z: Matrix, penalty: float) -> Scores:
        """(photos, labels), higher is likelier."""
        turned = ((z.astype(np.float64) - self.mean) / self.deviation) @ self.axes
        found = (turned / (self.spread + penalty)) @ self.slopes + self.shares
        return found.astype(np.float32)


def fit_ridge(z: Matrix, rows: Ints, bags: Bags, labels: int) -> Ridge:
    """Fit on some photos.

    Args:
        z: (photos, embedding_dim).
        rows: The training photos, at least one.
        bags: The labels of those, in the order of `rows`.
        labels: How many there are.
    """
    dim, count = z.shape[1], len(rows)
    total, products, answers = np.zeros(dim), np.zeros((dim, dim)), np.zeros((dim, labels))
    for start in range(0, count, PHOTOS_AT_ONCE):
        part = range(start, min(start + PHOTOS_AT_ONCE, count))
        x = np.asarray(z[rows[part.start : part.stop]], np.float32)
        y = dense(bags, part, labels).astype(np.float32)
        total += x.sum(axis=0, dtype=np.float64)
        products += x.T @ x
        answers += x.T @ y
    mean = total / count
    shares = np.bincount(bags.words, minlength=labels) / count
    covariance = products / count - np.outer(mean, mean)
    deviation = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
    spread, axes = np.linalg.eigh(covariance / np.outer(deviation, deviation))
    slopes = axes.T @ ((answers / count - np.outer(mean, shares)) / deviation[:, None])
    return Ridge(mean, deviation, axes, np.maximum(spread, 0), slopes, shares)


def dense(bags: Bags, photos: range, labels: int) -> Bools:
    """(photos, labels): which labels a run of photos has."""
    table = np.zeros((len(photos), labels), np.bool_)
    sizes = bags.sizes()[photos.start : photos.stop]
    words = bags.words[bags.starts[photos.start] : bags.starts[photos.stop]]
    table[np.repeat(np.arange(len(photos)), sizes), words] = True
    return table
