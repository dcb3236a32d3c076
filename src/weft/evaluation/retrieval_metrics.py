"""Metrics of ranked lists, one number per query; their mean over queries is the figure of a table.

`hits` is (queries, places): whether the photo at that place, best first, is a positive. A list may end before k when
the gallery is smaller: the places that are not there are no hits.

Ranked lists of photos for query photos, and what each query finds.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.evaluation.knn import Bools, Floats, Ints, Matrix, Search, rows_of


def hits_of(rows: Ints, query_labels: Ints, gallery_labels: Ints) -> Bools:
    """Which found photos bear the query's label.

    Args:
        rows: (queries, places), rows of the gallery, -1 where a place is empty.
        query_labels: (queries,), a product or class as a number.
        gallery_labels: (gallery,), in the same numbers.
    """
    if len(gallery_labels) == 0:
        return np.zeros(rows.shape, np.bool_)
    hits: Bools = (gallery_labels[rows] == query_labels[:, None]) & (rows >= 0)
    return hits


def recall_at_k(hits: Bools, k: int) -> Floats:
    """1 where any of the first k is a positive, else 0: In-shop's recall (hit rate, cmc), not the share found."""
    _wanted(k)
    return np.asarray(hits[:, :k].any(axis=1), np.float64)


def hit_fraction_at_k(hits: Bools, positives: Ints, k: int) -> Floats:
    """Share of a query's positives that are among its first k; below 1 at best where it has more than k.

    Args:
        hits: (queries, places).
        positives: (queries,), how many positives the gallery holds, at least 1 each.
        k: Places counted.
    """
    _wanted(k)
    _have_positives(positives)
    return np.asarray(hits[:, :k].sum(axis=1) / positives, np.float64)


def hit_fraction_ceiling(positives: Ints, k: int) -> float:
    """The mean hit_fraction_at_k of a perfect ranking: below 1 where queries have more than k positives."""
    _wanted(k)
    _have_positives(positives)
    return float((np.minimum(positives, k) / positives).mean())


def precision_at_k(hits: Bools, k: int) -> Floats:
    """Share of the first k places that are hits, out of k even where the list is shorter."""
    _wanted(k)
    return np.asarray(hits[:, :k].sum(axis=1) / k, np.float64)


def map_at_r(hits: Bools, positives: Ints) -> Floats:
    """Mean average precision at R, R being the query's number of positives (Musgrave et al. 2020, section 3.2).

    The mean over the first R places of the precision up to that place where the place is a hit, 0 where it is not.

    Args:
        hits: (queries, places) with at least max(positives) places, or all that the gallery has.
        positives: (queries,), at least 1 each.
    """
    _have_positives(positives)
    places = np.arange(1, hits.shape[1] + 1)
    within = hits & (places[None, :] <= positives[:, None])
    precision = np.cumsum(within, axis=1) / places
    total: Floats = (precision * within).sum(axis=1) / positives
    return total


def first_hit(hits: Bools) -> Ints:
    """The place of the first hit, from 0; the number of places where there is none."""
    if hits.shape[1] == 0:
        return np.zeros(len(hits), np.int64)
    places: Ints = np.where(hits.any(axis=1), hits.argmax(axis=1), hits.shape[1])
    return places


def _wanted(k: int) -> None:
    if k < 1:
        raise ValueError(f"k = {k}, wanted at least 1")


def _have_positives(positives: Ints) -> None:
    if len(positives) and positives.min() < 1:
        raise ValueError(f"query {int(positives.argmin())} has no positive; leave such queries out and count them")


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
    hits = hits_of(rows, labels[queries], labels[gallery])
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
    gains = {f"recall_at_{k}": recall_at_k(ranked.hits, k) for k in top_k}
    for k in fractions:
        gains[f"hit_fraction_at_{k}"] = hit_fraction_at_k(ranked.hits, ranked.positives, k)
    gains["map_at_r"] = map_at_r(ranked.hits, ranked.positives)
    return gains


def first_ranks(ranked: Ranking) -> Ints:
    """(queries,): the place of each query's first hit, from 1; 0 where its list has none."""
    found: Ints = np.where(ranked.hits.any(axis=1), first_hit(ranked.hits) + 1, 0)
    return found
