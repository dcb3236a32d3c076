"""Draws of photos and words against distributions written down by hand, at both readings of the paper and between."""

import itertools
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest

from weft.bags import build_word_bags
from weft.data.samplers import PADDING_WORD_ID, Sampler
from weft.errors import ContractError

pytestmark = pytest.mark.slow

VOCABULARY = 6
ALPHAS = [0.0, 0.5, 1.0]
TARGETS = ["sampled_word", "soft_targets"]
EPOCHS = 3_000


def naive_distribution(bags, alpha, word_weights=(1.0,) * VOCABULARY):
    """p(photo, word), entry by entry: the geometric mean of image-first and word-first."""
    photos = [[word for word in bags[n].tolist() if word_weights[word]] for n in range(len(bags))]
    entries = [(photo, word) for photo, bag in enumerate(photos) for word in bag]
    word_counts = Counter(word for _, word in entries)
    image_first, word_first = defaultdict(float), defaultdict(float)
    for photo, word in entries:
        image_first[photo, word] += word_weights[word] / sum(word_weights[other_word] for other_word in photos[photo])
        word_first[photo, word] += word_weights[word] / word_counts[word]
    p = {pair: image_first[pair] ** (1 - alpha) * word_first[pair] ** alpha for pair in image_first}
    return {pair: share / sum(p.values()) for pair, share in p.items()}


def iter_draws(bags, target, alpha, epochs=EPOCHS, seed=1, **sampler_fields):
    """(photo, word, weight) of every draw."""
    sampler = Sampler(bags, VOCABULARY, target, alpha, seed, **sampler_fields)
    for epoch in range(1, epochs + 1):
        for batch in sampler.sample_epoch(epoch, batch_size=3):
            for photo, targets, weights in zip(batch.photo_indices, batch.targets, batch.weights, strict=True):
                yield int(photo), targets.tolist(), weights.tolist()


def assert_within_chance(count, draws, p):
    """Five standard deviations: one false alarm in two million."""
    assert abs(count - draws * p) <= 5 * np.sqrt(draws * p * (1 - p)) + 1e-9


def test_at_0_and_1_the_balance_is_the_two_readings_of_the_paper(bags):
    """Written out: 4 photos have words; words 0, 1, 2, 4 are said 2, 3, 2 and 1 times."""
    half = {(1, 0): 1 / 2, (1, 1): 1 / 2, (2, 1): 1, (4, 0): 1 / 4, (4, 1): 1 / 4, (4, 2): 2 / 4, (5, 4): 1}
    image_first = {pair: share / 4 for pair, share in half.items()}
    each = {(1, 0): 1 / 2, (4, 0): 1 / 2, (1, 1): 1 / 3, (2, 1): 1 / 3, (4, 1): 1 / 3, (4, 2): 1, (5, 4): 1}
    word_first = {pair: share / 4 for pair, share in each.items()}
    assert naive_distribution(bags, 0.0) == pytest.approx(image_first)
    assert naive_distribution(bags, 1.0) == pytest.approx(word_first)


@pytest.mark.parametrize("alpha", [*ALPHAS, 0.3])
def test_one_word_is_drawn_at_the_balance(bags, alpha):
    counts = Counter((photo, words[0]) for photo, words, _ in iter_draws(bags, "sampled_word", alpha))
    expected = naive_distribution(bags, alpha)
    assert set(counts) == set(expected)
    for pair, p in expected.items():
        assert_within_chance(counts[pair], counts.total(), p)


@pytest.mark.parametrize(
    "batches", [lambda sampler, _: sampler.sample_epoch(1, 3), lambda sampler, bags: sampler.eval_batches(bags, 3)]
)
@pytest.mark.parametrize("alpha", [*ALPHAS, 0.3])
def test_a_photos_words_weigh_as_n_to_the_minus_alpha(bags, alpha, batches):
    """In training, and in the expectation that validation measures."""
    n = {0: 2, 1: 3, 2: 2, 4: 1}
    for batch in batches(Sampler(bags, VOCABULARY, "soft_targets", alpha, seed=1), bags):
        for photo, words, weights in zip(batch.photo_indices, batch.targets, batch.weights, strict=True):
            of_bag = Counter(bags[photo].tolist())
            wanted = {word: times * n[word] ** -alpha for word, times in of_bag.items()}
            got = {word: weight for word, weight in zip(words.tolist(), weights.tolist(), strict=True) if weight}
            assert got == pytest.approx({word: share / sum(wanted.values()) for word, share in wanted.items()})


def test_word_first_draws_every_word_equally_often(bags):
    counts = Counter(words[0] for _, words, _ in iter_draws(bags, "sampled_word", 1.0))
    assert set(counts) == {0, 1, 2, 4}
    for word in counts:
        assert_within_chance(counts[word], counts.total(), 1 / 4)


@pytest.mark.parametrize("target", TARGETS)
def test_image_first_takes_each_photo_exactly_once_an_epoch(bags, target):
    sampler = Sampler(bags, VOCABULARY, target, 0.0, seed=1)
    for epoch in range(1, 20):
        photos = np.concatenate([batch.photo_indices for batch in sampler.sample_epoch(epoch, batch_size=3)])
        assert sorted(photos.tolist()) == [1, 2, 4, 5]


@pytest.mark.parametrize("alpha", ALPHAS)
def test_all_words_targets_are_the_distribution_of_one_word_given_the_photo(bags, alpha):
    one_word = Counter((photo, words[0]) for photo, words, _ in iter_draws(bags, "sampled_word", alpha))
    of_photo = Counter()
    for (photo, _), count in one_word.items():
        of_photo[photo] += count
    for photo, words, weights in iter_draws(bags, "soft_targets", alpha, epochs=20):
        p = defaultdict(float)
        for word, weight in zip(words, weights, strict=True):
            p[word] += weight
        assert sum(p.values()) == pytest.approx(1.0)
        for word, weight in p.items():
            assert_within_chance(one_word[photo, word], of_photo[photo], weight)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_all_words_draws_photos_as_one_word_does(bags, alpha):
    counts = Counter(photo for photo, _, _ in iter_draws(bags, "soft_targets", alpha))
    expected = defaultdict(float)
    for (photo, _), p in naive_distribution(bags, alpha).items():
        expected[photo] += p
    for photo, p in expected.items():
        assert_within_chance(counts[photo], counts.total(), p)


@pytest.mark.parametrize(("alpha", "target"), list(itertools.product(ALPHAS, TARGETS)))
def test_photos_without_words_are_never_drawn(bags, alpha, target):
    sampler = Sampler(bags, VOCABULARY, target, alpha, seed=1)
    assert len(sampler) == 4
    assert {photo for photo, _, _ in iter_draws(bags, target, alpha, epochs=50)} == {1, 2, 4, 5}


@pytest.mark.parametrize(("alpha", "target"), list(itertools.product(ALPHAS, TARGETS)))
def test_the_order_is_a_function_of_seed_and_epoch(bags, alpha, target):
    def epoch(seed, number):
        batches = Sampler(bags, VOCABULARY, target, alpha, seed).sample_epoch(number, batch_size=2)
        return [(batch.photo_indices.tolist(), batch.targets.tolist(), batch.weights.tolist()) for batch in batches]

    earlier = Sampler(bags, VOCABULARY, target, alpha, seed=1)
    list(earlier.sample_epoch(1, batch_size=2))
    after_another = [batch.photo_indices.tolist() for batch in earlier.sample_epoch(2, batch_size=2)]
    assert after_another == [photos for photos, _, _ in epoch(1, 2)]
    assert epoch(1, 2) == epoch(1, 2)
    assert len({str(epoch(seed, number)) for seed in range(4) for number in range(4)}) > 8


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("photos", "batch_size", "sizes"),
    [(6, 3, [3, 3]), (5, 3, [3, 2]), (7, 3, [3, 4]), (2, 3, [2]), (1, 3, [1]), (3, 1, [1, 1, 1])],
)
def test_the_last_batch_holds_what_is_left_but_never_one_photo(target, photos, batch_size, sizes):
    sampler = Sampler(build_word_bags([[0]] * photos), VOCABULARY, target, 0.0, seed=1)
    batches = list(sampler.sample_epoch(1, batch_size))
    assert [len(batch.photo_indices) for batch in batches] == [len(batch.targets) for batch in batches] == sizes
    assert sampler.count_steps(batch_size) == len(sizes)


@pytest.mark.parametrize("empty", [[], [[]], [[], []]])
def test_empty_bags_raise_an_error(empty):
    with pytest.raises(ContractError, match="no training photo has a word of the vocabulary"):
        Sampler(build_word_bags(empty), VOCABULARY, "sampled_word", 1.0, seed=1)


def test_words_outside_the_vocabulary_raise_an_error(bags):
    with pytest.raises(ContractError, match="expected word ids below 4, the size of the vocabulary, got 4"):
        Sampler(bags, 4, "sampled_word", 1.0, seed=1)


def test_the_targets_of_many_epochs_are_the_distribution_whichever_the_target(bags):
    """The sampler and the soft target agree: summed over all draws, both give p(photo, word), to a chi-square test."""
    for alpha, target in itertools.product([0.0, 0.3, 0.5, 1.0], TARGETS):
        mass, total = defaultdict(float), 0
        for photo, words, weights in iter_draws(bags, target, alpha, epochs=1_000):
            total += 1
            for word, weight in zip(words, weights, strict=True):
                mass[photo, word] += weight
        expected = naive_distribution(bags, alpha)
        chi_square = sum((mass[pair] - total * p) ** 2 / (total * p) for pair, p in expected.items())
        assert sum(mass[pair] for pair in expected) == pytest.approx(total, rel=1e-6)
        # 6 degrees of freedom: 33 is passed by chance once in 100,000 times.
        assert chi_square < 33


def test_a_photo_is_drawn_as_often_as_its_share_rounded_down_or_up():
    bags = build_word_bags([[0], [1], *[[2]] * 18])
    for alpha in ALPHAS:
        share = defaultdict(float)
        for (photo, _), p in naive_distribution(bags, alpha).items():
            share[photo] += p
        for epoch in range(1, 30):
            drawn = Counter(
                photo
                for b in Sampler(bags, 3, "sampled_word", alpha, 1).sample_epoch(epoch, 4)
                for photo in b.photo_indices
            )
            assert drawn.total() == 20
            assert all(abs(drawn[photo] - 20 * p) < 1 for photo, p in share.items())


@pytest.mark.parametrize("most", [1, 2, 3, 7])
def test_no_photo_comes_more_often_than_the_cap(most):
    """At word-first photos 0 and 1 would be drawn 20 / 3 times, being alone with their words."""
    bags = build_word_bags([[0], [1], *[[2]] * 18])
    sampler = Sampler(bags, 3, "sampled_word", 1.0, seed=1, max_photo_repeats=most)
    counts = Counter()
    for epoch in range(1, 101):
        drawn = Counter(photo for batch in sampler.sample_epoch(epoch, 4) for photo in batch.photo_indices.tolist())
        assert max(drawn.values()) == sampler.max_draws(epoch) <= most
        assert drawn.total() == 20
        counts += drawn
    assert sampler.n_capped == (0 if most == 7 else 2)
    for photo in (0, 1):
        assert_within_chance(counts[photo] / 20, 100, min(most, 20 / 3) / 20)


@pytest.mark.parametrize(("alpha", "target"), list(itertools.product(ALPHAS, TARGETS)))
def test_words_are_drawn_by_their_weight(bags, alpha, target):
    """Word 1 has weight 0, so photo 2 has no words left; word 4 has weight 0.2."""
    worth = (1.0, 0.0, 0.5, 1.0, 0.2, 1.0)
    mass = defaultdict(float)
    for photo, words, weights in iter_draws(bags, target, alpha, epochs=2_000, word_weights=np.array(worth)):
        for word, weight in zip(words, weights, strict=True):
            mass[photo, word] += weight
    expected = naive_distribution(bags, alpha, worth)
    assert {pair for pair, weight in mass.items() if weight} == set(expected)
    for pair, p in expected.items():
        assert_within_chance(mass[pair], sum(mass.values()), p)


def test_true_words_are_all_words_of_the_photo(bags):
    for target in TARGETS:
        for batch in Sampler(bags, VOCABULARY, target, 0.5, seed=1).sample_epoch(1, batch_size=3):
            for photo, true_words in zip(batch.photo_indices, batch.true_words, strict=True):
                assert [word for word in true_words.tolist() if word != PADDING_WORD_ID] == sorted(
                    set(bags[photo].tolist())
                )


def test_targets_are_padded_with_a_word_of_the_photo(bags):
    for batch in Sampler(bags, VOCABULARY, "soft_targets", 0.5, seed=1).sample_epoch(1, batch_size=4):
        for photo, words in zip(batch.photo_indices, batch.targets, strict=True):
            assert set(words.tolist()) == set(bags[photo].tolist())


def test_eval_batches_hold_all_photos_with_words_in_order(bags):
    sampler = Sampler(bags, VOCABULARY, "soft_targets", 0.0, seed=1)
    batches = list(sampler.eval_batches(bags, batch_size=3))
    assert [batch.photo_indices.tolist() for batch in batches] == [[1, 2, 4], [5]]
    assert batches[0].targets.tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 2]]
    assert batches[0].weights.tolist() == [[0.5, 0.5, 0], [1, 0, 0], [0.25, 0.25, 0.5]]
    assert list(sampler.eval_batches(build_word_bags([[], []]), batch_size=3)) == []


def test_eval_batches_use_the_word_weights(bags):
    worth = np.array([1.0, 0.0, 0.5, 1.0, 1.0, 1.0])
    batches = list(Sampler(bags, VOCABULARY, "soft_targets", 0.0, 1, word_weights=worth).eval_batches(bags, 3))
    assert [batch.photo_indices.tolist() for batch in batches] == [[1, 4, 5]]
    assert batches[0].targets.tolist() == [[0, 0], [0, 2], [4, 4]]
    assert batches[0].weights.tolist() == [[1, 0], [0.5, 0.5], [1, 0]]


def test_eval_batches_use_the_word_frequencies_of_training(bags):
    """In training photos word 0 occurs twice, word 1 three times; word 3 does not occur and counts as once."""
    sampler = Sampler(bags, VOCABULARY, "sampled_word", 1.0, seed=1)
    (batch,) = sampler.eval_batches(build_word_bags([[0, 1, 3]]), batch_size=1)
    assert batch.weights[0].tolist() == pytest.approx([3 / 11, 2 / 11, 6 / 11])


def test_an_entry_of_a_lower_weight_is_drawn_less_often():
    three = build_word_bags([[0, 1, 1]])
    half = replace(three, weights=np.array([1.0, 0.25, 0.25]))
    (batch,) = Sampler(half, VOCABULARY, "soft_targets", 0.0, seed=1).sample_epoch(0, 1)
    assert batch.weights.tolist() == [pytest.approx([2 / 3, 1 / 3])]
    assert batch.true_words.tolist() == [[0, 1]], "it is true all the same"
    drawn = [
        next(Sampler(half, VOCABULARY, "sampled_word", 0.0, seed).sample_epoch(0, 1)).targets.item()
        for seed in range(300)
    ]
    assert 0.25 < np.mean(drawn) < 0.42
