import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_nearest import naive_nearest

from weft.search.exact_index import BLOCK_SIZE, ExactIndex
from weft.search.product_search import PhotoSearch

SIZES = [1, 7, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1]


def draw_embeddings(photos, dim=8, seed=0):
    return np.random.default_rng(seed).standard_normal((photos, dim)).astype(np.float16)


def search_naively(query, embeddings, k):
    rows, scores = naive_nearest(query[None], embeddings, k)
    return rows[0][rows[0] >= 0], scores[0][rows[0] >= 0]


@pytest.mark.parametrize("photos", SIZES)
@pytest.mark.parametrize("k", [1, 5, 2_000])
def test_the_nearest_photos_are_those_of_a_naive_search(photos, k):
    embeddings, query = draw_embeddings(photos), draw_embeddings(1, seed=1)[0]
    rows, similarities = ExactIndex(embeddings).search(query, k)
    expected_rows, expected_similarities = search_naively(query, embeddings, min(k, photos))
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_allclose(similarities, expected_similarities, atol=1e-5)


def test_a_memory_map_is_searched_as_it_is(tmp_path):
    np.save(tmp_path / "z.npy", draw_embeddings(600))
    mapped, query = np.load(tmp_path / "z.npy", mmap_mode="r"), draw_embeddings(1, seed=1)[0]
    np.testing.assert_array_equal(ExactIndex(mapped).search(query, 9)[0], search_naively(query, mapped, 9)[0])


def test_only_candidates_are_found():
    embeddings, query = draw_embeddings(1_300), draw_embeddings(1, seed=1)[0]
    candidates = np.random.default_rng(2).random(1_300) < 0.6
    rows, _ = ExactIndex(embeddings).search(query, 50, candidates)
    expected, _ = search_naively(query, embeddings[candidates], 50)
    np.testing.assert_array_equal(rows, np.flatnonzero(candidates)[expected])


@pytest.mark.parametrize("photos", [0, 3])
def test_without_candidates_nothing_is_found(photos):
    rows, similarities = ExactIndex(draw_embeddings(photos)).search(np.ones(8), 5, np.zeros(photos, bool))
    assert len(rows) == len(similarities) == 0


def test_equal_photos_keep_the_order_of_the_catalogue_in_every_block():
    embeddings = np.tile(draw_embeddings(1, dim=48), (2 * BLOCK_SIZE + 77, 1))
    rows, _ = ExactIndex(embeddings).search(draw_embeddings(1, dim=48, seed=1)[0], 700)
    np.testing.assert_array_equal(rows, np.arange(700))


def test_a_zero_embedding_and_a_zero_query_have_similarity_zero():
    embeddings = np.zeros((2, 4), np.float16)
    embeddings[1] = 1
    assert ExactIndex(embeddings).search(np.ones(4), 2)[1].tolist() == pytest.approx([1, 0])
    assert ExactIndex(embeddings).search(np.zeros(4), 2)[1].tolist() == [0, 0]


@settings(max_examples=50)
@given(
    products=st.lists(st.integers(0, 6), max_size=30),
    k=st.integers(1, 9),
    seed=st.integers(0, 9),
    allowed=st.none() | st.sets(st.integers(0, 6)),
)
def test_products_are_ranked_by_their_most_similar_photo(products, k, seed, allowed):
    embeddings, query = draw_embeddings(len(products), seed=seed), draw_embeddings(1, seed=99)[0]
    names = [f"product {number}" for number in products]
    search = PhotoSearch(ExactIndex(embeddings), [f"photo {n}" for n in range(len(products))], names)
    mask = None if allowed is None else np.array([int(name[8:]) in allowed for name in search.products], bool)
    found = search.find_products(query, k, mask)
    expected = {}
    for row in search_naively(query, embeddings, max(1, len(products)))[0]:
        if allowed is None or products[row] in allowed:
            expected.setdefault(names[row], []).append(f"photo {row}")
    assert [[hit.photo_id for hit in hits] for hits in found] == list(expected.values())[:k]
