"""How strongly the photos of a product show a word: the log of the word's softmax probability over the vocabulary.

The softmax takes off what raises all words of a photo alike, so that one threshold serves all photos. On 789 held-out
products of the real catalogue the mean average precision of 583 words was 0.474 for it, 0.467 for the bare w . z.
"""

import numpy as np
import numpy.typing as npt

from weft.tagging.catalogue import Ints, Matrix, Scores

_PHOTOS_AT_ONCE = 512
"""512 photos x 30,000 words are 60 MB."""
_CELLS_AT_ONCE = 8_000_000


def normalisers(z: Matrix, w: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> Scores:
    """(photos,): the log of the sum over all words of exp(w . z + b), which every score of the photo has taken off.

    Args:
        z: (photos, embedding_dim).
        w: (words, embedding_dim).
        bias: (words, 1).
    """
    found = np.empty(len(z), np.float32)
    for start in range(0, len(z), _PHOTOS_AT_ONCE):
        part = slice(start, start + _PHOTOS_AT_ONCE)
        logits = z[part].astype(np.float32) @ w.T + bias.T
        highest = logits.max(axis=1)
        found[part] = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    return found


def product_scores(
    z: Matrix, w: npt.NDArray[np.float32], bias: npt.NDArray[np.float32], normaliser: Scores, starts: Ints
) -> Scores:
    """The score of each word for each product: the highest of its photos.

    Args:
        z: (photos, embedding_dim), a product's photos one after the other.
        w: (some words, embedding_dim).
        bias: (some words, 1).
        normaliser: (photos,), of all words.
        starts: (products,), ascending from 0.

    Returns:
        (products, some words).
    """
    scores = np.empty((len(starts), len(w)), np.float32)
    at_once = max(1, _CELLS_AT_ONCE // max(1, len(w)))
    ends = np.append(starts[1:], len(z))
    product = 0
    while product < len(starts):
        last = max(product + 1, int(np.searchsorted(ends, starts[product] + at_once, side="right")))
        rows = slice(int(starts[product]), int(ends[last - 1]))
        of_photos = z[rows].astype(np.float32) @ w.T + bias.T - normaliser[rows, None]
        scores[product:last] = np.maximum.reduceat(of_photos, starts[product:last] - rows.start, axis=0)
        product = last
    return scores
