import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_nearest import naive_nearest

from weft.search.exact_index import ExactIndex, load_unit_rows
from weft.search.half_floats import to_float32
from weft.search.product_search import PhotoSearch
from weft.search.vector_index import MaskedIndex

DIM = 512
BLOCK_ROWS = 512
"""Vectors of DIM values that the index reads at once."""
LOADERS = pytest.mark.parametrize("load", [np.asarray, load_unit_rows], ids=["mapped", "in memory"])


def draw_vectors(count, dim=8, seed=0):
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float16)


def make_faiss_index(parts):
    pytest.importorskip("faiss", reason="needs faiss-cpu (the extra faiss)")
    from weft.search.faiss_index import FaissIndex

    return FaissIndex(parts)


def search_naively(query, vectors, k):
    rows, scores = naive_nearest(query[None], vectors, k)
    return rows[0][rows[0] >= 0], scores[0][rows[0] >= 0]


def test_every_finite_half_float_is_converted_exactly():
    values = np.arange(2**16, dtype=np.uint16).view(np.float16)
    values = values[np.isfinite(values)][None]
    converted = to_float32(values)
    np.testing.assert_array_equal(converted, values.astype(np.float32))
    np.testing.assert_array_equal(np.signbit(converted), np.signbit(values))


@LOADERS
@pytest.mark.parametrize("count", [1, 7, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1])
@pytest.mark.parametrize("k", [1, 5])
def test_the_nearest_vectors_are_those_of_a_naive_search(load, count, k):
    vectors, query = draw_vectors(count, DIM), draw_vectors(1, DIM, seed=1)[0]
    rows, similarities = ExactIndex([load(vectors)]).search(query, k)
    expected_rows, expected_similarities = search_naively(query, vectors, min(k, count))
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_allclose(similarities, expected_similarities, atol=1e-5)


def test_with_fewer_vectors_than_requested_all_are_found_best_first():
    rows, similarities = ExactIndex([draw_vectors(9)]).search(draw_vectors(1, seed=1)[0], 2_000)
    assert sorted(rows) == list(range(9))
    assert similarities.tolist() == sorted(similarities.tolist(), reverse=True)


@LOADERS
@pytest.mark.parametrize("share", [0.1, 0.9])
def test_the_rows_of_several_matrices_are_numbered_through_and_only_candidates_are_found(load, share):
    vectors, query = draw_vectors(1_300), draw_vectors(1, seed=1)[0]
    candidates = np.random.default_rng(2).random(1_300) < share
    index = ExactIndex([load(part) for part in np.split(vectors, [0, 500, 501])])
    rows, _ = index.search(query, 50, candidates)
    expected, _ = search_naively(query, vectors[candidates], 50)
    np.testing.assert_array_equal(rows, np.flatnonzero(candidates)[expected])


@pytest.mark.parametrize("make_index", [ExactIndex, make_faiss_index])
def test_rows_behind_a_mask_are_never_found_and_the_others_are_numbered_anew(make_index):
    vectors, query = draw_vectors(300), draw_vectors(1, seed=1)[0]
    rng = np.random.default_rng(2)
    exists, filtered = rng.random(300) < 0.7, rng.random(300) < 0.5
    index = MaskedIndex(make_index([vectors]), exists)
    assert len(index) == exists.sum()
    left, kept = vectors[exists], filtered[: exists.sum()]
    np.testing.assert_array_equal(index.search(query, 20)[0], search_naively(query, left, 20)[0])
    expected = np.flatnonzero(kept)[search_naively(query, left[kept], 20)[0]]
    np.testing.assert_array_equal(index.search(query, 20, kept)[0], expected)


def test_a_memory_map_is_searched_as_it_is(tmp_path):
    np.save(tmp_path / "z.npy", draw_vectors(600))
    mapped, query = np.load(tmp_path / "z.npy", mmap_mode="r"), draw_vectors(1, seed=1)[0]
    np.testing.assert_array_equal(ExactIndex([mapped]).search(query, 9)[0], search_naively(query, mapped, 9)[0])


@pytest.mark.parametrize("make_index", [ExactIndex, make_faiss_index])
@pytest.mark.parametrize("count", [0, 3])
def test_without_candidates_nothing_is_found(make_index, count):
    rows, similarities = make_index([draw_vectors(count)]).search(np.ones(8), 5, np.zeros(count, bool))
    assert len(rows) == len(similarities) == 0


@LOADERS
def test_equal_vectors_keep_their_order_wherever_they_are(load):
    vectors = np.tile(draw_vectors(1, DIM), (2 * BLOCK_ROWS + 77, 1))
    rows, _ = ExactIndex([load(vectors)]).search(draw_vectors(1, DIM, seed=1)[0], 700)
    np.testing.assert_array_equal(rows, np.arange(700))


@LOADERS
def test_a_zero_vector_and_a_zero_query_have_similarity_zero(load):
    vectors = np.zeros((2, 4), np.float16)
    vectors[1] = 1
    assert ExactIndex([load(vectors)]).search(np.ones(4), 2)[1].tolist() == pytest.approx([1, 0])
    assert ExactIndex([load(vectors)]).search(np.zeros(4), 2)[1].tolist() == [0, 0]


@settings(max_examples=50)
@given(
    products=st.lists(st.integers(0, 6), max_size=30),
    k=st.integers(1, 9),
    seed=st.integers(0, 9),
    allowed=st.none() | st.sets(st.integers(0, 6)),
)
def test_products_are_ranked_by_their_most_similar_photo(products, k, seed, allowed):
    vectors, query = draw_vectors(len(products), seed=seed), draw_vectors(1, seed=99)[0]
    names = [f"product {number}" for number in products]
    photo_ids = [f"photo {n}" for n in range(len(products))]
    search = PhotoSearch(ExactIndex([vectors]), photo_ids, names)
    mask = None if allowed is None else np.array([int(name[8:]) in allowed for name in search.products], bool)
    found = search.find_products(query, k, mask)
    expected = {}
    for row in search_naively(query, vectors, max(1, len(products)))[0]:
        if allowed is None or products[row] in allowed:
            expected.setdefault(names[row], []).append(photo_ids[row])
    assert [[hit.photo_id for hit in hits] for hits in found] == list(expected.values())[:k]
    for name in {"product 0", *names}:
        assert search.list_photo_ids(name) == [photo_ids[n] for n, other in enumerate(names) if other == name]
