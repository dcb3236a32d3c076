"""What photos explain of a word: the share of the uncertainty about it that they take away.

Whether the text of a photo says word k is uncertain by its entropy H_k; a photo's score for k takes a part of it away,
the information I_k. explained_k = I_k / H_k is Theil's uncertainty coefficient: 0 for a word that photos do not tell, 1
for one they tell for sure. Unlike the area under the ROC curve (`visualness`) it asks that a word be told well enough
to matter: a rare word that comes high among two thousand photos, but is wrong nine times of ten, explains little.

The probability of k at a score is counted on train in bins of equally many photos and measured on val, so that what is
explained is explained of photos that stage 1 has not seen.
"""

import numpy as np
import numpy.typing as npt

from weft.data.bags import Bags, Doubles, Ints
from weft.training.visualness import MOST_PHOTOS, Matrix, log_normaliser, word_scores

BINS = 16
_PRIOR = 2.0
"""Photos that each bin is given beforehand, at the word's share of all photos."""
_WORDS_AT_ONCE = 512

Embeddings = npt.NDArray[np.float16] | Matrix
Present = npt.NDArray[np.bool_]


def measure_explained(
    train: tuple[Embeddings, Bags], val: tuple[Embeddings, Bags], words: Matrix, bias: Matrix
) -> Doubles:
    """The share of each word's entropy that photos explain, (words,), 0 to 1; 0 where val has no photo with words.

    Args:
        train: Embeddings (photos, embedding_dim) as stage 1 scores them, and their words.
        val: The same of photos it has not seen.
        words: W, (words, embedding_dim).
        bias: (words, 1).
    """
    seen = [_looked_at(bags) for _, bags in (train, val)]
    explained = np.zeros(len(words))
    if not all(len(photos) for photos in seen):
        return explained
    normalisers = [log_normaliser(z, photos, words, bias) for (z, _), photos in zip((train, val), seen, strict=True)]
    for first in range(0, len(words), _WORDS_AT_ONCE):
        part = slice(first, first + _WORDS_AT_ONCE)
        scores, present = [], []
        for (z, bags), photos, normaliser in zip((train, val), seen, normalisers, strict=True):
            scores.append(word_scores(z, photos, words[part], bias[part]) - normaliser)
            present.append(_present(bags, photos, range(len(words))[part]))
        explained[part] = share_explained(scores[0], present[0], scores[1], present[1])
    return explained


def share_explained(scores: Matrix, present: Present, val_scores: Matrix, val_present: Present) -> Doubles:
    """Theil's coefficient of each column, (words,): calibrated on the first two, measured on the others.

    Args:
        scores: (training photos, words).
        present: Whether the text says the word, of the same shape.
        val_scores: (val photos, words).
        val_present: Of the same shape.
    """
    cuts = np.quantile(scores, np.linspace(0, 1, BINS + 1)[1:-1], axis=0)
    columns = np.arange(scores.shape[1])
    cells = (_bins(scores, cuts) * len(columns) + columns).ravel()
    count = np.bincount(cells, minlength=BINS * len(columns)).reshape(BINS, -1)
    hits = np.bincount(cells, weights=present.ravel(), minlength=BINS * len(columns)).reshape(BINS, -1)
    floor = 1 / (len(scores) + _PRIOR)
    share = present.mean(axis=0).clip(floor, 1 - floor)
    told = ((hits + _PRIOR * share) / (count + _PRIOR)).clip(1e-5, 1 - 1e-5)
    at = told[_bins(val_scores, cuts), columns]
    known = _log_likelihood(val_present, at)
    unknown = _log_likelihood(val_present, np.broadcast_to(share, at.shape))
    result: Doubles = np.clip((known - unknown) / -unknown, 0.0, 1.0)
    return result


def _log_likelihood(present: Present, probability: Doubles) -> Doubles:
    value: Doubles = np.where(present, np.log(probability), np.log1p(-probability)).mean(axis=0)
    return value


def _bins(scores: Matrix, cuts: Matrix) -> Ints:
    bins = np.zeros(scores.shape, np.int64)
    for cut in cuts:
        bins += scores > cut
    return bins


def _looked_at(bags: Bags) -> Ints:
    photos = np.flatnonzero(bags.sizes)
    return photos[:: max(1, -(-len(photos) // MOST_PHOTOS))]


def _present(bags: Bags, photos: Ints, words: range) -> Present:
    places, real = bags.positions(photos)
    ids = np.where(real, bags.words[places], -1)
    row, column = np.nonzero((ids >= words.start) & (ids < words.stop))
    present = np.zeros((len(photos), len(words)), bool)
    present[row, ids[row, column] - words.start] = True
    return present
