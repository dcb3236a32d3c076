"""The nearest-neighbour search that evaluate and audit receive as an argument.

The implementation uses torch (`weft.retrieval.search.find_nearest_neighbours`); its callers know numpy only.
"""

from typing import Protocol

from weft.contracts.arrays import Ints, Matrix, Scores


class Search(Protocol):
    """Exact search by cosine similarity."""

    def __call__(
        self,
        queries: Matrix,
        gallery: Matrix,
        k: int,
        query_groups: Ints | None = None,
        gallery_groups: Ints | None = None,
    ) -> tuple[Ints, Scores]:
        """Return the k nearest gallery rows of each query, best first; ties keep the gallery's order.

        Args:
            queries: (queries, embedding_dim), not necessarily L2-normalised.
            gallery: (gallery, embedding_dim).
            k: At least 1. Where the gallery has fewer rows, the last positions stay empty.
            query_groups: (queries,): a gallery row of the query's own group is never returned.
            gallery_groups: (gallery,).

        Returns:
            Gallery rows, (queries, k), -1 where a position is empty; cosine similarities, (queries, k), -inf there.
        """
