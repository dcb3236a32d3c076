"""Ranked lists of photos for query photos, and what each query finds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.evaluation import ranking
from weft.evaluation.search import Bools, Floats, Ints, Matrix, Search, rows_of


@dataclass(frozen=True)
class Ranking:
    """What each query found, best first."""

    queries: Ints
    """(queries,), rows of the benchmark's photos."""
    found: Ints
    """(queries, places), rows of the benchmark's photos, -1 where a place is empty."""
    similarities: npt.NDArray[np.float32]
    """(queries, places), cosines, -inf where a place is empty."""
    hits: Bools
    """(queries, places): found photos with the query's label."""
    positives: Ints
    """(queries,): how many photos it could find at best."""


def rank(z: Matrix, labels: Ints, groups: Ints, queries: Ints, gallery: Ints, places: int, search: Search) -> Ranking:
    """Search the gallery with every query.

    Args:
        z: (photos, embedding_dim).
        labels: (photos,): a product or class as a number; equal ones are positives.
        groups: (photos,): a query finds no photo of its own group; row numbers keep it from finding itself.
        queries: Rows of z.
        gallery: Rows of z.
        places: Length of the lists.
        search: Exact search.
    """
    rows, similarities = search(
        rows_of(z, queries), rows_of(z, gallery), places, groups[queries], np.ascontiguousarray(groups[gallery])
    )
    hits = ranking.hits_of(rows, labels[queries], labels[gallery])
    found = np.where(rows >= 0, gallery[rows], -1) if len(gallery) else rows
    return Ranking(queries, found, similarities, hits, positives_of(labels, groups, queries, gallery))


def positives_of(labels: Ints, groups: Ints, queries: Ints, gallery: Ints) -> Ints:
    """How many gallery photos bear each query's label and are not of its group: what it could find at best.

    Args:
        labels: (photos,).
        groups: (photos,).
        queries: Rows of photos.
        gallery: Rows of photos.

    Returns:
        (queries,).
    """
    # One number for a (label, group) pair, so that both counts are plain array look-ups.
    _, pair = np.unique(np.stack([labels, groups]), axis=1, return_inverse=True)
    of_label = np.bincount(labels[gallery], minlength=int(labels.max(initial=0)) + 1)
    of_pair = np.bincount(pair[gallery], minlength=int(pair.max(initial=0)) + 1)
    return np.asarray(of_label[labels[queries]] - of_pair[pair[queries]], np.int64)


def retrieval_gains(ranked: Ranking, top_k: tuple[int, ...], fractions: tuple[int, ...] = ()) -> dict[str, Floats]:
    """The retrieval metrics of every query, (queries,) each, in the order of a table.

    Args:
        ranked: Lists at least as long as the largest k and the largest number of positives; at least one positive
            for each query.
        top_k: The k of recall_at_k.
        fractions: The k of hit_fraction_at_k.
    """
    gains = {f"recall_at_{k}": ranking.recall_at_k(ranked.hits, k) for k in top_k}
    for k in fractions:
        gains[f"hit_fraction_at_{k}"] = ranking.hit_fraction_at_k(ranked.hits, ranked.positives, k)
    gains["map_at_r"] = ranking.map_at_r(ranked.hits, ranked.positives)
    return gains


def first_ranks(ranked: Ranking) -> Ints:
    """(queries,): the place of each query's first hit, from 1; 0 where its list has none."""
    found: Ints = np.where(ranked.hits.any(axis=1), ranking.first_hit(ranked.hits) + 1, 0)
    return found
