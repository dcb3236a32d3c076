import numpy as np

from weft.bags import build_word_bags
from weft.evaluation.examples import choose_examples
from weft.evaluation.word_scorers import find_most_predictable_words, find_nearest_words


def test_half_of_the_examples_are_the_worst_and_half_sample_the_others():
    worst_first = np.array([9, 4, 0, 1, 2, 3, 5, 6, 7, 8])
    assert choose_examples(worst_first, np.arange(10), 4).tolist() == [9, 4, 0, 5]


def test_each_example_has_a_different_product():
    products = np.array([1, 1, 1, 2, 2, 3])
    assert choose_examples(np.array([1, 0, 2, 4, 3, 5]), products, 4).tolist() == [1, 4, 5]


def test_no_examples_or_no_candidates_give_none():
    assert choose_examples(np.arange(3), np.arange(3), 0).tolist() == []
    assert choose_examples(np.array([], np.int64), np.arange(3), 4).tolist() == []


def test_predictable_words_come_before_unpredictable_ones(rng):
    # Words 0 and 1 are axes of z; word 2 belongs to every other photo, whatever its pixels; word 3 to almost none.
    is_visible = rng.integers(0, 2, size=(60, 2))
    z = is_visible + rng.normal(size=(60, 2)) * [0.05, 0.5]
    bags = build_word_bags([[*np.flatnonzero(row), *([2] if n % 2 else []), *([3] if n == 0 else [])]
                    for n, row in enumerate(is_visible)])  # fmt: skip
    w = np.array([[1, 0], [0, 1], [0.1, 0.1], [1, 1]], np.float32)
    assert find_most_predictable_words(z, bags, w, np.array([9, 9, 9, 9])).tolist() == [0, 1, 2]
    assert find_most_predictable_words(z, bags, w, np.array([9, 9, 9, 9]), count=1).tolist() == [0]


def test_without_photos_no_word_is_chosen():
    assert (
        find_most_predictable_words(np.zeros((0, 2)), build_word_bags([]), np.eye(2), np.array([1, 1])).tolist() == []
    )


def test_nearest_words_are_ranked_by_cosine_and_exclude_the_word_itself(search):
    w = np.array([[1, 0], [3, 0.1], [0, 1]], np.float32)
    found = find_nearest_words(np.array([0]), ("dress", "gown", "shoe"), w, search)
    assert found == {"dress": [("gown", 0.9994), ("shoe", 0.0)]}
