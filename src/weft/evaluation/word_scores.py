"""Scores of every word for a run of photos, by word embeddings or by the words of similar training photos."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from weft.evaluation.bags import Bags
from weft.evaluation.search import Ints, Matrix, Search

PHOTOS_AT_ONCE = 512
"""512 photos x 30,000 words are 60 MB of scores."""

Scores = npt.NDArray[np.float32]
WordScores = Callable[[slice], Scores]
"""Photos, as a slice, to scores (photos, words); higher is likelier."""


def by_words(z: Matrix, word_embeddings: Matrix, bias: Matrix | None = None) -> WordScores:
    """The score of word k for photo n is w_k . z_n + b_k.

    Args:
        z: (photos, embedding_dim).
        word_embeddings: W, (words, embedding_dim).
        bias: b, (words, 1), none in the paper; where photos are ranked for a word it is the same for all of them.
    """
    columns = np.ascontiguousarray(word_embeddings, np.float32).T
    added = np.float32(0) if bias is None else np.asarray(bias, np.float32).T

    def scores(part: slice) -> Scores:
        product: Scores = z[part].astype(np.float32) @ columns + added
        return product

    return scores


def by_neighbours(z: Matrix, training: Matrix, bags: Bags, words: int, neighbours: int, search: Search) -> WordScores:
    """Tag transfer: a word's score is the sum of the similarities of the nearest training photos that carry it.

    Args:
        z: (photos, embedding_dim), none of them a training photo.
        training: (training photos, embedding_dim).
        bags: The words of the training photos.
        words: Words in the vocabulary.
        neighbours: How many training photos give their words.
        search: Exact search.
    """
    # All at once: the rows found are small, and the training photos are read once.
    rows, similarities = search(z, training, neighbours)

    def scores(part: slice) -> Scores:
        return transfer(rows[part], similarities[part], bags, words)

    return scores


def transfer(rows: Ints, similarities: npt.NDArray[np.float32], bags: Bags, words: int) -> Scores:
    """Sum over each photo's neighbours of similarity x (word in the neighbour's bag).

    Args:
        rows: (photos, neighbours), training photos, -1 where there is none.
        similarities: (photos, neighbours), cosines.
        bags: The words of the training photos.
        words: Words in the vocabulary.

    Returns:
        (photos, words).
    """
    photo, place = np.nonzero(rows >= 0)
    training = rows[photo, place]
    sizes = bags.sizes()[training]
    # The positions in bags.words of all words of all neighbours, one run after the other.
    begins = np.repeat(bags.starts[training] - (np.cumsum(sizes) - sizes), sizes)
    word = bags.words[begins + np.arange(int(sizes.sum()))]
    cell = np.repeat(photo, sizes) * words + word
    weight = np.repeat(similarities[photo, place].astype(np.float64), sizes)
    total = np.bincount(cell, weight, minlength=len(rows) * words)
    return total.reshape(len(rows), words).astype(np.float32)


def in_parts(photos: int) -> Iterator[slice]:
    """Slices that cover `photos` photos."""
    for start in range(0, photos, PHOTOS_AT_ONCE):
        yield slice(start, min(start + PHOTOS_AT_ONCE, photos))


def top_words(scores: Scores, k: int) -> Ints:
    """The k best words of each photo, best first, ties by word_id.

    Args:
        scores: (photos, words).
        k: At least 1; where there are fewer words, all of them.

    Returns:
        (photos, min(k, words)).
    """
    k = min(k, scores.shape[1])
    best = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    value = np.take_along_axis(scores, best, axis=1)
    best = np.take_along_axis(best, np.argsort(-value, axis=1, kind="stable"), axis=1)
    # argpartition takes any of the words that share the score at the cut: sort those photos in full.
    shared = (scores >= value.min(axis=1, keepdims=True)).sum(axis=1) > k
    best[shared] = np.argsort(-scores[shared], axis=1, kind="stable")[:, :k]
    return best
