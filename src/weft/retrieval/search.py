"""Exact nearest neighbours by cosine similarity, gallery chunk by gallery chunk.

Each chunk needs one matrix product and one top-k. This is not slower than the exact index of a library at the size of
the benchmarks (benchmarks/retrieval.py), and memory does not grow with the gallery.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch

from weft import runtime
from weft.contracts.arrays import Ints, Matrix

QUERY_CHUNK_SIZE = 1024
MAX_GALLERY_CHUNK_SIZE = 4_096
GPU_QUERY_CHUNK_SIZE, MAX_GPU_GALLERY_CHUNK_SIZE = 4_096, 16_384
"""Chunks on a GPU: their similarities take 268 MB."""
TILE_SIZE = 64
"""Photos; a multiple of the block sizes of BLAS kernels."""


def find_nearest_neighbours(
    queries: Matrix,
    gallery: Matrix,
    k: int,
    query_groups: Ints | None = None,
    gallery_groups: Ints | None = None,
) -> tuple[Ints, npt.NDArray[np.float32]]:
    """Return the k nearest gallery rows of each query, best first; ties are in gallery order.

    Args:
        queries: (queries, embedding_dim), not necessarily normalised.
        gallery: (gallery, embedding_dim); may be a memory map of float16.
        k: At least 1; it may exceed the size of the gallery.
        query_groups: (queries,); a gallery row of the same group as the query is never returned. With row numbers as
            groups no query finds itself.
        gallery_groups: (gallery,); given together with `query_groups`.

    Returns:
        Rows, (queries, k), -1 beyond the last neighbour, and cosine similarities, (queries, k), -inf there.
    """
    device = runtime.device()
    query_chunk_size, max_chunk_size = QUERY_CHUNK_SIZE, MAX_GALLERY_CHUNK_SIZE
    if device.startswith("cuda"):
        query_chunk_size, max_chunk_size = GPU_QUERY_CHUNK_SIZE, MAX_GPU_GALLERY_CHUNK_SIZE
    with _exact_products():
        return _search_chunks(
            queries, gallery, k, query_groups, gallery_groups, device, query_chunk_size, max_chunk_size
        )


@contextmanager
def _exact_products() -> Iterator[None]:
    """Compute matrix products in float32 inside the context; TF32, if it is on, keeps only three digits."""
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(precision)


def _search_chunks(
    queries: Matrix,
    gallery: Matrix,
    k: int,
    query_groups: Ints | None,
    gallery_groups: Ints | None,
    device: str,
    query_chunk_size: int,
    max_chunk_size: int,
) -> tuple[Ints, npt.NDArray[np.float32]]:
    """Return what `find_nearest_neighbours` returns; on a device, with chunks of the given sizes."""
    scores = torch.full((len(queries), k), -torch.inf, device=device)
    rows = torch.full((len(queries), k), -1, dtype=torch.int64, device=device)
    # The gallery is the outer loop, so that a memory map larger than memory is read once.
    size = _choose_chunk_size(len(gallery), max_chunk_size)
    for chunk_start in range(0, len(gallery), size):
        chunk = slice(chunk_start, min(chunk_start + size, len(gallery)))
        photos = _pad_rows(_l2_normalise(gallery[chunk], device), size).T
        groups = None if gallery_groups is None else torch.from_numpy(gallery_groups[chunk]).to(device)
        for start in range(0, len(queries), query_chunk_size):
            query_slice = slice(start, min(start + query_chunk_size, len(queries)))
            similarity = (_l2_normalise(queries[query_slice], device) @ photos)[:, : chunk.stop - chunk_start]
            if groups is not None and query_groups is not None:
                query_chunk_groups = torch.from_numpy(query_groups[query_slice]).to(device)
                similarity.masked_fill_(query_chunk_groups[:, None] == groups[None, :], -torch.inf)
            values, columns = _stable_top_k(similarity, k)
            # The results of earlier chunks come first, so a stable sort keeps ties in gallery order.
            values, order = torch.cat([scores[query_slice], values], 1).sort(dim=1, descending=True, stable=True)
            columns = torch.cat([rows[query_slice], columns + chunk_start], 1).gather(1, order)
            scores[query_slice], rows[query_slice] = values[:, :k], columns[:, :k]
    found = torch.where(scores.isneginf(), -1, rows)
    return found.cpu().numpy(), scores.cpu().numpy()


def _stable_top_k(similarity: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the k largest values of each row and their columns; ties are in column order.

    topk returns any of the values that tie at rank k, so rows with such a tie are sorted in full.
    """
    k = min(k, similarity.shape[1])
    values, columns = similarity.topk(k, dim=1)
    columns, order = columns.sort(1)
    values, order = values.gather(1, order).sort(dim=1, descending=True, stable=True)
    columns = columns.gather(1, order)
    has_tie = (similarity >= values[:, -1:]).sum(1) > k
    if bool(has_tie.any()):
        sorted_values, sorted_columns = similarity[has_tie].sort(dim=1, descending=True, stable=True)
        values[has_tie], columns[has_tie] = sorted_values[:, :k], sorted_columns[:, :k]
    return values, columns


def _choose_chunk_size(n_gallery: int, max_chunk_size: int) -> int:
    """Return the size of all chunks: a multiple of TILE_SIZE, with as few chunks as `max_chunk_size` allows.

    Matrix products of different shapes sum in different orders. In a shorter last chunk, or in columns after the last
    whole tile, the similarity of two equal photos would differ in the eighth digit, and ties would lose gallery order.
    """
    chunks = max(1, -(-n_gallery // max_chunk_size))
    return max(1, -(-n_gallery // (chunks * TILE_SIZE))) * TILE_SIZE


def _pad_rows(block: torch.Tensor, size: int) -> torch.Tensor:
    """Append rows of zeros up to `size` rows."""
    return torch.nn.functional.pad(block, (0, 0, 0, size - len(block)))


def _l2_normalise(matrix: Matrix, device: str) -> torch.Tensor:
    # The copy avoids a warning of torch about read-only memory, such as that of a memory map.
    block = torch.from_numpy(np.array(matrix, np.float32)).to(device)
    return block.div_(block.norm(dim=1, keepdim=True).clamp_min_(1e-12))
