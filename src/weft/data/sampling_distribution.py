"""How often each photo and each of its words is drawn: the two readings of the paper, and all between them.

The paper draws "one word per image, uniformly, to counter label imbalance", which can be read in two ways:

    image-first   p(photo, word) = 1 / photos * 1 / words of the photo
    word-first    p(photo, word) = 1 / words * 1 / n_k        (Joulin et al. 2016, section 3.2)

n_k being how often word k is said of any photo, a time counting what it is worth (`Bags.worth`). The balance alpha
takes their geometric mean, normalised:

    p(photo, word) ~ image-first ^ (1 - alpha) * word-first ^ alpha

so that 0 and 1 are the two readings exactly, 1/2 is the square root of their product, and at every alpha a photo's
words are drawn in proportion to n_k ^ -alpha.
"""

from dataclasses import dataclass

import numpy as np

from weft.data.bags import Doubles, Ints, WeightedBags


@dataclass(frozen=True)
class SamplingDistribution:
    """The distribution that training draws from."""

    word_probabilities: Doubles
    """(entries of the bags,) p(word | photo): sums to 1 over each photo that has words."""
    word_factors: Doubles
    """(vocabulary,) word weight * n_k ^ -alpha: p(word | photo) is in proportion to it and to what the word is worth
    there. A word that no photo has counts as said once."""
    expected_draws: Doubles
    """(photos,) how often a photo is drawn in an epoch on average; sums to the number of photos with words."""
    n_capped: int
    """Photos that would be drawn more often than the cap allows."""


def build_sampling_distribution(
    bags: WeightedBags, word_weights: Doubles, alpha: float, max_photo_repeats: int
) -> SamplingDistribution:
    """The distribution over the entries of `bags` at balance `alpha`.

    Args:
        bags: Words of each photo, each once.
        word_weights: (vocabulary,) above 0 for every word in `bags`: how much a word is worth beside others.
        alpha: 0 (image-first) to 1 (word-first).
        max_photo_repeats: Maximum draws of a photo in an epoch; 0 sets no limit. Other photos get the draws above it.
    """
    photo = np.repeat(np.arange(len(bags)), bags.sizes)
    word_counts = np.bincount(bags.words, weights=bags.weights, minlength=len(word_weights))
    entry_weights = bags.weights * word_weights[bags.words]
    photo_weights = np.bincount(photo, weights=entry_weights, minlength=len(bags))
    word_factors = word_weights * np.maximum(word_counts, 1.0) ** -alpha
    joint = bags.weights * word_factors[bags.words] * photo_weights[photo] ** (alpha - 1.0)
    photo_shares: Doubles = np.bincount(photo, weights=joint, minlength=len(bags)).astype(np.float64)
    expected_draws = np.zeros(len(bags))
    with_words = np.flatnonzero(bags.sizes)
    expected_draws[with_words], n_capped = _cap_draws(photo_shares[with_words], max_photo_repeats)
    return SamplingDistribution(joint / photo_shares[photo], word_factors, expected_draws, n_capped)


def _cap_draws(shares: Doubles, max_draws: int) -> tuple[Doubles, int]:
    """Draws in proportion to `shares`, as many as there are photos, none above `most`; and how many were cut.

    The m largest are cut to `most` for the smallest m that leaves all others, scaled up to fill the rest, below it.
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


def sample_photos(expected_draws: Doubles, random: np.random.Generator) -> Ints:
    """Photos of one epoch in random order, each `draws` times on average: that rounded down or up, never further off.

    Systematic sampling: an epoch is as even as whole draws allow, so at image-first it holds every photo once.
    """
    tolerance = 1e-9  # what the sums of a million floats may be off
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
