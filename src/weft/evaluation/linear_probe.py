"""Linear probes: how well a linear classifier on z, trained with labels, predicts the labels of other photos.

Single labels use multinomial logistic regression on standardised z. Attributes, of which a photo has many, use ridge
regression of every attribute on standardised z: a thousand logistic regressions over 200,000 photos take hours, while
the normal equations take one pass over the photos and then give the solution for every penalty at once. The
regularisation is chosen on val, separately for each model.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from weft.bags import WordBags
from weft.contracts.arrays import Bools, Floats, Ints, Matrix, Scores

NUM_FOLDS = 3
PROBE_C_VALUES = (0.001, 0.01, 0.1)
"""The inverse regularisation strengths (scikit-learn's C) tried on val; ties go to the strongest regularisation."""
VAL_STEP = 5
"""Where there is no val split, every fifth training photo is used as val."""
MAX_ITERATIONS = 2_000
MAX_TRAIN_PHOTOS = 20_000
"""Of more training photos, an evenly spaced sample is used: a linear classifier gains little beyond this number."""

CHUNK_SIZE = 2_048
RIDGE_PENALTIES = (0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Penalties tried on val, relative to the number of training photos."""


def probe_correct_across_groups(z: Matrix, targets: Ints, groups: Ints, folds: int = NUM_FOLDS) -> Bools:
    """Return whether each photo's label is predicted by the classifier of the other folds; a group is in one fold.

    For each fold, C is chosen on the next fold with the remaining ones as training photos; then the classifier is
    trained on all folds but the one scored.

    Args:
        z: (photos, embedding_dim).
        targets: (photos,): at least two labels as integers from 0.
        groups: (photos,): at least `folds` distinct groups.
        folds: At least 3.

    Returns:
        (photos,).

    Raises:
        ValueError: There are fewer groups than folds.
    """
    from sklearn.model_selection import GroupKFold

    correct = np.zeros(len(targets), np.bool_)
    parts = [test for _, test in GroupKFold(folds).split(np.zeros(len(targets)), targets, groups)]
    for number, test in enumerate(parts):
        val = parts[(number + 1) % folds]
        rest = np.setdiff1d(np.arange(len(targets)), test)
        c = choose_c(z, targets, np.setdiff1d(rest, val), val)
        scores = fit_and_score_probe(z, targets, rest, test, c)
        correct[test] = scores.argmax(axis=1) == targets[test]
    return correct


def score_split_with_probe(z: Matrix, targets: Ints, train: Ints, val: Ints, test: Ints) -> Scores:
    """Return the scores of test photos by a classifier trained on train, (test photos, labels).

    C is chosen on val, or on every fifth photo of train where val is empty.
    """
    if len(val):
        return fit_and_score_probe(z, targets, train, test, choose_c(z, targets, train, val))
    val = train[::VAL_STEP]
    c = choose_c(z, targets, np.setdiff1d(train, val), val)
    return fit_and_score_probe(z, targets, train, test, c)


def choose_c(z: Matrix, targets: Ints, train: Ints, val: Ints) -> float:
    """Return the C whose classifier, trained on `train`, is correct for most photos of `val`."""
    num_correct = [
        int((fit_and_score_probe(z, targets, train, val, c).argmax(axis=1) == targets[val]).sum())
        for c in PROBE_C_VALUES
    ]
    return PROBE_C_VALUES[int(np.argmax(num_correct))]


def fit_and_score_probe(z: Matrix, targets: Ints, train: Ints, test: Ints, c: float) -> Scores:
    """Train a classifier on some photos and return its scores of others.

    Args:
        z: (photos, embedding_dim).
        targets: (photos,): labels as integers from 0.
        train: Rows to train on.
        test: Rows to score.
        c: Inverse regularisation strength, scikit-learn's C.

    Returns:
        (test photos, labels); -inf for a label that no training photo has.
    """
    train = train[:: -(-len(train) // MAX_TRAIN_PHOTOS)]
    seen_labels = np.unique(targets[train])
    scores = np.full((len(test), int(targets.max(initial=0)) + 1), -np.inf, np.float32)
    if len(seen_labels) == 1:
        scores[:, seen_labels[0]] = 0
        return scores
    classifier = _fit_classifier(np.asarray(z[train], np.float32), targets[train], c)
    decision = classifier.decision_function(np.asarray(z[test], np.float32))
    # With two labels, scikit-learn returns the score of the second only.
    scores[:, seen_labels] = np.stack([-decision, decision], axis=1) if len(seen_labels) == 2 else decision
    return scores


def _fit_classifier(x: Matrix, targets: Ints, c: float) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # The default solver lbfgs is deterministic; liblinear and saga use random numbers.
    return make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=MAX_ITERATIONS)).fit(x, targets)


@dataclass(frozen=True)
class Ridge:
    """Ridge regression for every penalty, in the basis in which the standardised training photos are uncorrelated."""

    mean: Floats
    """(embedding_dim,)."""
    std: Floats
    """(embedding_dim,)."""
    eigenvectors: Floats
    """(embedding_dim, embedding_dim), of the correlation matrix, one per column."""
    eigenvalues: Floats
    """(embedding_dim,)."""
    coefficients: Floats
    """(embedding_dim, labels): covariances with the labels, before the division by eigenvalue + penalty."""
    label_means: Floats
    """(labels,): share of training photos with the label."""

    def predict(self, z: Matrix, penalty: float) -> Scores:
        """Return the regression's values, (photos, labels); higher is likelier."""
        projected = ((z.astype(np.float64) - self.mean) / self.std) @ self.eigenvectors
        values = (projected / (self.eigenvalues + penalty)) @ self.coefficients + self.label_means
        return values.astype(np.float32)


def fit_ridge(z: Matrix, rows: Ints, bags: WordBags, num_labels: int) -> Ridge:
    """Fit ridge regression of every label.

    Args:
        z: (photos, embedding_dim).
        rows: The training photos, at least one.
        bags: The labels of the training photos, in the order of `rows`.
        num_labels: Number of labels in all.
    """
    dim, count = z.shape[1], len(rows)
    z_sum, z_products, z_labels = np.zeros(dim), np.zeros((dim, dim)), np.zeros((dim, num_labels))
    for start in range(0, count, CHUNK_SIZE):
        chunk = range(start, min(start + CHUNK_SIZE, count))
        x = np.asarray(z[rows[chunk.start : chunk.stop]], np.float32)
        y = bags.to_dense(chunk, num_labels).astype(np.float32)
        z_sum += x.sum(axis=0, dtype=np.float64)
        z_products += x.T @ x
        z_labels += x.T @ y
    mean = z_sum / count
    label_means = bags.count_words(num_labels) / count
    covariance = z_products / count - np.outer(mean, mean)
    std = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
    eigenvalues, eigenvectors = np.linalg.eigh(covariance / np.outer(std, std))
    coefficients = eigenvectors.T @ ((z_labels / count - np.outer(mean, label_means)) / std[:, None])
    return Ridge(mean, std, eigenvectors, np.maximum(eigenvalues, 0), coefficients, label_means)
