"""Classification by the nearest photos of other groups."""

import numpy as np

from weft.evaluation.search import Bools, Ints, Matrix, Search

NEIGHBOURS = 5


def knn_correct(z: Matrix, truth: Ints, groups: Ints, search: Search, k: int = NEIGHBOURS) -> Bools:
    """Whether the majority of the k nearest photos from other groups bears a photo's own label.

    Args:
        z: (photos, embedding_dim).
        truth: (photos,), labels as numbers from 0.
        groups: (photos,), who sent each photo, as numbers.
        search: Exact search.
        k: Neighbours that vote.

    Returns:
        (photos,).
    """
    rows, similarities = search(z, z, k, groups, groups)
    correct: Bools = vote(rows, similarities, truth) == truth
    return correct


def knn_split_correct(z: Matrix, truth: Ints, train: Ints, test: Ints, search: Search, k: int = NEIGHBOURS) -> Bools:
    """Whether the majority of the k nearest photos of train bears each test photo's label, (test photos,)."""
    rows, similarities = search(z[test], z[train], k)
    correct: Bools = vote(rows, similarities, truth[train]) == truth[test]
    return correct


def vote(rows: Ints, similarities: Matrix, labels: Ints) -> Ints:
    """The label most neighbours bear; ties by the larger sum of similarities, then by the smaller label.

    Args:
        rows: (queries, k), rows of `labels`, -1 where there is none.
        similarities: (queries, k).
        labels: (gallery,), from 0.

    Returns:
        (queries,); -1 where a query has no neighbour.
    """
    elected = np.full(len(rows), -1, np.int64)
    for query, (found, similarity) in enumerate(zip(rows, similarities, strict=True)):
        there = found >= 0
        if there.any():
            votes = np.bincount(labels[found[there]])
            sums = np.bincount(labels[found[there]], similarity[there].astype(np.float64))
            leaders = np.flatnonzero(votes == votes.max())
            elected[query] = leaders[sums[leaders].argmax()]
    return elected
