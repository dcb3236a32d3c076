"""Expected draws, their maximum and systematic sampling, compared with values computed by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.bags import build_word_bags
from weft.data.sampling_distribution import build_sampling_distribution, sample_photos


def compute_distribution(bags, alpha, max_draws, vocabulary=4):
    return build_sampling_distribution(build_word_bags(bags).sum_repeats(), np.ones(vocabulary), alpha, max_draws)


def test_the_draws_above_the_maximum_go_to_the_others_in_proportion():
    bags = [[0], [1], [1], [1, 2], [2], [2], [2], []]
    # Word-first, of 7 draws: photo 0 would have 7/3 of them, 1 and 2 each 7/9, 3 both, 4 to 6 each 7/12.
    free = compute_distribution(bags, 1.0, 0)
    assert free.expected_draws == pytest.approx([7 / 3, 7 / 9, 7 / 9, 7 / 9 + 7 / 12, 7 / 12, 7 / 12, 7 / 12, 0])
    assert free.n_capped == 0
    capped = compute_distribution(bags, 1.0, 2)
    assert capped.expected_draws[0] == 2
    assert capped.expected_draws[1:] == pytest.approx(free.expected_draws[1:] * 5 / (7 - 7 / 3))
    assert capped.n_capped == 1


def test_a_photo_that_exceeds_the_maximum_after_the_redistribution_is_capped_too():
    bags = [[0], [1, 2], *[[2]] * 9]
    # Of 11 draws 11/3 go to photo 0 and 11/3 + 11/30 to photo 1; the nine others have 11/30 each.
    capped = compute_distribution(bags, 1.0, 3)
    assert capped.expected_draws[:2].tolist() == [3, 3]
    assert capped.expected_draws[2:] == pytest.approx(5 / 9)
    assert capped.n_capped == 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 3), max_size=6).map(sorted), min_size=1, max_size=30).filter(any),
    st.floats(0, 1),
    st.integers(0, 4),
)
def test_draws_fill_the_epoch_whatever_the_bags(bags, alpha, most):
    found = compute_distribution(bags, alpha, most)
    with_words = sum(1 for bag in bags if bag)
    assert found.expected_draws.sum() == pytest.approx(with_words)
    assert all((share > 0) == bool(bag) for share, bag in zip(found.expected_draws, bags, strict=True))
    if most:
        assert found.expected_draws.max() <= most
    for epoch in range(3):
        drawn = np.bincount(sample_photos(found.expected_draws, np.random.default_rng(epoch)), minlength=len(bags))
        assert drawn.sum() == with_words
        assert (np.abs(drawn - found.expected_draws) < 1).all()
        if most:
            assert drawn.max() <= most


def test_a_cap_of_one_takes_each_photo_once():
    found = compute_distribution([[0], [1], [1, 2], [2], [2, 3], [3], [3], []], 1.0, 1)
    assert found.expected_draws.tolist() == pytest.approx([1] * 7 + [0])
    assert sorted(sample_photos(found.expected_draws, np.random.default_rng(1)).tolist()) == list(range(7))


def test_photos_are_drawn_as_often_as_expected_on_average():
    wanted = np.array([0.25, 1.5, 0.0, 0.75, 2.0, 0.5])
    epochs = 4_000
    drawn = sum(np.bincount(sample_photos(wanted, np.random.default_rng(n)), minlength=6) for n in range(epochs))
    assert drawn[[2, 4]].tolist() == [0, 2 * epochs]
    assert drawn / epochs == pytest.approx(wanted, abs=5 * 0.5 / np.sqrt(epochs))


def test_a_million_photos_are_drawn_once_each_at_image_first():
    photos = 1_000_000
    once = build_word_bags([])
    once = type(once)(np.arange(photos + 1), np.zeros(photos, np.int64), np.ones(photos))
    found = build_sampling_distribution(once, np.ones(1), 0.0, 0)
    assert (np.bincount(sample_photos(found.expected_draws, np.random.default_rng(0)), minlength=photos) == 1).all()
