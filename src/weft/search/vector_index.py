"""The protocol of an index, and the mask by which one index searches some of its vectors only."""

from typing import Protocol

import numpy as np

from weft.contracts.arrays import Bools, Ints, Matrix, Scores


class VectorIndex(Protocol):
    """What a search needs of an index. Deleted vectors and filters are masks of candidates."""

    def __len__(self) -> int:
        """Return the number of vectors."""

    def search(self, query: Matrix, k: int, candidates: Bools | None = None) -> tuple[Ints, Scores]:
        """Return the nearest vectors of a query, best first.

        Args:
            query: (embedding_dim,), not necessarily normalised.
            k: The maximum number of vectors, at least 1.
            candidates: (vectors,): only vectors where it is true are searched and found; None for all.

        Returns:
            Rows of the vectors and their cosine similarities, both (found,), where found is at most k.
        """


class MaskedIndex:
    """An index of which only some rows exist; the rows that are left are numbered 0, 1, 2 and so on."""

    def __init__(self, index: VectorIndex, mask: Bools) -> None:
        """Number the rows.

        Args:
            index: The index of all rows.
            mask: (rows of the index,): false for the rows that are never found.
        """
        self._index, self._rows = index, np.flatnonzero(mask)

    def __len__(self) -> int:
        return len(self._rows)

    def search(self, query: Matrix, k: int, candidates: Bools | None = None) -> tuple[Ints, Scores]:
        """Return the nearest of the rows that are left, as `VectorIndex.search` describes."""
        mask = np.zeros(len(self._index), bool)
        mask[self._rows if candidates is None else self._rows[candidates]] = True
        rows, similarities = self._index.search(query, k, mask)
        return np.searchsorted(self._rows, rows), similarities
