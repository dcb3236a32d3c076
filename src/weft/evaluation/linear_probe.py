"""A linear probe: how well a linear classifier on z, trained with labels, tells the classes of photos it never saw.

Multinomial logistic regression on standardised z. How strongly it is held back is chosen on val, photos that it was not
trained on and is not scored on, for each model on its own.

A linear probe of many labels at once: ridge regression of every label on standardised z, in one pass over photos.

A thousand logistic regressions over 200,000 photos take hours; these normal equations take the two products below,
and every strength of the regularisation after them costs nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from weft.evaluation.bags import Bags
from weft.evaluation.knn import Bools, Floats, Ints, Matrix
from weft.evaluation.word_scores import Scores

FOLDS = 3
PROBE_STRENGTHS = (0.001, 0.01, 0.1)
"""The inverse regularisation (scikit-learn's C) tried on val; of equals the strongest held back is taken."""
VAL_OF_TRAIN = 5
"""Without a val of its own, every fifth training photo is one."""
MOST_ITERATIONS = 2_000
MOST_TRAINING = 20_000
"""Photos trained on; of more, as many are taken in even steps: a linear classifier gains little beyond."""


def probe_correct(z: Matrix, truth: Ints, groups: Ints, folds: int = FOLDS) -> Bools:
    """Whether a photo's label is told by the classifier trained on the other folds; folds never split a group.

    For each fold, the next one is val while the strength is chosen; then all but the fold itself is trained on.

    Args:
        z: (photos, embedding_dim).
        truth: (photos,), at least two labels as numbers.
        groups: (photos,), at least `folds` different ones.
        folds: Parts of the photos, each scored by a classifier trained on the others; at least 3.

    Returns:
        (photos,).

    Raises:
        ValueError: There are fewer groups than folds.
    """
    from sklearn.model_selection import GroupKFold

    correct = np.zeros(len(truth), np.bool_)
    parts = [test for _, test in GroupKFold(folds).split(np.zeros(len(truth)), truth, groups)]
    for number, test in enumerate(parts):
        val = parts[(number + 1) % folds]
        rest = np.setdiff1d(np.arange(len(truth)), test)
        strength = choose_strength(z, truth, np.setdiff1d(rest, val), val)
        scores = probe_scores(z, truth, rest, test, strength)
        correct[test] = scores.argmax(axis=1) == truth[test]
    return correct


def probe_split(z: Matrix, truth: Ints, train: Ints, val: Ints, test: Ints) -> Scores:
    """The scores of test photos by a classifier trained on train, its strength chosen on val; see `probe_scores`.

    Without photos of val, every fifth of train takes their place while the strength is chosen.
    """
    if len(val):
        return probe_scores(z, truth, train, test, choose_strength(z, truth, train, val))
    val = train[::VAL_OF_TRAIN]
    strength = choose_strength(z, truth, np.setdiff1d(train, val), val)
    return probe_scores(z, truth, train, test, strength)


def choose_strength(z: Matrix, truth: Ints, train: Ints, val: Ints) -> float:
    """The strength whose classifier, trained on `train`, tells most labels of `val`."""
    right = [
        int((probe_scores(z, truth, train, val, strength).argmax(axis=1) == truth[val]).sum())
        for strength in PROBE_STRENGTHS
    ]
    return PROBE_STRENGTHS[int(np.argmax(right))]


def probe_scores(z: Matrix, truth: Ints, train: Ints, test: Ints, strength: float) -> Scores:
    """The scores of a classifier trained on some photos for others.

    Args:
        z: (photos, embedding_dim).
        truth: (photos,): labels as numbers from 0.
        train: Rows trained on.
        test: Rows to score.
        strength: scikit-learn's C.

    Returns:
        (test photos, labels): -inf for a label that no training photo has.
    """
    train = train[:: -(-len(train) // MOST_TRAINING)]
    seen = np.unique(truth[train])
    scores = np.full((len(test), int(truth.max(initial=0)) + 1), -np.inf, np.float32)
    if len(seen) == 1:
        scores[:, seen[0]] = 0
        return scores
    classifier = _fitted(np.asarray(z[train], np.float32), truth[train], strength)
    found = classifier.decision_function(np.asarray(z[test], np.float32))
    # Of two labels scikit-learn scores the second alone.
    scores[:, seen] = np.stack([-found, found], axis=1) if len(seen) == 2 else found
    return scores


def _fitted(x: Matrix, truth: Ints, strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # liblinear or saga would draw at random; lbfgs on the same rows gives the same plane.
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=MOST_ITERATIONS)).fit(x, truth)


PHOTOS_AT_ONCE = 2_048
RIDGE_STRENGTHS = (0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0)
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
