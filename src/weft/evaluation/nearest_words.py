"""For words that can be seen in photos, the words whose embeddings lie nearest: what W has learned, at a glance."""

import numpy as np
import numpy.typing as npt

from weft.evaluation.bags import Bags
from weft.evaluation.search import Ints, Matrix, Search
from weft.evaluation.word_scores import by_words, in_parts

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
