import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.word_scores import (
    average_query_words,
    log_partition,
    log_probabilities,
    roc_auc,
    score_labels,
    score_words,
)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60))
def test_the_roc_auc_is_the_share_of_pairs_in_the_right_order(observations):
    scores, is_positive = (np.array(column) for column in zip(*observations, strict=True))
    scores = scores.astype(np.float32)
    pairs = [(positive, negative) for positive in scores[is_positive] for negative in scores[~is_positive]]
    naive = np.mean([(a > b) + (a == b) / 2 for a, b in pairs]) if pairs else np.nan
    assert roc_auc(scores, is_positive) == pytest.approx(naive, nan_ok=True)


def test_a_label_scores_the_mean_of_its_words_and_a_label_without_known_words_nothing() -> None:
    scores = score_labels(np.array([[1, 2, 6]], np.float32), [[0], [1, 2], []], [0, 0, 1])
    assert scores.tolist() == [[1, 4, -np.inf]]


def test_an_unknown_word_counts_as_the_average_word_of_the_photo() -> None:
    # short, long, sleeves, and words that the photo does not show.
    word_scores = np.array([[2, -3, 3, -8, -9]], np.float32)
    known_half, both = score_labels(word_scores, [[2], [0, 2]], [1, 0])[0]
    assert known_half == pytest.approx((3 + word_scores.mean()) / 2)
    assert known_half < both < score_labels(word_scores, [[2]], [0])[0, 0]


def test_the_sigmoid_of_a_logit_is_the_probability_of_a_word_only_after_binary_cross_entropy() -> None:
    logits = np.array([[-1000, -1, 0, 1, 1000]], np.float32)
    np.testing.assert_allclose(
        log_probabilities(logits, "binary_cross_entropy"), [[-1000, -1.313262, -0.693147, -0.313262, 0]], rtol=1e-5
    )
    for loss in ("full_softmax", ""):
        assert log_probabilities(logits, loss) is logits


def test_the_embedding_of_a_text_is_the_weighted_mean_of_its_words() -> None:
    w = np.array([[1, 0], [0, 1], [5, 5]], np.float32)
    weights = np.array([0.9, 0.3, 0], np.float32)
    np.testing.assert_allclose(average_query_words(w, weights, [0, 1, 2]), [0.75, 0.25])
    # A query of words that photos do not show is still a query.
    np.testing.assert_allclose(average_query_words(w, weights, [2]), [5, 5])


def test_without_positives_or_without_negatives_the_roc_auc_is_undefined():
    assert np.isnan(roc_auc(np.ones(3), np.ones(3, bool)))
    assert np.isnan(roc_auc(np.ones(3), np.zeros(3, bool)))


@pytest.mark.parametrize("chunk_size", [1, 3, 512])
def test_scores_in_chunks_equal_one_matrix_product(rng, chunk_size):
    z, w = rng.normal(size=(7, 3)).astype(np.float32), rng.normal(size=(5, 3)).astype(np.float32)
    bias, rows = rng.normal(size=(5, 1)).astype(np.float32), np.array([6, 0, 3, 3])
    logits = z[rows] @ w.T + bias.T
    assert score_words(z, rows, w, bias, chunk_size) == pytest.approx(logits, abs=1e-5)
    expected = np.log(np.exp(logits.astype(np.float64)).sum(axis=1, keepdims=True))
    assert log_partition(z, rows, w, bias, chunk_size) == pytest.approx(expected, abs=1e-5)


def test_large_logits_do_not_overflow():
    z, w, bias = np.array([[1000.0, 0.0]], np.float16), np.eye(2, dtype=np.float32), np.zeros((2, 1), np.float32)
    assert log_partition(z, np.array([0]), w, bias) == pytest.approx(1000.0)
