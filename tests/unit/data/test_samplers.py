"""Both readings of "one word per image" against distributions written down by hand."""

import itertools
from collections import Counter, defaultdict

import numpy as np
import pytest

from weft.data.bags import bags_of
from weft.data.samplers import Sampler, uniform_targets
from weft.errors import ContractError

VOCABULARY = 6
SCHEMES = ["word_first", "image_first"]
TARGETS = ["one_word", "all_words"]
EPOCHS = 3_000


def naive_distribution(bags, sampling):
    """p(photo, word), entry by entry."""
    photos = [bags[n].tolist() for n in range(len(bags))]
    entries = [(photo, word) for photo, bag in enumerate(photos) for word in bag]
    said = Counter(word for _, word in entries)
    p = defaultdict(float)
    for photo, word in entries:
        if sampling == "word_first":
            p[photo, word] += 1 / len(said) / said[word]
        else:
            p[photo, word] += 1 / sum(1 for bag in photos if bag) / len(photos[photo])
    return p


def draws(bags, target, sampling, epochs=EPOCHS, seed=1):
    """(photo, word, weight) of every draw."""
    sampler = Sampler(bags, VOCABULARY, target, sampling, seed)
    for epoch in range(1, epochs + 1):
        for batch in sampler.epoch(epoch, batch_size=3):
            for photo, targets, weights in zip(batch.photos, batch.targets, batch.weights, strict=True):
                yield int(photo), targets.tolist(), weights.tolist()


def assert_within_chance(count, draws, p):
    """Five standard deviations: one false alarm in two million."""
    assert abs(count - draws * p) <= 5 * np.sqrt(draws * p * (1 - p)) + 1e-9


@pytest.mark.parametrize("sampling", SCHEMES)
def test_one_word_is_drawn_as_the_paper_reads(bags, sampling):
    counts = Counter((photo, words[0]) for photo, words, _ in draws(bags, "one_word", sampling))
    expected = naive_distribution(bags, sampling)
    assert set(counts) == set(expected)
    for pair, p in expected.items():
        assert_within_chance(counts[pair], counts.total(), p)


def test_word_first_shows_every_carried_word_equally_often(bags):
    counts = Counter(words[0] for _, words, _ in draws(bags, "one_word", "word_first"))
    assert set(counts) == {0, 1, 2, 4}
    for word in counts:
        assert_within_chance(counts[word], counts.total(), 1 / 4)


@pytest.mark.parametrize("target", TARGETS)
def test_image_first_takes_each_photo_exactly_once_an_epoch(bags, target):
    sampler = Sampler(bags, VOCABULARY, target, "image_first", seed=1)
    for epoch in range(1, 20):
        photos = np.concatenate([batch.photos for batch in sampler.epoch(epoch, batch_size=3)])
        assert sorted(photos.tolist()) == [1, 2, 4, 5]


@pytest.mark.parametrize("sampling", SCHEMES)
def test_all_words_targets_are_the_distribution_of_one_word_given_the_photo(bags, sampling):
    one_word = Counter((photo, words[0]) for photo, words, _ in draws(bags, "one_word", sampling))
    of_photo = Counter()
    for (photo, _), count in one_word.items():
        of_photo[photo] += count
    for photo, words, weights in draws(bags, "all_words", sampling, epochs=20):
        p = defaultdict(float)
        for word, weight in zip(words, weights, strict=True):
            p[word] += weight
        assert sum(p.values()) == pytest.approx(1.0)
        for word, weight in p.items():
            assert_within_chance(one_word[photo, word], of_photo[photo], weight)


@pytest.mark.parametrize("sampling", SCHEMES)
def test_all_words_draws_photos_as_one_word_does(bags, sampling):
    counts = Counter(photo for photo, _, _ in draws(bags, "all_words", sampling))
    expected = defaultdict(float)
    for (photo, _), p in naive_distribution(bags, sampling).items():
        expected[photo] += p
    for photo, p in expected.items():
        assert_within_chance(counts[photo], counts.total(), p)


@pytest.mark.parametrize(("sampling", "target"), list(itertools.product(SCHEMES, TARGETS)))
def test_photos_without_words_are_never_drawn(bags, sampling, target):
    sampler = Sampler(bags, VOCABULARY, target, sampling, seed=1)
    assert len(sampler) == 4
    assert {photo for photo, _, _ in draws(bags, target, sampling, epochs=50)} == {1, 2, 4, 5}


@pytest.mark.parametrize(("sampling", "target"), list(itertools.product(SCHEMES, TARGETS)))
def test_the_order_is_a_function_of_seed_and_epoch(bags, sampling, target):
    def epoch(seed, number):
        batches = Sampler(bags, VOCABULARY, target, sampling, seed).epoch(number, batch_size=2)
        return [(batch.photos.tolist(), batch.targets.tolist(), batch.weights.tolist()) for batch in batches]

    earlier = Sampler(bags, VOCABULARY, target, sampling, seed=1)
    list(earlier.epoch(1, batch_size=2))
    after_another = [batch.photos.tolist() for batch in earlier.epoch(2, batch_size=2)]
    assert after_another == [photos for photos, _, _ in epoch(1, 2)]
    assert epoch(1, 2) == epoch(1, 2)
    assert len({str(epoch(seed, number)) for seed in range(4) for number in range(4)}) > 8


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("photos", "batch_size", "sizes"),
    [(6, 3, [3, 3]), (5, 3, [3, 2]), (7, 3, [3, 4]), (2, 3, [2]), (1, 3, [1]), (3, 1, [1, 1, 1])],
)
def test_the_last_batch_holds_what_is_left_but_never_one_photo(target, photos, batch_size, sizes):
    sampler = Sampler(bags_of([[0]] * photos), VOCABULARY, target, "image_first", seed=1)
    batches = list(sampler.epoch(1, batch_size))
    assert [len(batch.photos) for batch in batches] == [len(batch.targets) for batch in batches] == sizes
    assert sampler.steps(batch_size) == len(sizes)


@pytest.mark.parametrize("empty", [[], [[]], [[], []]])
def test_empty_bags_are_refused(empty):
    with pytest.raises(ContractError, match="no training photo has a word of the vocabulary"):
        Sampler(bags_of(empty), VOCABULARY, "one_word", "word_first", seed=1)


def test_words_outside_the_vocabulary_are_refused(bags):
    with pytest.raises(ContractError, match="word 4 of a vocabulary of 4 words"):
        Sampler(bags, 4, "one_word", "word_first", seed=1)


def test_uniform_targets_go_through_all_photos_with_words_in_order(bags):
    batches = list(uniform_targets(bags, batch_size=3))
    assert [batch.photos.tolist() for batch in batches] == [[1, 2, 4], [5]]
    assert batches[0].targets.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 2, 2]]
    assert batches[0].weights.tolist() == [[0.5, 0.5, 0, 0], [1, 0, 0, 0], [0.25] * 4]
    assert list(uniform_targets(bags_of([[], []]), batch_size=3)) == []
