"""Classification by the nearest photos of other groups.

The nearest-neighbour search that evaluation is handed: it computes where it likes, here only numpy is known.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Search(Protocol):
    """Exact search by cosine similarity."""

    def __call__(
        self,
        queries: Matrix,
        gallery: Matrix,
        k: int,
        query_groups: Ints | None = None,
        gallery_groups: Ints | None = None,
    ) -> tuple[Ints, npt.NDArray[np.float32]]:
        """The k nearest gallery rows of each query, best first, ties by gallery order.

        Args:
            queries: (queries, embedding_dim), not necessarily normalised.
            gallery: (gallery, embedding_dim).
            k: At least 1; where the gallery is smaller, places stay empty.
            query_groups: (queries,): a gallery row of the query's own group is never returned.
            gallery_groups: (gallery,).

        Returns:
            Rows, (queries, k), -1 where a place stays empty, and cosine similarities, -inf there.
        """


def rows_of(matrix: Matrix, rows: Ints) -> Matrix:
    """The rows of `matrix`; a view where they follow each other, so that a mapped file is not copied."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all()):
        return matrix[int(rows[0]) : int(rows[-1]) + 1]
    return matrix[rows]


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
