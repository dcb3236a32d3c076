import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from weft.bags import build_word_bags
from weft.evaluation.word_scorers import (
    iter_chunks,
    knn_tag_transfer,
    linear_word_scores,
    sum_neighbour_tags,
    top_words,
)


def test_the_score_of_a_word_is_its_product_with_z(rng):
    z, w = rng.normal(size=(5, 3)).astype(np.float16), rng.normal(size=(4, 3)).astype(np.float32)
    scores = linear_word_scores(z, w)(slice(1, 3))
    assert scores == pytest.approx(z[1:3].astype(np.float32) @ w.T, abs=1e-6)


def test_tag_transfer_equals_a_worked_example():
    bags = build_word_bags([[0, 1], [1], []])
    rows = np.array([[0, 1], [2, -1], [-1, -1]])
    similarities = np.array([[0.9, 0.5], [0.4, -np.inf], [-np.inf, -np.inf]], np.float32)
    expected = [[0.9, 1.4, 0], [0, 0, 0], [0, 0, 0]]
    assert sum_neighbour_tags(rows, similarities, bags, 3) == pytest.approx(np.array(expected))


def _naive_transfer(rows, similarities, bags, words):
    scores = np.zeros((len(rows), words))
    for photo, (found, similarity) in enumerate(zip(rows, similarities, strict=True)):
        for row, value in zip(found, similarity, strict=True):
            for word in bags[row] if row >= 0 else []:
                scores[photo, word] += value
    return scores


def test_tag_transfer_equals_a_naive_computation(rng, search):
    bags = build_word_bags([rng.integers(0, 9, rng.integers(0, 6)).tolist() for _ in range(30)])
    training, z = rng.normal(size=(30, 4)), rng.normal(size=(12, 4))
    rows, similarities = search(z, training, 5)
    naive = _naive_transfer(rows, similarities, bags, 9)
    assert sum_neighbour_tags(rows, similarities, bags, 9) == pytest.approx(naive, abs=1e-5)
    part = knn_tag_transfer(z, training, bags, 9, 5, search)(slice(4, 9))
    assert part == pytest.approx(naive[4:9], abs=1e-5)


def test_tag_transfer_without_training_photos_scores_nothing(search):
    scores = knn_tag_transfer(np.ones((2, 3)), np.ones((0, 3)), build_word_bags([]), 4, 5, search)
    assert scores(slice(0, 2)).tolist() == [[0] * 4] * 2


@given(arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=st.sampled_from([0, 1, 2, -1.5])))
def test_top_words_equal_a_full_stable_sort_with_any_ties(scores):
    for k in (1, 3, 20):
        assert top_words(scores, k).tolist() == np.argsort(-scores, axis=1, kind="stable")[:, :k].tolist()


@pytest.mark.parametrize("photos", [0, 1, 511, 512, 513, 1500])
def test_chunks_cover_every_photo_once(photos):
    assert [row for part in iter_chunks(photos) for row in range(part.start, part.stop)] == list(range(photos))


def test_a_bias_is_added_to_every_photo():
    scores = linear_word_scores(np.eye(2), np.eye(2), np.array([[5], [0]]))(slice(0, 2))
    assert scores.tolist() == [[6, 0], [5, 1]]
