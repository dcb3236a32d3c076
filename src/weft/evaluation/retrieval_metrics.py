"""Ranked lists of photos and their metrics, one value per query; a table holds the mean over queries.

`hits` is (queries, positions), best first: whether the photo at that position is a positive. A list can be shorter
than k where the gallery is small; the missing positions are no hits.
"""

from dataclasses import dataclass

import numpy as np

from weft.contracts.arrays import Bools, Floats, Ints, Matrix, Scores
from weft.contracts.search import Search
from weft.evaluation.knn import take_rows
from weft.ranking_metrics import check_num_positives, map_at_r


def find_hits(rows: Ints, query_labels: Ints, gallery_labels: Ints) -> Bools:
    """Return which retrieved photos have the query's label.

    Args:
        rows: (queries, positions): gallery rows, -1 where a position is empty.
        query_labels: (queries,): products or classes as integers.
        gallery_labels: (gallery,): the same integers.
    """
    if len(gallery_labels) == 0:
        return np.zeros(rows.shape, np.bool_)
    hits: Bools = (gallery_labels[rows] == query_labels[:, None]) & (rows >= 0)
    return hits


def recall_at_k(hits: Bools, k: int) -> Floats:
    """Return 1 where any of the first k is a positive, else 0.

    This is the recall of the In-shop benchmark, also called hit rate or CMC; `recall_all_at_k` is the share of a
    query's positives.
    """
    _check_k(k)
    return np.asarray(hits[:, :k].any(axis=1), np.float64)


def recall_all_at_k(hits: Bools, num_positives: Ints, k: int) -> Floats:
    """Return the share of a query's positives that are among its first k, the recall of information retrieval.

    Args:
        hits: (queries, positions).
        num_positives: (queries,): positives in the gallery, at least 1 each.
        k: At least 1.
    """
    _check_k(k)
    check_num_positives(num_positives)
    return np.asarray(hits[:, :k].sum(axis=1) / num_positives, np.float64)


def recall_all_upper_bound(num_positives: Ints, k: int) -> float:
    """Return the mean recall_all_at_k of a perfect ranking, below 1 where queries have more than k positives."""
    _check_k(k)
    check_num_positives(num_positives)
    return float((np.minimum(num_positives, k) / num_positives).mean())


def precision_at_k(hits: Bools, k: int) -> Floats:
    """Return the share of hits among the first k, divided by k even where the list is shorter."""
    _check_k(k)
    return np.asarray(hits[:, :k].sum(axis=1) / k, np.float64)


def first_hit_index(hits: Bools) -> Ints:
    """Return the position of the first hit, from 0; the number of positions where there is none."""
    if hits.shape[1] == 0:
        return np.zeros(len(hits), np.int64)
    indices: Ints = np.where(hits.any(axis=1), hits.argmax(axis=1), hits.shape[1])
    return indices


def first_hit_ranks(hits: Bools) -> Ints:
    """Return the rank of the first hit, from 1; 0 where the list contains none."""
    ranks: Ints = np.where(hits.any(axis=1), first_hit_index(hits) + 1, 0)
    return ranks


def _check_k(k: int) -> None:
    if k < 1:
        raise ValueError(f"expected k of at least 1, got {k}")


@dataclass(frozen=True)
class RankedLists:
    """What each query retrieved, best first."""

    queries: Ints
    """(queries,): rows of the benchmark's photos."""
    retrieved: Ints
    """(queries, positions): rows of the benchmark's photos, -1 where a position is empty."""
    similarities: Scores
    """(queries, positions): cosines, -inf where a position is empty."""
    hits: Bools
    """(queries, positions): retrieved photos with the query's label."""
    num_positives: Ints
    """(queries,): positives in the gallery."""


def rank_gallery(
    z: Matrix, labels: Ints, groups: Ints, queries: Ints, gallery: Ints, length: int, search: Search
) -> RankedLists:
    """Rank the gallery for every query.

    Args:
        z: (photos, embedding_dim).
        labels: (photos,): products or classes as integers; photos with the same label are positives.
        groups: (photos,): a query never retrieves a photo of its own group. Row numbers as groups exclude only itself.
        queries: Rows of z.
        gallery: Rows of z.
        length: Positions per list.
        search: Exact search.
    """
    rows, similarities = search(
        take_rows(z, queries), take_rows(z, gallery), length, groups[queries], np.ascontiguousarray(groups[gallery])
    )
    hits = find_hits(rows, labels[queries], labels[gallery])
    retrieved = np.where(rows >= 0, gallery[rows], -1) if len(gallery) else rows
    return RankedLists(queries, retrieved, similarities, hits, count_positives(labels, groups, queries, gallery))


def count_positives(labels: Ints, groups: Ints, queries: Ints, gallery: Ints) -> Ints:
    """Return how many gallery photos have each query's label and another group, (queries,).

    Args:
        labels: (photos,).
        groups: (photos,).
        queries: Rows of photos.
        gallery: Rows of photos.
    """
    # One integer per (label, group) pair makes both counts plain array look-ups.
    _, pair = np.unique(np.stack([labels, groups]), axis=1, return_inverse=True)
    count_by_label = np.bincount(labels[gallery], minlength=int(labels.max(initial=0)) + 1)
    count_by_pair = np.bincount(pair[gallery], minlength=int(pair.max(initial=0)) + 1)
    return np.asarray(count_by_label[labels[queries]] - count_by_pair[pair[queries]], np.int64)


def compute_query_metrics(
    ranked: RankedLists, recall_k: tuple[int, ...], recall_all_k: tuple[int, ...] = ()
) -> dict[str, Floats]:
    """Return the retrieval metrics of every query, (queries,) each, in the order of the table's columns.

    Args:
        ranked: Lists at least as long as the largest k and the largest number of positives, with at least one positive
            per query.
        recall_k: The k of recall_at_k.
        recall_all_k: The k of recall_all_at_k.
    """
    metrics = {f"recall_at_{k}": recall_at_k(ranked.hits, k) for k in recall_k}
    for k in recall_all_k:
        metrics[f"recall_all_at_{k}"] = recall_all_at_k(ranked.hits, ranked.num_positives, k)
    metrics["map_at_r"] = map_at_r(ranked.hits, ranked.num_positives)
    return metrics
