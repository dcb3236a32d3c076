"""The vectors of a catalogue as they are stored, in one file or in several segments."""

from collections.abc import Sequence

import numpy as np

from weft.contracts.arrays import Ints, Matrix, Scores
from weft.search.half_floats import to_float32


class StoredVectors:
    """The vectors of the photos that can be found, as they are stored: float16, not normalised."""

    def __init__(self, parts: Sequence[Matrix], dim: int, rows: Ints | None = None) -> None:
        """Keep the parts.

        Args:
            parts: Each (vectors, embedding_dim).
            dim: embedding_dim, also of no parts.
            rows: The rows of the parts, numbered through, in the order of the photos; None for all.
        """
        self._parts, self._dim = parts, dim
        self._starts = np.cumsum([0, *map(len, parts)])
        self._rows = np.arange(self._starts[-1]) if rows is None else rows

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, photos: Ints) -> Scores:
        """Return the vectors of the given photos as float32, (photos, embedding_dim), not normalised."""
        rows = self._rows[photos]
        numbers = np.searchsorted(self._starts, rows, side="right") - 1
        vectors = np.empty((len(rows), self._dim), np.float32)
        for number in np.unique(numbers):
            is_here = numbers == number
            vectors[is_here] = to_float32(self._parts[number][rows[is_here] - self._starts[number]])
        return vectors
