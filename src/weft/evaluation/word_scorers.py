"""Scorers of all words for photos, by word embeddings or by kNN tag transfer, and the nearest words of words."""

from collections.abc import Callable, Iterator

import numpy as np

from weft.bags import WordBags
from weft.contracts.arrays import Ints, Matrix, Scores
from weft.contracts.search import Search
from weft.word_scores import DEFAULT_CHUNK_SIZE

WordScorer = Callable[[slice], Scores]
"""A function of a slice of photos that returns scores, (photos, words); higher is likelier."""

NUM_PREDICTABLE_WORDS = 24
NUM_NEAREST_WORDS = 8
MAX_CANDIDATES = 300
"""Only the most frequent words are candidates for the most predictable ones."""
MIN_PHOTOS = 5
"""With fewer photos that have a word, or lack it, its predictability is not estimated."""

NearestWords = dict[str, list[tuple[str, float]]]
"""Word to (near word, cosine similarity), nearest first."""


def linear_word_scores(z: Matrix, word_embeddings: Matrix, bias: Matrix | None = None) -> WordScorer:
    """Return the scorer w_k . z_n + b_k.

    Args:
        z: (photos, embedding_dim).
        word_embeddings: W, (words, embedding_dim).
        bias: b, (words, 1). It does not change the ranking of photos for one word.
    """
    transposed = np.ascontiguousarray(word_embeddings, np.float32).T
    offset = np.float32(0) if bias is None else np.asarray(bias, np.float32).T

    def score(photos: slice) -> Scores:
        logits: Scores = z[photos].astype(np.float32) @ transposed + offset
        return logits

    return score


def knn_tag_transfer(
    z: Matrix, train_z: Matrix, bags: WordBags, num_words: int, neighbours: int, search: Search
) -> WordScorer:
    """Return the scorer of kNN tag transfer: a word scores the sum of the similarities of the neighbours that have it.

    Args:
        z: (photos, embedding_dim), none of them a training photo.
        train_z: (training photos, embedding_dim).
        bags: The words of the training photos.
        num_words: Size of the vocabulary.
        neighbours: The number of nearest training photos.
        search: Exact search.
    """
    # One search for all photos: its result is small, and the training photos are read once.
    rows, similarities = search(z, train_z, neighbours)

    def score(photos: slice) -> Scores:
        return sum_neighbour_tags(rows[photos], similarities[photos], bags, num_words)

    return score


def sum_neighbour_tags(rows: Ints, similarities: Scores, bags: WordBags, num_words: int) -> Scores:
    """Return for each photo and word the sum of the similarities of the neighbours whose bag holds the word.

    Args:
        rows: (photos, neighbours): training photos, -1 where a position is empty.
        similarities: (photos, neighbours): cosines.
        bags: The words of the training photos.
        num_words: Size of the vocabulary.

    Returns:
        (photos, words).
    """
    photo, position = np.nonzero(rows >= 0)
    neighbour = rows[photo, position]
    neighbour_bags = bags.take(neighbour)
    cell = np.repeat(photo, neighbour_bags.sizes) * num_words + neighbour_bags.words
    weight = np.repeat(similarities[photo, position].astype(np.float64), neighbour_bags.sizes)
    total = np.bincount(cell, weight, minlength=len(rows) * num_words)
    return total.reshape(len(rows), num_words).astype(np.float32)


def iter_chunks(num_photos: int) -> Iterator[slice]:
    """Yield slices that cover all photos."""
    for start in range(0, num_photos, DEFAULT_CHUNK_SIZE):
        yield slice(start, min(start + DEFAULT_CHUNK_SIZE, num_photos))


def top_words(scores: Scores, k: int) -> Ints:
    """Return the k best words of each photo, best first, ties by word_id.

    Args:
        scores: (photos, words).
        k: At least 1.

    Returns:
        (photos, min(k, words)).
    """
    k = min(k, scores.shape[1])
    best = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    value = np.take_along_axis(scores, best, axis=1)
    best = np.take_along_axis(best, np.argsort(-value, axis=1, kind="stable"), axis=1)
    # argpartition keeps arbitrary words of those that share the k-th score: sort these photos in full.
    is_tied = (scores >= value.min(axis=1, keepdims=True)).sum(axis=1) > k
    best[is_tied] = np.argsort(-scores[is_tied], axis=1, kind="stable")[:, :k]
    return best


def find_most_predictable_words(
    z: Matrix, bags: WordBags, word_embeddings: Matrix, document_frequencies: Ints, count: int = NUM_PREDICTABLE_WORDS
) -> Ints:
    """Return the frequent words that photos of held-out products predict best, best first.

    The criterion is the difference between a word's mean score on the photos that have it and on the others, in units
    of the standard deviation of its scores.

    Args:
        z: (photos, embedding_dim), of photos that were not trained on.
        bags: Their words.
        word_embeddings: W, (words, embedding_dim).
        document_frequencies: (words,).
        count: The number of words.

    Returns:
        Word ids; fewer than `count` where photos have too few words.
    """
    candidates = np.sort(np.argsort(-document_frequencies, kind="stable")[:MAX_CANDIDATES])
    score = linear_word_scores(z, word_embeddings[candidates])
    num_positives, total, total_squared, positive_total = (np.zeros(len(candidates)) for _ in range(4))
    for chunk in iter_chunks(len(z)):
        scores = score(chunk).astype(np.float64)
        has_word = np.array([np.isin(candidates, bags[photo]) for photo in range(chunk.start, chunk.stop)])
        num_positives += has_word.sum(axis=0)
        total += scores.sum(axis=0)
        total_squared += (scores**2).sum(axis=0)
        positive_total += (scores * has_word).sum(axis=0)
    eligible = np.flatnonzero((num_positives >= MIN_PHOTOS) & (len(z) - num_positives >= MIN_PHOTOS))
    if not len(eligible):
        return np.empty(0, np.int64)
    positive_mean = positive_total[eligible] / num_positives[eligible]
    negative_mean = (total - positive_total)[eligible] / (len(z) - num_positives[eligible])
    std = np.sqrt(np.maximum(total_squared / len(z) - (total / len(z)) ** 2, 1e-12))[eligible]
    best = np.argsort(-(positive_mean - negative_mean) / std, kind="stable")[:count]
    return np.asarray(candidates[eligible[best]], np.int64)


def find_nearest_words(
    word_ids: Ints, vocabulary: tuple[str, ...], word_embeddings: Scores, search: Search
) -> NearestWords:
    """Return the words whose embeddings have the highest cosine similarity with each given word's.

    Args:
        word_ids: The given words.
        vocabulary: The words by word_id.
        word_embeddings: W, (words, embedding_dim).
        search: Exact search.

    Returns:
        Up to NUM_NEAREST_WORDS words per given word, without the word itself.
    """
    every_word = np.arange(len(vocabulary))
    rows, similarities = search(word_embeddings[word_ids], word_embeddings, NUM_NEAREST_WORDS, word_ids, every_word)
    return {
        vocabulary[word]: [
            (vocabulary[row], round(float(similarity), 4))
            for row, similarity in zip(found, cosines, strict=True)
            if row >= 0
        ]
        for word, found, cosines in zip(word_ids, rows, similarities, strict=True)
    }
