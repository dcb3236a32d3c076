"""Exact nearest neighbours by cosine similarity, gallery chunk by gallery chunk.

A matrix product and a top-k at a time: no slower than a library's exact index at benchmark size
(benchmarks/retrieval.py), with memory that does not grow with the gallery.
"""

import numpy as np
import numpy.typing as npt
import torch

from weft import runtime

QUERY_CHUNK_SIZE = 1024
MAX_GALLERY_CHUNK_SIZE = 4_096
TILE_SIZE = 64
"""Photos; a multiple of what the kernels of BLAS libraries compute at once."""

Matrix = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]


def find_nearest_neighbours(
    queries: Matrix,
    gallery: Matrix,
    k: int,
    query_groups: Ints | None = None,
    gallery_groups: Ints | None = None,
) -> tuple[Ints, npt.NDArray[np.float32]]:
    """The k nearest gallery rows of each query, best first, ties by gallery order.

    Args:
        queries: (queries, embedding_dim), not necessarily normalised.
        gallery: (gallery, embedding_dim); may be a memory map of float16.
        k: At least 1; where the gallery is smaller, places stay empty.
        query_groups: (queries,) with `gallery_groups`, (gallery,): a gallery row of the query's own group is never
            returned. Row numbers as groups keep a query from finding itself.
        gallery_groups: See `query_groups`.

    Returns:
        Rows, (queries, k), -1 where a place stays empty, and cosine similarities, -inf there.
    """
    device = runtime.device()
    scores = torch.full((len(queries), k), -torch.inf, device=device)
    rows = torch.full((len(queries), k), -1, dtype=torch.int64, device=device)
    # Gallery outside: a mapped file larger than memory is read once.
    size = _choose_chunk_size(len(gallery))
    for chunk_start in range(0, len(gallery), size):
        chunk = slice(chunk_start, min(chunk_start + size, len(gallery)))
        photos = _pad_rows(_l2_normalise(gallery[chunk], device), size).T
        groups = None if gallery_groups is None else torch.from_numpy(gallery_groups[chunk]).to(device)
        for start in range(0, len(queries), QUERY_CHUNK_SIZE):
            query_slice = slice(start, min(start + QUERY_CHUNK_SIZE, len(queries)))
            similarity = (_l2_normalise(queries[query_slice], device) @ photos)[:, : chunk.stop - chunk_start]
            if groups is not None and query_groups is not None:
                query_chunk_groups = torch.from_numpy(query_groups[query_slice]).to(device)
                similarity.masked_fill_(query_chunk_groups[:, None] == groups[None, :], -torch.inf)
            values, columns = _stable_top_k(similarity, k)
            # Earlier chunks stand first, so a stable sort keeps gallery order among equals.
            values, order = torch.cat([scores[query_slice], values], 1).sort(dim=1, descending=True, stable=True)
            columns = torch.cat([rows[query_slice], columns + chunk_start], 1).gather(1, order)
            scores[query_slice], rows[query_slice] = values[:, :k], columns[:, :k]
    found = torch.where(scores.isneginf(), -1, rows)
    return found.cpu().numpy(), scores.cpu().numpy()


def _stable_top_k(similarity: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k largest of each row, equal values in column order.

    topk alone picks any of the equals at the cut, so rows where the value at the cut is shared are sorted in full.
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


def _choose_chunk_size(n_gallery: int) -> int:
    """Photos in a chunk: all chunks alike, as few as GALLERY_CHUNK allows, in whole tiles.

    Products of other shapes add up in another order: two equal photos, one of them in a shorter last chunk or in
    columns beyond the last whole tile, would differ in the eighth digit and could stand against gallery order.
    """
    chunks = max(1, -(-n_gallery // MAX_GALLERY_CHUNK_SIZE))
    return max(1, -(-n_gallery // (chunks * TILE_SIZE))) * TILE_SIZE


def _pad_rows(block: torch.Tensor, size: int) -> torch.Tensor:
    """Rows of zeros added up to `size`."""
    return torch.nn.functional.pad(block, (0, 0, 0, size - len(block)))


def _l2_normalise(matrix: Matrix, device: str) -> torch.Tensor:
    # A copy: torch warns of memory that cannot be written, such as a mapped file's.
    block = torch.from_numpy(np.array(matrix, np.float32)).to(device)
    return block.div_(block.norm(dim=1, keepdim=True).clamp_min_(1e-12))
