"""A linear probe: how well a linear classifier on z, trained with labels, tells the classes of other groups' photos."""

import numpy as np

from weft.evaluation.search import Bools, Ints, Matrix

FOLDS = 3
INVERSE_REGULARISATION = 0.01
"""scikit-learn's C on standardised z, fixed, since the probe compares embeddings and not probes. Of 0.001, 0.01, 0.1
and 1 it did best for the frozen mobilenet_v2 on 3,781 photos (77.2, 79.0, 77.7, 76.9 %): it favours the baseline."""
MOST_ITERATIONS = 2_000


def probe_correct(z: Matrix, truth: Ints, groups: Ints, folds: int = FOLDS) -> Bools:
    """Whether a photo's label is told by the classifier trained on the other folds; folds never split a group.

    Args:
        z: (photos, embedding_dim).
        truth: (photos,), at least two labels as numbers.
        groups: (photos,), at least `folds` different ones.
        folds: Parts of the photos, each scored by a classifier trained on the others.

    Returns:
        (photos,).

    Raises:
        ValueError: There are fewer groups than folds.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    correct = np.zeros(len(truth), np.bool_)
    # liblinear or saga would draw at random; lbfgs on the same rows gives the same plane.
    x = np.asarray(z, np.float32)
    for train, test in GroupKFold(folds).split(x, truth, groups):
        classifier = make_pipeline(
            StandardScaler(), LogisticRegression(C=INVERSE_REGULARISATION, max_iter=MOST_ITERATIONS)
        )
        classifier.fit(x[train], truth[train])
        correct[test] = classifier.predict(x[test]) == truth[test]
    return correct
