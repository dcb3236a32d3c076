"""kNN classification: the majority label of the nearest photos."""

import numpy as np

from weft.contracts.arrays import Bools, Ints, Matrix
from weft.contracts.search import Search

NUM_NEIGHBOURS = 5


def take_rows(matrix: Matrix, rows: Ints) -> Matrix:
    """Return rows of `matrix`; a view where they are consecutive, so that a mapped file is not copied."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all()):
        return matrix[int(rows[0]) : int(rows[-1]) + 1]
    return matrix[rows]


def knn_correct_across_groups(z: Matrix, targets: Ints, groups: Ints, search: Search, k: int = NUM_NEIGHBOURS) -> Bools:
    """Return whether the majority of the k nearest photos of other groups has each photo's label.

    Args:
        z: (photos, embedding_dim).
        targets: (photos,): labels as integers from 0.
        groups: (photos,): the group of each photo, for example its sender.
        search: Exact search.
        k: Number of neighbours that vote.

    Returns:
        (photos,).
    """
    rows, similarities = search(z, z, k, groups, groups)
    correct: Bools = majority_vote(rows, similarities, targets) == targets
    return correct


def knn_correct_on_split(
    z: Matrix, targets: Ints, train: Ints, test: Ints, search: Search, k: int = NUM_NEIGHBOURS
) -> Bools:
    """Return whether the majority of the k nearest photos of train has each test photo's label, (test photos,)."""
    rows, similarities = search(z[test], z[train], k)
    correct: Bools = majority_vote(rows, similarities, targets[train]) == targets[test]
    return correct


def majority_vote(rows: Ints, similarities: Matrix, labels: Ints) -> Ints:
    """Return the commonest label of the neighbours; ties go to the larger sum of similarities, then the smaller label.

    Args:
        rows: (queries, k): indices into `labels`, -1 where a position is empty.
        similarities: (queries, k).
        labels: (gallery,): integers from 0.

    Returns:
        (queries,); -1 where a query has no neighbour.
    """
    predicted = np.full(len(rows), -1, np.int64)
    for query, (found, similarity) in enumerate(zip(rows, similarities, strict=True)):
        exists = found >= 0
        if exists.any():
            votes = np.bincount(labels[found[exists]])
            sums = np.bincount(labels[found[exists]], similarity[exists].astype(np.float64))
            leaders = np.flatnonzero(votes == votes.max())
            predicted[query] = leaders[sums[leaders].argmax()]
    return predicted
