"""The index of faiss: exhaustive search in float16, with half of the memory of the exact index."""

from collections.abc import Sequence

import numpy as np

from weft.contracts.arrays import Bools, Ints, Matrix, Scores
from weft.errors import InputError
from weft.search.half_floats import to_float32

try:
    import faiss
except ModuleNotFoundError as missing:
    raise InputError("--index-type faiss needs faiss: run `pip install weft[faiss]`") from missing

_BLOCK_ROWS = 10_000


class FaissIndex:
    """Search by inner product in unit vectors that are rounded to float16."""

    def __init__(self, parts: Sequence[Matrix]) -> None:
        """Copy the vectors into the memory of faiss.

        Args:
            parts: Each (vectors, embedding_dim), not necessarily normalised.
        """
        dim = parts[0].shape[1] if parts else 1
        quantizer = faiss.ScalarQuantizer.QT_fp16
        self._index = faiss.IndexScalarQuantizer(dim, quantizer, faiss.METRIC_INNER_PRODUCT)
        for part in parts:
            for start in range(0, len(part), _BLOCK_ROWS):
                units = np.array(to_float32(part[start : start + _BLOCK_ROWS]))
                faiss.normalize_L2(units)
                self._index.add(units)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, query: Matrix, k: int, candidates: Bools | None = None) -> tuple[Ints, Scores]:
        """Return the rows and the similarities of the nearest vectors, as `VectorIndex.search` describes."""
        unit = np.array(query, np.float32)[None]
        faiss.normalize_L2(unit)
        count = len(self) if candidates is None else int(np.count_nonzero(candidates))
        if not count:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        params = None
        if candidates is not None:
            # The selector points into this array, so it has a name until the search ends.
            bits = np.packbits(candidates, bitorder="little")
            selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
            params = faiss.SearchParameters()
            params.sel = selector
        similarities, rows = self._index.search(unit, min(k, count), params=params)
        is_found = rows[0] >= 0
        return rows[0][is_found], similarities[0][is_found]
