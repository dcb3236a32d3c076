import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from naive_nearest import naive_nearest

from weft.retrieval import search
from weft.retrieval.search import find_nearest_neighbours


def assert_same(found, expected):
    assert found[0].tolist() == expected[0].tolist()
    np.testing.assert_allclose(found[1], expected[1], atol=1e-5)


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks so small that the test data fill several."""
    monkeypatch.setattr(search, "QUERY_CHUNK_SIZE", 4)
    monkeypatch.setattr(search, "MAX_GALLERY_CHUNK_SIZE", 5)
    monkeypatch.setattr(search, "TILE_SIZE", 2)


@pytest.fixture
def photos():
    """A gallery of 23 photos and 9 queries of small integers, so that many similarities are exactly equal."""
    rng = np.random.default_rng(3)
    signs = rng.choice([-1.0, 1.0], (32, 4)).astype(np.float32)
    return signs[:9], signs[9:]


@pytest.mark.parametrize("k", [1, 4, 5, 6, 23, 30])
def test_results_equal_the_naive_search_with_ties_across_chunks(photos, small_chunks, k):
    assert_same(find_nearest_neighbours(*photos, k), naive_nearest(*photos, k))


@pytest.mark.parametrize("k", [1, 5, 30])
def test_the_sizes_of_chunks_change_no_result(photos, monkeypatch, k):
    whole = find_nearest_neighbours(*photos, k)
    monkeypatch.setattr(search, "TILE_SIZE", 1)
    for queries, gallery in ((1, 1), (4, 5), (9, 23), (3, 22)):
        monkeypatch.setattr(search, "QUERY_CHUNK_SIZE", queries)
        monkeypatch.setattr(search, "MAX_GALLERY_CHUNK_SIZE", gallery)
        assert_same(find_nearest_neighbours(*photos, k), whole)


@pytest.mark.parametrize("k", [1, 6, 30])
def test_a_query_never_finds_its_own_group(photos, small_chunks, k):
    queries, gallery = photos
    groups = np.arange(9) % 3, np.arange(23) % 3
    rows, scores = find_nearest_neighbours(queries, gallery, k, *groups)
    assert_same((rows, scores), naive_nearest(queries, gallery, k, *groups))
    for query, found in enumerate(rows):
        assert all(groups[1][row] != groups[0][query] for row in found if row >= 0)


def test_with_row_numbers_as_groups_no_query_finds_itself(photos, small_chunks):
    _, gallery = photos
    numbers = np.arange(len(gallery))
    rows, _ = find_nearest_neighbours(gallery, gallery, 3, numbers, numbers)
    assert not (rows == numbers[:, None]).any()


def test_ranks_beyond_the_gallery_are_empty(photos, small_chunks):
    queries, gallery = photos
    rows, scores = find_nearest_neighbours(queries, gallery[:7], 10)
    assert (rows[:, 7:] == -1).all()
    assert np.isneginf(scores[:, 7:]).all()
    assert np.sort(rows[:, :7]).tolist() == [list(range(7))] * 9
    rows, scores = find_nearest_neighbours(queries, gallery[:0], 2)
    assert (rows == -1).all()
    assert np.isneginf(scores).all()


def test_a_gallery_of_only_the_querys_group_gives_no_results(photos, small_chunks):
    queries, gallery = photos
    rows, scores = find_nearest_neighbours(queries, gallery, 3, np.zeros(9, np.int64), np.zeros(23, np.int64))
    assert (rows == -1).all()
    assert np.isneginf(scores).all()


def test_no_queries_give_no_results(photos):
    assert find_nearest_neighbours(photos[0][:0], photos[1], 3)[0].shape == (0, 3)


def test_a_float16_memory_map_can_be_the_gallery(tmp_path, small_chunks):
    rng = np.random.default_rng(5)
    queries = rng.normal(size=(6, 8)).astype(np.float32)
    np.save(tmp_path / "z.npy", rng.normal(size=(17, 8)).astype(np.float16))
    gallery = np.load(tmp_path / "z.npy", mmap_mode="r")
    assert_same(
        find_nearest_neighbours(queries, gallery, 6), naive_nearest(queries, np.asarray(gallery, np.float64), 6)
    )


def test_vector_length_does_not_matter_and_zero_vectors_give_no_nan(photos):
    queries, gallery = photos
    scale = np.random.default_rng(1).choice([0.25, 1, 64], (23, 1)).astype(np.float32)
    assert_same(find_nearest_neighbours(queries * 8, gallery * scale, 5), find_nearest_neighbours(queries, gallery, 5))
    _, scores = find_nearest_neighbours(np.zeros((1, 4), np.float32), gallery, 2)
    assert scores.tolist() == [[0.0, 0.0]]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 12), st.integers(0, 20), st.integers(1, 25), st.integers(0, 2**32), st.booleans())
def test_results_of_any_size_equal_the_naive_search(small_chunks, queries, gallery, k, seed, grouped):
    rng = np.random.default_rng(seed)
    vectors = rng.choice([-1.0, 1.0], (queries + gallery, 4)).astype(np.float32)
    groups = (rng.integers(3, size=queries), rng.integers(3, size=gallery)) if grouped else ()
    parts = vectors[:queries], vectors[queries:], k, *groups
    assert_same(find_nearest_neighbours(*parts), naive_nearest(*parts))


def test_equal_photos_are_in_gallery_order_at_a_real_embedding_dim():
    rng = np.random.default_rng(2)
    different = rng.normal(size=(40, 1_280)).astype(np.float16)
    gallery = np.concatenate([different, different, different])
    rows, scores = find_nearest_neighbours(different[:8].astype(np.float32), gallery, 3)
    assert rows.tolist() == [[n, n + 40, n + 80] for n in range(8)]
    np.testing.assert_allclose(scores, 1.0, atol=1e-3)


@pytest.mark.parametrize("beyond", [1, 17, 33, 904])
def test_equal_photos_in_different_chunks_are_in_gallery_order(beyond):
    # A shorter last chunk would be multiplied by another kernel and differ in the eighth digit.
    rng = np.random.default_rng(0)
    gallery = rng.normal(size=(search.MAX_GALLERY_CHUNK_SIZE + beyond, 1_280)).astype(np.float16)
    twins = gallery[:40]
    gallery[-40:] = twins
    rows, scores = find_nearest_neighbours(twins.astype(np.float32), gallery, 2)
    assert rows.tolist() == [[n, len(gallery) - 40 + n] for n in range(40)]
    assert (scores[:, 0] == scores[:, 1]).all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_equals_the_cpu(photos, monkeypatch):
    rng = np.random.default_rng(4)
    plain = rng.normal(size=(50, 64)).astype(np.float32), rng.normal(size=(3_000, 64)).astype(np.float16)
    groups = np.arange(50) % 7, np.arange(3_000) % 7
    for parts in ((*photos, 6), (*plain, 20), (*plain, 20, *groups)):
        monkeypatch.setenv("WEFT_DEVICE", "cuda")
        on_gpu = find_nearest_neighbours(*parts)
        monkeypatch.setenv("WEFT_DEVICE", "cpu")
        assert_same(on_gpu, find_nearest_neighbours(*parts))
