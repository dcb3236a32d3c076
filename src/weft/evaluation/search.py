"""The nearest-neighbour search that evaluation is handed: it computes where it likes, here only numpy is known."""

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
