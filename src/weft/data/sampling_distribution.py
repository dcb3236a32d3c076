"""The sampling distribution: how often each photo and each of its words is drawn.

The paper draws "one word per image, uniformly, to counter label imbalance", which can be read in two ways:

    image-first   p(photo, word) = 1 / photos * 1 / words of the photo
    word-first    p(photo, word) = 1 / words * 1 / n_k        (Joulin et al. 2016, section 3.2)

Here n_k is the sum of the weights of word k over all photos (`WordBags.weights`). The exponent alpha of the inverse
word frequency selects a distribution between the two, their normalised weighted geometric mean:

    p(photo, word) ~ image-first ^ (1 - alpha) * word-first ^ alpha

At alpha = 0 it is image-first and at alpha = 1 it is word-first. At every alpha, p(word | photo) is proportional to
n_k ^ -alpha. Both distributions are written without word weights here; the code multiplies these in.
"""

from dataclasses import dataclass

import numpy as np

from weft.bags import WordBags
from weft.contracts.arrays import Floats, Ints


@dataclass(frozen=True)
class SamplingDistribution:
    """The distribution of the draws of one epoch."""

    word_probabilities: Floats
    """p(word | photo) of each entry of the bags, (entries,); it sums to 1 over each photo that has words."""
    word_factors: Floats
    """Weight of the word * n_k ^ -alpha, (vocabulary,). p(word | photo) is proportional to this factor times the weight
    of the entry. For a word that no photo has, n_k is 1."""
    expected_draws: Floats
    """Expected number of draws of each photo in an epoch, (photos,); the sum is the number of photos with words."""
    n_capped: int
    """Number of photos whose draws max_photo_repeats reduces."""


def build_sampling_distribution(
    bags: WordBags, word_weights: Floats, alpha: float, max_photo_repeats: int
) -> SamplingDistribution:
    """Return the sampling distribution over the entries of `bags`.

    Args:
        bags: The words of each photo, without repeats.
        word_weights: Weight of each word, (vocabulary,), above 0 for every word in `bags`.
        alpha: The exponent of the inverse word frequency, from 0 (image-first) to 1 (word-first).
        max_photo_repeats: Maximum number of draws of one photo in an epoch; the draws above it go to the other photos.
            0 sets no limit.
    """
    photo, weights = bags.owners(), bags.entry_weights
    word_counts = np.bincount(bags.words, weights=weights, minlength=len(word_weights))
    entry_weights = weights * word_weights[bags.words]
    photo_weights = np.bincount(photo, weights=entry_weights, minlength=len(bags))
    word_factors = word_weights * np.maximum(word_counts, 1.0) ** -alpha
    joint = weights * word_factors[bags.words] * photo_weights[photo] ** (alpha - 1.0)
    photo_shares: Floats = np.bincount(photo, weights=joint, minlength=len(bags)).astype(np.float64)
    expected_draws = np.zeros(len(bags))
    with_words = np.flatnonzero(bags.sizes)
    expected_draws[with_words], n_capped = _cap_draws(photo_shares[with_words], max_photo_repeats)
    return SamplingDistribution(joint / photo_shares[photo], word_factors, expected_draws, n_capped)


def _cap_draws(shares: Floats, max_draws: int) -> tuple[Floats, int]:
    """Return the expected draws of each photo, proportional to `shares`, and the number of photos that are capped.

    There are as many draws as photos, and at most `max_draws` of one photo; 0 sets no limit. The m photos of the
    largest shares get `max_draws` each, and the others share the remaining draws. m is the smallest number for which
    none of the others exceeds `max_draws`.
    """
    photos = len(shares)
    if max_draws == 0:
        return shares * (photos / shares.sum()), 0
    order = np.argsort(-shares, kind="stable")
    descending = shares[order]
    scale = (photos - max_draws * np.arange(photos)) / np.cumsum(descending[::-1])[::-1]
    n_capped = int(np.argmax(scale * descending <= max_draws * (1 + 1e-9)))
    draws = np.empty(photos)
    draws[order[:n_capped]] = max_draws
    draws[order[n_capped:]] = np.minimum(scale[n_capped] * descending[n_capped:], max_draws)
    return draws, n_capped


def sample_photos(expected_draws: Floats, random: np.random.Generator) -> Ints:
    """Return the photos of one epoch in random order, by systematic sampling.

    Each photo occurs `expected_draws` times on average, and in each epoch that number rounded down or up. With
    image-first, each photo with words therefore occurs exactly once.

    Args:
        expected_draws: Expected number of draws of each photo, (photos,), at least 0; the sum is a whole number.
        random: The source of the random order and of the rounding.
    """
    tolerance = 1e-9  # larger than the rounding error of a sum over a million photos
    counts = np.floor(expected_draws + tolerance).astype(np.int64)
    remainders = expected_draws - counts
    remainders[remainders < tolerance] = 0.0
    order = random.permutation(len(expected_draws))
    n_extra = round(float(expected_draws.sum())) - int(counts.sum())
    if n_extra > 0:
        cumulative = np.cumsum(remainders[order])
        points = (np.arange(n_extra) + random.random()) * (cumulative[-1] / n_extra)
        counts[order[np.searchsorted(cumulative, points, side="right")]] += 1
    sampled: Ints = random.permutation(np.repeat(np.arange(len(expected_draws)), counts))
    return sampled
