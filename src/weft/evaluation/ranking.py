"""Metrics of ranked lists, one number per query; their mean over queries is the figure of a table.

`hits` is (queries, places): whether the photo at that place, best first, is a positive. A list may end before k when
the gallery is smaller: the places that are not there are no hits.
"""

import numpy as np

from weft.evaluation.search import Bools, Floats, Ints


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
