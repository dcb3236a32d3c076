"""A word's visualness: how well photos that training has not seen tell whether their text says it.

Measured with the word embeddings of stage 1 on val, never on test, by the area under the ROC curve: the chance that a
photo with the word gets a higher probability for it than a photo without. Visualness is 2 * area - 1 (Somers' D): 0
when photos say nothing, whatever the word's frequency, 1 when they say all. Average precision minus prevalence was
tried as well: it calls whatever is rare or fine invisible (on the real catalogue floral 0.09 and navy 0.14 fell below
stylish and comfortable), since its value at a given quality falls with the number of photos that carry the word.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.data.bags import Bags, Doubles, Ints

Matrix = npt.NDArray[np.float32]

MOST_PHOTOS = 20_000
"""More photos of val than these tell little more, and take time."""
_PHOTOS_AT_ONCE, _WORDS_AT_ONCE = 256, 512


@dataclass(frozen=True)
class Visualness:
    """What val tells of each word."""

    photos: Ints
    """(words,) val photos with the word, among those looked at."""
    measured: Doubles
    """(words,) -1 to 1; NaN where no photo looked at has the word, or all have it."""
    expected: Doubles
    """(words,) the same, drawn to the mean of all by as much as chance may have moved it; NaN if none is known."""


def measure_visualness(z: npt.NDArray[np.float16] | Matrix, bags: Bags, words: Matrix, bias: Matrix) -> Visualness:
    """Visualness of all words.

    Args:
        z: Embeddings of val photos, (photos, embedding_dim), as stage 1 scores them.
        bags: Their words.
        words: W, (words, embedding_dim).
        bias: (words, 1).
    """
    seen = np.flatnonzero(bags.sizes)
    seen = seen[:: max(1, -(-len(seen) // MOST_PHOTOS))]
    places, real = bags.positions(seen)
    photo, word = np.nonzero(real)[0], bags.words[places[real]]
    pairs = np.unique(np.stack([word, photo]), axis=1)
    starts = np.searchsorted(pairs[0], np.arange(len(words) + 1))
    counts = np.diff(starts)
    measured = np.full(len(words), np.nan)
    normaliser = log_normaliser(z, seen, words, bias)
    for first in range(0, len(words), _WORDS_AT_ONCE):
        part = slice(first, first + _WORDS_AT_ONCE)
        scores = word_scores(z, seen, words[part], bias[part]) - normaliser
        for word_id in np.flatnonzero((counts[part] > 0) & (counts[part] < len(seen))):
            carriers = pairs[1, starts[first + word_id] : starts[first + word_id + 1]]
            measured[first + word_id] = somers_d(scores[:, word_id], carriers)
    return Visualness(counts, measured, _shrunk(measured, counts, len(seen)))


def somers_d(scores: Matrix, carriers: Ints) -> float:
    """2 * area under the ROC curve - 1 of `scores`, (photos,), for the photos `carriers`; ties count half."""
    ordered = np.sort(scores)
    own = scores[carriers]
    ranks = (np.searchsorted(ordered, own, "left") + np.searchsorted(ordered, own, "right") + 1) / 2
    count, others = len(carriers), len(scores) - len(carriers)
    return float(2 * (ranks.sum() - count * (count + 1) / 2) / (count * others) - 1)


def word_scores(z: npt.NDArray[np.float16] | Matrix, photos: Ints, words: Matrix, bias: Matrix) -> Matrix:
    """(photos, words), a few photos at a time, so that z is never whole in memory."""
    scores = np.empty((len(photos), len(words)), np.float32)
    for first in range(0, len(photos), _PHOTOS_AT_ONCE):
        part = slice(first, first + _PHOTOS_AT_ONCE)
        scores[part] = z[photos[part]].astype(np.float32) @ words.T + bias.T
    return scores


def log_normaliser(z: npt.NDArray[np.float16] | Matrix, photos: Ints, words: Matrix, bias: Matrix) -> Matrix:
    """(photos, 1): the logarithm of each photo's sum of exponentials, which makes scores of photos comparable."""
    logs = np.empty((len(photos), 1), np.float32)
    for first in range(0, len(photos), _PHOTOS_AT_ONCE):
        part = slice(first, first + _PHOTOS_AT_ONCE)
        scores = word_scores(z, photos[part], words, bias)
        most = scores.max(axis=1, keepdims=True)
        logs[part] = most + np.log(np.exp(scores - most).sum(axis=1, keepdims=True))
    return logs


def _shrunk(measured: Doubles, counts: Ints, photos: int) -> Doubles:
    """Each word's value between its own and the mean of all, as sure as the number of its photos makes it.

    The model of DerSimonian and Laird 1986: words differ with a variance estimated from their spread, beyond that which
    each measurement has by chance.
    """
    known = np.isfinite(measured)
    if not known.any():
        return np.full(len(measured), np.nan)
    value, n = measured[known], counts[known]
    by_chance = _variance(float(value.mean()), n, photos)
    sure = 1 / by_chance
    spread = (sure * (value - np.average(value, weights=sure)) ** 2).sum() - (len(value) - 1)
    scale = sure.sum() - (sure**2).sum() / sure.sum()
    between = max(0.0, float(spread / scale)) if len(value) > 1 else 0.0
    mean = np.average(value, weights=1 / (by_chance + between))
    expected = np.full(len(measured), mean)
    expected[known] = mean + (value - mean) * between / (between + by_chance)
    return expected


def _variance(value: float, n: Ints, photos: int) -> Doubles:
    """The variance by chance of Somers' D around `value` with n carriers among the photos (Hanley and McNeil 1982).

    Around the mean of all words, not around each word's own value: a word with one photo that comes first is not sure.
    """
    area = min(max((value + 1) / 2, 0.5), 0.99)
    of_carriers, of_others = area / (2 - area) - area**2, 2 * area**2 / (1 + area) - area**2
    others = photos - n
    variance: Doubles = (area * (1 - area) + (n - 1) * of_carriers + (others - 1) * of_others) / (n * others)
    return 4 * variance
