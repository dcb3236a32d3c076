"""Exact nearest neighbours by cosine similarity, gallery chunk by gallery chunk.

A matrix product and a top-k at a time: no slower than a library's exact index at benchmark size
(benchmarks/retrieval.py), with memory that does not grow with the gallery.
"""

import numpy as np
import numpy.typing as npt
import torch

from weft import runtime

QUERY_CHUNK = 1024
GALLERY_CHUNK = 4_096
TILE = 64
"""Photos; a multiple of what the kernels of BLAS libraries compute at once."""

Matrix = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]


def nearest(
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
    size = _chunk_size(len(gallery))
    for first in range(0, len(gallery), size):
        chunk = slice(first, min(first + size, len(gallery)))
        photos = _filled(_normalised(gallery[chunk], device), size).T
        groups = None if gallery_groups is None else torch.from_numpy(gallery_groups[chunk]).to(device)
        for start in range(0, len(queries), QUERY_CHUNK):
            part = slice(start, min(start + QUERY_CHUNK, len(queries)))
            similarity = (_normalised(queries[part], device) @ photos)[:, : chunk.stop - first]
            if groups is not None and query_groups is not None:
                own = torch.from_numpy(query_groups[part]).to(device)
                similarity.masked_fill_(own[:, None] == groups[None, :], -torch.inf)
            value, place = _top(similarity, k)
            # Earlier chunks stand first, so a stable sort keeps gallery order among equals.
            value, order = torch.cat([scores[part], value], 1).sort(dim=1, descending=True, stable=True)
            place = torch.cat([rows[part], place + first], 1).gather(1, order)
            scores[part], rows[part] = value[:, :k], place[:, :k]
    found = torch.where(scores.isneginf(), -1, rows)
    return found.cpu().numpy(), scores.cpu().numpy()


def _top(similarity: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k largest of each row, equal values in column order.

    topk alone picks any of the equals at the cut, so rows where the value at the cut is shared are sorted in full.
    """
    k = min(k, similarity.shape[1])
    value, place = similarity.topk(k, dim=1)
    place, order = place.sort(1)
    value, order = value.gather(1, order).sort(dim=1, descending=True, stable=True)
    place = place.gather(1, order)
    shared = (similarity >= value[:, -1:]).sum(1) > k
    if bool(shared.any()):
        whole, everywhere = similarity[shared].sort(dim=1, descending=True, stable=True)
        value[shared], place[shared] = whole[:, :k], everywhere[:, :k]
    return value, place


def _chunk_size(gallery: int) -> int:
    """Photos in a chunk: all chunks alike, as few as GALLERY_CHUNK allows, in whole tiles.

    Products of other shapes add up in another order: two equal photos, one of them in a shorter last chunk or in
    columns beyond the last whole tile, would differ in the eighth digit and could stand against gallery order.
    """
    chunks = max(1, -(-gallery // GALLERY_CHUNK))
    return max(1, -(-gallery // (chunks * TILE))) * TILE


def _filled(block: torch.Tensor, size: int) -> torch.Tensor:
    """Rows of zeros added up to `size`."""
    return torch.nn.functional.pad(block, (0, 0, 0, size - len(block)))


def _normalised(matrix: Matrix, device: str) -> torch.Tensor:
    # A copy: torch warns of memory that cannot be written, such as a mapped file's.
    block = torch.from_numpy(np.array(matrix, np.float32)).to(device)
    return block.div_(block.norm(dim=1, keepdim=True).clamp_min_(1e-12))
