import numpy as np

from weft.search.exact_index import ExactIndex
from weft.search.stored_vectors import StoredVectors
from weft.search.whitened_index import NUM_RERANKED, WhitenedIndex
from weft.whitening import Whitening


def make_whitened_index(photos, dim=6):
    rng = np.random.default_rng(4)
    embeddings = rng.normal(size=(photos, dim)).astype(np.float16)
    whitening = Whitening(np.full(dim, 0.1, np.float32), np.diag(rng.uniform(0.1, 2, dim)).astype(np.float32))
    index = WhitenedIndex(ExactIndex([embeddings]), StoredVectors([embeddings], dim), whitening)
    return index, embeddings, whitening


def rank_naively(query, embeddings, whitening):
    unit = [row / np.linalg.norm(row) for row in [query, *embeddings.astype(np.float64)]]
    whitened = [(row - whitening.mean) @ whitening.matrix for row in unit]
    cosines = [row @ whitened[0] / np.linalg.norm(row) / np.linalg.norm(whitened[0]) for row in whitened[1:]]
    return np.argsort(-np.array(cosines), kind="stable"), np.sort(cosines)[::-1]


def test_photos_are_ranked_by_the_cosines_of_whitened_embeddings():
    index, embeddings, whitening = make_whitened_index(300)
    query = np.random.default_rng(5).normal(size=6)
    rows, similarities = index.search(query, 7)
    expected_rows, expected = rank_naively(query, embeddings, whitening)
    assert rows.tolist() == expected_rows[:7].tolist()
    np.testing.assert_allclose(similarities, expected[:7], atol=1e-5)
    assert len(index) == 300


def test_only_candidates_are_found_and_fewer_than_k_where_there_are_no_more():
    index, _, _ = make_whitened_index(50)
    candidates = np.zeros(50, bool)
    candidates[[3, 30]] = True
    assert sorted(index.search(np.ones(6), 9, candidates)[0].tolist()) == [3, 30]
    assert index.search(np.ones(6), 9, np.zeros(50, bool))[0].tolist() == []


def test_more_photos_than_are_ranked_again_can_be_asked_for():
    index, _, _ = make_whitened_index(NUM_RERANKED + 40)
    rows, _ = index.search(np.ones(6), NUM_RERANKED + 20)
    assert len(set(rows.tolist())) == NUM_RERANKED + 20
