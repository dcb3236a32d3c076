"""Scores of every word for a run of photos, by word embeddings or by the words of similar training photos.

For words that can be seen in photos, the words whose embeddings lie nearest: what W has learned, at a glance.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from weft.evaluation.bags import Bags
from weft.evaluation.knn import Ints, Matrix, Search

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


WORDS_SHOWN = 24
NEIGHBOURS = 8
CANDIDATES = 300
"""Only so many of the most frequent words are looked at."""
LEAST_PHOTOS = 5
"""With fewer photos that carry a word, or that lack it, how well it is told says little."""

NearestWords = dict[str, list[tuple[str, float]]]


def seen_words(z: Matrix, bags: Bags, word_embeddings: Matrix, frequencies: Ints, count: int = WORDS_SHOWN) -> Ints:
    """The frequent words that photos of never-seen products tell best, the best told first.

    Told well: a word's scores on the photos that carry it lie far above those on the others, in units of their
    common standard deviation.

    Args:
        z: (photos, embedding_dim), of photos not trained on.
        bags: Their words.
        word_embeddings: W, (words, embedding_dim).
        frequencies: (words,).
        count: How many words.

    Returns:
        Word ids; fewer where photos carry too few words.
    """
    candidates = np.sort(np.argsort(-frequencies, kind="stable")[:CANDIDATES])
    scores = by_words(z, word_embeddings[candidates])
    carried, total, squares, sum_carried = (np.zeros(len(candidates)) for _ in range(4))
    for part in in_parts(len(z)):
        of_part = scores(part).astype(np.float64)
        carries = np.array([np.isin(candidates, bags.of(photo)) for photo in range(part.start, part.stop)])
        carried += carries.sum(axis=0)
        total += of_part.sum(axis=0)
        squares += (of_part**2).sum(axis=0)
        sum_carried += (of_part * carries).sum(axis=0)
    enough = np.flatnonzero((carried >= LEAST_PHOTOS) & (len(z) - carried >= LEAST_PHOTOS))
    with_word = sum_carried[enough] / carried[enough]
    without = (total - sum_carried)[enough] / (len(z) - carried[enough])
    deviation = np.sqrt(np.maximum(squares / len(z) - (total / len(z)) ** 2, 1e-12))[enough] if len(z) else without
    best = np.argsort(-(with_word - without) / deviation, kind="stable")[:count]
    return np.asarray(candidates[enough[best]], np.int64)


def nearest_words(
    chosen: Ints, words: tuple[str, ...], word_embeddings: npt.NDArray[np.float32], search: Search
) -> NearestWords:
    """The words whose embeddings have the highest cosine similarity with each chosen word's.

    Args:
        chosen: Word ids.
        words: The vocabulary by word_id.
        word_embeddings: W, (words, embedding_dim).
        search: Exact search.

    Returns:
        Per chosen word up to NEIGHBOURS (word, similarity), nearest first.
    """
    every = np.arange(len(words))
    rows, similarities = search(word_embeddings[chosen], word_embeddings, NEIGHBOURS, chosen, every)
    return {
        words[word]: [(words[row], round(float(value), 4)) for row, value in zip(found, near, strict=True) if row >= 0]
        for word, found, near in zip(chosen, rows, similarities, strict=True)
    }
