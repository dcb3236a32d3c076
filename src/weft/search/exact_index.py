"""The exact index: the cosine similarity of a query to every candidate, without torch.

A server keeps the vectors as unit rows of float32 in memory. A command that answers one query reads the memory-mapped
float16 values block by block, so that they never are in memory as float32. Both rank by the stored values.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from weft.contracts.arrays import Bools, Ints, Matrix, Scores
from weft.search.half_floats import to_float32

_BLOCK_VALUES = 2**18
"""Values of one block: 1 MB of float32, which stays in the processor's cache."""
_MIN_NORM = np.float32(1e-12)
_SPARSE_SHARE = 0.5
"""With fewer candidates than this share of the rows, only the candidates are read."""


def load_unit_rows(vectors: Matrix) -> Scores:
    """Return vectors as float32 rows of length 1, (vectors, embedding_dim), in memory; zeros stay zeros."""
    units = np.empty(vectors.shape, np.float32)
    for start, rows in _iter_blocks(vectors):
        block = units[start : start + len(rows)]
        block[:] = to_float32(rows, block)
        block /= np.maximum(np.sqrt(np.vecdot(block, block)), _MIN_NORM)[:, None]
    return units


class ExactIndex:
    """Exact search in one or several matrices of vectors, whose rows are numbered through."""

    def __init__(self, parts: Sequence[Matrix]) -> None:
        """Take the matrices as they are.

        Args:
            parts: Each (vectors, embedding_dim): float16, possibly memory-mapped and not normalised, or float32 of
                `load_unit_rows`.
        """
        self._parts = [part for part in parts if len(part)]
        self._starts = np.cumsum([0, *map(len, self._parts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def search(self, query: Matrix, k: int, candidates: Bools | None = None) -> tuple[Ints, Scores]:
        """Return the rows and the similarities of the nearest vectors; ties are in the order of the rows."""
        unit = np.asarray(query, np.float32)
        unit = unit / max(np.float32(np.linalg.norm(unit)), _MIN_NORM)
        rows = None if candidates is None else np.flatnonzero(candidates)
        is_sparse = rows is not None and len(rows) < _SPARSE_SHARE * len(self)
        similarities = [
            _score_part(part, unit, rows[np.searchsorted(rows, start) : np.searchsorted(rows, end)] - start)
            if rows is not None and is_sparse
            else _score_part(part, unit)
            for part, start, end in zip(self._parts, self._starts[:-1], self._starts[1:], strict=True)
        ]
        scores = np.concatenate(similarities) if similarities else np.empty(0, np.float32)
        if rows is not None and not is_sparse:
            scores = scores[rows]
        best = _find_largest(scores, k)
        return (best if rows is None else rows[best]), scores[best]


def _score_part(part: Matrix, unit: Scores, rows: Ints | None = None) -> Scores:
    """Return the cosine similarities of a query of length 1 to the given rows of one matrix, or to all."""
    is_unit = part.dtype == np.float32
    # vecdot computes each row by itself, so that equal vectors have equal similarities wherever they are.
    if is_unit and rows is None:
        similarities: Scores = np.vecdot(part, unit)
        return similarities
    memory = np.empty((_block_rows(part), part.shape[1]), np.float32)
    similarities = np.empty(len(part) if rows is None else len(rows), np.float32)
    for start, stored in _iter_blocks(part, rows):
        values = to_float32(stored, memory)
        scores = np.vecdot(values, unit)
        if not is_unit:
            scores /= np.maximum(np.sqrt(np.vecdot(values, values)), _MIN_NORM)
        similarities[start : start + len(stored)] = scores
    return similarities


def _iter_blocks(matrix: Matrix, rows: Ints | None = None) -> Iterator[tuple[int, Matrix]]:
    """Yield (start, block) of the matrix, or of the given rows of it."""
    size = _block_rows(matrix)
    for start in range(0, len(matrix) if rows is None else len(rows), size):
        yield start, matrix[start : start + size] if rows is None else matrix[rows[start : start + size]]


def _block_rows(matrix: Matrix) -> int:
    rows: int = _BLOCK_VALUES // max(1, matrix.shape[1])
    return max(1, rows)


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
