import numpy as np
import pytest
from tiny_catalogue import make_tiny_catalogue


def naive_nearest(queries, gallery, k, query_groups=None, gallery_groups=None):
    """Search exactly, one query and one photo at a time."""
    rows = np.full((len(queries), k), -1, np.int64)
    scores = np.full((len(queries), k), -np.inf, np.float32)
    for q, query in enumerate(np.asarray(queries, np.float64)):
        found = []
        for g, photo in enumerate(np.asarray(gallery, np.float64)):
            if query_groups is not None and query_groups[q] == gallery_groups[g]:
                continue
            cosine = query @ photo / max(np.linalg.norm(query) * np.linalg.norm(photo), 1e-12)
            found.append((-round(float(cosine), 9), g))
        for rank, (negative, g) in enumerate(sorted(found)[:k]):
            rows[q, rank], scores[q, rank] = g, -negative
    return rows, scores


@pytest.fixture
def search():
    return naive_nearest


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def tiny_catalogue(tmp_path, rng):
    return make_tiny_catalogue(tmp_path, rng)
