"""The visualness of a word: how well photos predict whether their text contains it.

It is measured with the word embeddings of stage 1 on val, never on test, as Somers' D = 2 * AUC - 1. AUC is the area
under the ROC curve: the probability that a photo with the word has a higher probability for it than a photo without. D
is 0 if photos do not predict the word, whatever its frequency, and 1 if they rank it perfectly. Average precision minus
prevalence was tried as well, but it falls with the frequency of the word at the same quality: on a real catalogue,
floral (0.09) and navy (0.14) fell below stylish and comfortable.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.bags import WordBags
from weft.contracts.arrays import Floats, Ints
from weft.word_scores import log_partition, roc_auc, roc_auc_variance, score_words

Matrix = npt.NDArray[np.float32]

MAX_SCORED_PHOTOS = 20_000
"""Maximum number of photos that are scored; more photos cost time and hardly change the result."""
PHOTOS_PER_CHUNK, _WORDS_AT_ONCE = 256, 512


@dataclass(frozen=True)
class Visualness:
    """The visualness of each word, measured on val."""

    val_photo_counts: Ints
    """(words,) number of scored val photos with the word."""
    somers_d: Floats
    """(words,) Somers' D, -1 to 1; NaN if no scored photo or every scored photo has the word."""
    somers_d_shrunk: Floats
    """(words,) Somers' D, shrunk to the mean of all words by its sampling error; NaN if no word was measured."""


def measure_visualness(z: npt.NDArray[np.float16] | Matrix, bags: WordBags, words: Matrix, bias: Matrix) -> Visualness:
    """Measure the visualness of all words.

    Args:
        z: Embeddings of the val photos, (photos, embedding_dim), scaled as in stage 1.
        bags: The words of these photos.
        words: W, (words, embedding_dim).
        bias: (words, 1).
    """
    sampled_photos = bags.sample_nonempty(MAX_SCORED_PHOTOS)
    sample = bags.take(sampled_photos)
    pairs = np.unique(np.stack([sample.words, sample.owners()]), axis=1)
    starts = np.searchsorted(pairs[0], np.arange(len(words) + 1))
    counts = np.diff(starts)
    values = np.full(len(words), np.nan)
    photo_log_partition = log_partition(z, sampled_photos, words, bias, PHOTOS_PER_CHUNK)
    for first in range(0, len(words), _WORDS_AT_ONCE):
        part = slice(first, first + _WORDS_AT_ONCE)
        scores = score_words(z, sampled_photos, words[part], bias[part], PHOTOS_PER_CHUNK) - photo_log_partition
        for word_id in np.flatnonzero((counts[part] > 0) & (counts[part] < len(sampled_photos))):
            positives = pairs[1, starts[first + word_id] : starts[first + word_id + 1]]
            values[first + word_id] = somers_d(scores[:, word_id], positives)
    return Visualness(counts, values, _shrink_to_mean(values, counts, len(sampled_photos)))


def somers_d(scores: Matrix, positives: Ints) -> float:
    """Return Somers' D of `scores`, (photos,), for the photo indices `positives`: 2 * AUC - 1."""
    is_positive = np.zeros(len(scores), np.bool_)
    is_positive[positives] = True
    return 2 * roc_auc(scores, is_positive) - 1


def _shrink_to_mean(values: Floats, counts: Ints, photos: int) -> Floats:
    """Return each value shrunk to the mean of all words; words with fewer photos are shrunk more.

    This is the random-effects model of DerSimonian and Laird 1986: the variance between words is estimated from the
    spread of the values beyond their sampling variance.

    Args:
        values: Somers' D, (words,), NaN if it is not measured.
        counts: Number of photos with each word, (words,).
        photos: Number of all scored photos.
    """
    is_known = np.isfinite(values)
    if not is_known.any():
        return np.full(len(values), np.nan)
    known_values, known_counts = values[is_known], counts[is_known]
    sampling_variance = _somers_d_variance(float(known_values.mean()), known_counts, photos)
    inverse_variance = 1 / sampling_variance
    spread = (inverse_variance * (known_values - np.average(known_values, weights=inverse_variance)) ** 2).sum() - (
        len(known_values) - 1
    )
    scale = inverse_variance.sum() - (inverse_variance**2).sum() / inverse_variance.sum()
    between_variance = max(0.0, float(spread / scale)) if len(known_values) > 1 else 0.0
    mean = np.average(known_values, weights=1 / (sampling_variance + between_variance))
    expected = np.full(len(values), mean)
    expected[is_known] = mean + (known_values - mean) * between_variance / (between_variance + sampling_variance)
    return expected


def _somers_d_variance(value: float, n: Ints, photos: int) -> Floats:
    """Return the sampling variance of Somers' D for words with n positive photos.

    `value` is the mean of all words and not that of each word: otherwise a word with a single photo that ranks first
    would have a variance of nearly 0.
    """
    area = min(max((value + 1) / 2, 0.5), 0.99)
    return 4 * roc_auc_variance(area, n, photos - n)
