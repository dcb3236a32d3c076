"""Search for the very same item: the nearest photos of another index, ranked again by their whitened embeddings."""

import numpy as np

from weft.contracts.arrays import Bools, Ints, Matrix, Scores
from weft.search.stored_vectors import StoredVectors
from weft.search.vector_index import VectorIndex
from weft.whitening import Whitening

NUM_RERANKED = 1_000
"""The photos nearest by the embeddings themselves are ranked again; the same item is nearly always among them."""


class WhitenedIndex:
    """An index whose similarities are cosines of whitened embeddings; it needs no second copy of the embeddings."""

    def __init__(self, index: VectorIndex, embeddings: StoredVectors, whitening: Whitening) -> None:
        """Combine an index and a whitening.

        Args:
            index: The index of the embeddings.
            embeddings: The embeddings in the order of the index.
            whitening: The whitening of these embeddings.
        """
        self._index, self._embeddings, self._whitening = index, embeddings, whitening

    def __len__(self) -> int:
        return len(self._index)

    def search(self, query: Matrix, k: int, candidates: Bools | None = None) -> tuple[Ints, Scores]:
        """Return the rows and the similarities of the nearest photos, as `VectorIndex.search` describes."""
        rows = np.sort(self._index.search(query, max(k, NUM_RERANKED), candidates)[0])
        whitened_query = self._whitening.apply(np.asarray(query)[None])[0]
        whitened = self._whitening.apply(self._embeddings.take(rows))
        lengths = np.linalg.norm(whitened, axis=1) * np.linalg.norm(whitened_query)
        similarities = whitened @ whitened_query / np.maximum(lengths, 1e-12)
        best = np.argsort(-similarities, kind="stable")[:k]
        return rows[best], similarities[best]
