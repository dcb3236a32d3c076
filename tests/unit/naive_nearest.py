"""The slow, obvious twin of `weft.retrieval.search.find_nearest_neighbours`."""

import numpy as np


def naive_nearest(queries, gallery, k, query_groups=None, gallery_groups=None):
    """Compare one query with one photo at a time; ties are in gallery order.

    Returns:
        Rows of the gallery (queries, k), -1 where a query has fewer than k, and their cosines.
    """
    rows = np.full((len(queries), k), -1, np.int64)
    scores = np.full((len(queries), k), -np.inf, np.float32)
    for q, query in enumerate(np.asarray(queries, np.float64)):
        found = []
        for g, photo in enumerate(np.asarray(gallery, np.float64)):
            if query_groups is None or query_groups[q] != gallery_groups[g]:
                cosine = query @ photo / max(np.linalg.norm(query) * np.linalg.norm(photo), 1e-12)
                found.append((-round(float(cosine), 6), g))
        for rank, (negative, g) in enumerate(sorted(found)[:k]):
            rows[q, rank], scores[q, rank] = g, -negative
    return rows, scores
