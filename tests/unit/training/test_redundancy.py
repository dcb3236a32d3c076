"""Redundancy: words that always come together share one worth; a word alone keeps its own."""

import numpy as np
import pytest

from weft.bags import build_word_bags
from weft.training.word_weights import measure_redundancy


def naive_redundancy(bags: list[list[int]], size: int) -> list[float]:
    bags = [bag for bag in bags if bag]
    present = np.array([[float(word in bag) for word in range(size)] for bag in bags])
    result = []
    for k in range(size):
        total = 1.0
        for j in range(size):
            if j != k and 0 < present[:, k].mean() < 1 and 0 < present[:, j].mean() < 1:
                phi = np.corrcoef(present[:, k], present[:, j])[0, 1]
                total += max(0.0, phi**2 - 1 / len(bags))
        result.append(total)
    return result


def test_words_that_always_occur_together_have_their_number_as_redundancy():
    bags = build_word_bags([[0, 1, 2]] * 200 + [[3]] * 200)
    assert measure_redundancy(bags, 4) == pytest.approx([4, 4, 4, 4], abs=0.02)  # the absence of 0, 1 and 2 implies 3


def test_an_independent_word_has_redundancy_one():
    random = np.random.default_rng(1)
    drawn = [[*(word for word in range(3) if random.random() < 0.5), 3] for _ in range(4000)]
    assert measure_redundancy(build_word_bags(drawn), 4) == pytest.approx([1, 1, 1, 1], abs=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_equals_a_naive_implementation(seed):
    random = np.random.default_rng(seed)
    drawn = [[int(word) for word in np.flatnonzero(random.random(7) < 0.4)] for _ in range(40)]
    assert measure_redundancy(build_word_bags(drawn), 8) == pytest.approx(naive_redundancy(drawn, 8))


def test_redundancy_does_not_depend_on_repeats_or_block_size(monkeypatch):
    bags = [[0, 0, 1], [1, 2], [0, 1, 1, 3], [2, 3], [0, 2]]
    once = measure_redundancy(build_word_bags([sorted(set(bag)) for bag in bags]), 4)
    monkeypatch.setattr("weft.training.word_weights._CORRELATED_WORDS_AT_ONCE", 3)
    np.testing.assert_allclose(measure_redundancy(build_word_bags(bags), 4), once)


def test_a_word_of_no_photo_or_every_photo_has_redundancy_one():
    assert measure_redundancy(build_word_bags([[0], [0, 1], [0]]), 3)[[0, 2]] == pytest.approx([1, 1])


def test_without_photos_every_word_has_redundancy_one():
    assert measure_redundancy(build_word_bags([]), 2).tolist() == [1, 1]
