import numpy as np
import pytest

from weft.tagging.word_map import nearest_words, project_words


def test_similar_words_lie_close_together():
    rng = np.random.default_rng(1)
    kinds = np.repeat(np.eye(3, 8), 10, axis=0)
    points = project_words((kinds + rng.normal(0, 0.05, kinds.shape)).astype(np.float32))
    within = [np.linalg.norm(points[n] - points[m]) for n in range(30) for m in range(n) if n // 10 == m // 10]
    between = [np.linalg.norm(points[n] - points[m]) for n in range(30) for m in range(n) if n // 10 != m // 10]
    assert max(within) < min(between)
    assert (points.min(), points.max()) == (0.0, 1.0)


def test_the_map_is_deterministic():
    w = np.random.default_rng(2).normal(size=(12, 5)).astype(np.float32)
    assert (project_words(w) == project_words(w)).all()


@pytest.mark.parametrize("count", [0, 1, 4])
def test_very_few_words_are_placed_without_tsne(count):
    points = project_words(np.ones((count, 3), np.float32))
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()


def test_nearest_words_exclude_the_word_itself_and_break_ties_by_word_id():
    w = np.array([[1, 0], [2, 0], [1, 1], [3, 0]], np.float32)
    rows, similarities = nearest_words(w, np.array([1]), k=2)
    assert rows.tolist() == [[0, 3]]
    assert similarities == pytest.approx(np.ones((1, 2)))
    assert nearest_words(w, np.array([0, 2]), k=9)[0].shape == (2, 3)
