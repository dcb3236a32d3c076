"""The index of a catalogue's photos: exact nearest neighbours of one query, without a copy of the embeddings.

The embeddings stay in the memory-mapped float16 file that the stage embed wrote. Only the norm of each row is computed,
once, when the index is opened. A search converts blocks that fit into the processor's cache to float32, so it reads
each embedding once, in half the memory of a float32 matrix, and the similarities are those of the stored values.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from weft.contracts.arrays import Bools, Ints, Matrix, Scores

BLOCK_SIZE = 512
"""Photos; 512 rows of 1,280 float32 values are 2.6 MB. All blocks have this shape, so equal rows have equal scores."""


class VectorIndex(Protocol):
    """What a search needs of an index; an approximate index can replace `ExactIndex`."""

    def __len__(self) -> int:
        """Return the number of photos."""

    def search(self, query: Matrix, k: int, candidates: Bools | None = None) -> tuple[Ints, Scores]:
        """Return the nearest photos of a query, best first; ties are in the order of the photos.

        Args:
            query: (embedding_dim,), not necessarily normalised.
            k: The maximum number of photos, at least 1.
            candidates: (photos,): only photos where it is true are searched and found; None for all.

        Returns:
            Rows of the photos and their cosine similarities, both (found,), where found is at most k.
        """


class ExactIndex:
    """Exact search by cosine similarity in a matrix of embeddings."""

    def __init__(self, embeddings: npt.NDArray[np.floating]) -> None:
        """Compute the norms.

        Args:
            embeddings: (photos, embedding_dim), not necessarily normalised; may be a memory map of float16.
        """
        self._embeddings = embeddings
        self._inverse_norms = np.empty(len(embeddings), np.float32)
        block = _Block(embeddings)
        for start in range(0, len(embeddings), BLOCK_SIZE):
            rows = slice(start, start + BLOCK_SIZE)
            norms = block.load(embeddings[rows]).norm(dim=1).clamp_min_(1e-12).numpy()
            self._inverse_norms[rows] = 1 / norms[: len(embeddings) - start]

    def __len__(self) -> int:
        return len(self._embeddings)

    def search(self, query: Matrix, k: int, candidates: Bools | None = None) -> tuple[Ints, Scores]:
        """Return the rows and the similarities of the nearest photos, as `VectorIndex.search` describes."""
        rows = None if candidates is None else np.flatnonzero(candidates)
        similarities = self._similarities(query, rows)
        best = _find_largest(similarities, k)
        return (best if rows is None else rows[best]), similarities[best]

    def _similarities(self, query: Matrix, rows: Ints | None) -> Scores:
        """Return the cosine similarities of a query to the given rows, or to all photos."""
        unit_query = torch.from_numpy(np.array(query, np.float32))
        unit_query /= unit_query.norm().clamp_min(1e-12)
        count = len(self) if rows is None else len(rows)
        dot_products = np.empty(count, np.float32)
        block = _Block(self._embeddings)
        for start in range(0, count, BLOCK_SIZE):
            part = slice(start, start + BLOCK_SIZE)
            values = block.load(self._embeddings[part if rows is None else rows[part]])
            dot_products[part] = torch.mv(values, unit_query).numpy()[: count - start]
        return dot_products * (self._inverse_norms if rows is None else self._inverse_norms[rows])


class _Block:
    """Memory for one block of embeddings as float32, used again for each block of a search."""

    def __init__(self, embeddings: npt.NDArray[np.floating]) -> None:
        shape = (BLOCK_SIZE, embeddings.shape[1])
        # torch converts float16 several times as fast as numpy, but warns about the read-only memory of a memory map.
        self._stored = np.zeros(shape, embeddings.dtype)
        self._values = torch.zeros(shape)

    def load(self, embeddings: npt.NDArray[np.floating]) -> torch.Tensor:
        """Return at most BLOCK_SIZE rows, (BLOCK_SIZE, embedding_dim); the rows after them have no meaning."""
        self._stored[: len(embeddings)] = embeddings
        return self._values.copy_(torch.from_numpy(self._stored))


def _find_largest(values: Scores, k: int) -> Ints:
    """Return the positions of the k largest values, largest first; ties are in the order of the positions."""
    if k < len(values):
        threshold = np.partition(values, len(values) - k)[len(values) - k]
        above, equal = np.flatnonzero(values > threshold), np.flatnonzero(values == threshold)
        positions = np.sort(np.concatenate([above, equal[: k - len(above)]]))
    else:
        positions = np.arange(len(values))
    best: Ints = positions[np.argsort(-values[positions], kind="stable")]
    return best
