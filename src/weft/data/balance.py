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

from weft.data.bags import Bags, Doubles, Ints


@dataclass(frozen=True)
class Balance:
    """The distribution that training draws from."""

    words: Doubles
    """(entries of the bags,) p(word | photo): sums to 1 over each photo that has words."""
    factors: Doubles
    """(vocabulary,) word weight * n_k ^ -alpha: p(word | photo) is in proportion to it and to what the word is worth
    there. A word that no photo has counts as said once."""
    draws: Doubles
    """(photos,) how often a photo is drawn in an epoch on average; sums to the number of photos with words."""
    capped: int
    """Photos that would be drawn more often than the cap allows."""


def balance(bags: Bags, word_weights: Doubles, alpha: float, most_draws: int) -> Balance:
    """The distribution over the entries of `bags` at balance `alpha`.

    Args:
        bags: Words of each photo, each once.
        word_weights: (vocabulary,) above 0 for every word in `bags`: how much a word is worth beside others.
        alpha: 0 (image-first) to 1 (word-first).
        most_draws: No photo is drawn more often in an epoch; 0 for no cap. What is cut goes to the other photos.
    """
    photo = np.repeat(np.arange(len(bags)), bags.sizes)
    n = np.bincount(bags.words, weights=bags.worth, minlength=len(word_weights))
    worth = bags.worth * word_weights[bags.words]
    size = np.bincount(photo, weights=worth, minlength=len(bags))
    factors = word_weights * np.maximum(n, 1.0) ** -alpha
    joint = bags.worth * factors[bags.words] * size[photo] ** (alpha - 1.0)
    share: Doubles = np.bincount(photo, weights=joint, minlength=len(bags)).astype(np.float64)
    draws = np.zeros(len(bags))
    with_words = np.flatnonzero(bags.sizes)
    draws[with_words], capped = _capped(share[with_words], most_draws)
    return Balance(joint / share[photo], factors, draws, capped)


def _capped(shares: Doubles, most: int) -> tuple[Doubles, int]:
    """Draws in proportion to `shares`, as many as there are photos, none above `most`; and how many were cut.

    The m largest are cut to `most` for the smallest m that leaves all others, scaled up to fill the rest, below it.
    """
    photos = len(shares)
    if most == 0:
        return shares * (photos / shares.sum()), 0
    order = np.argsort(-shares, kind="stable")
    falling = shares[order]
    scale = (photos - most * np.arange(photos)) / np.cumsum(falling[::-1])[::-1]
    cut = int(np.argmax(scale * falling <= most * (1 + 1e-9)))
    draws = np.empty(photos)
    draws[order[:cut]] = most
    draws[order[cut:]] = np.minimum(scale[cut] * falling[cut:], most)
    return draws, cut


def draw_photos(draws: Doubles, random: np.random.Generator) -> Ints:
    """Photos of one epoch in random order, each `draws` times on average: that rounded down or up, never further off.

    Systematic sampling: an epoch is as even as whole draws allow, so at image-first it holds every photo once.
    """
    tiny = 1e-9  # what the sums of a million floats may be off
    sure = np.floor(draws + tiny).astype(np.int64)
    chance = draws - sure
    chance[chance < tiny] = 0.0
    order = random.permutation(len(draws))
    wanted = round(float(draws.sum())) - int(sure.sum())
    if wanted > 0:
        reached = np.cumsum(chance[order])
        marks = (np.arange(wanted) + random.random()) * (reached[-1] / wanted)
        sure[order[np.searchsorted(reached, marks, side="right")]] += 1
    drawn: Ints = random.permutation(np.repeat(np.arange(len(draws)), sure))
    return drawn
