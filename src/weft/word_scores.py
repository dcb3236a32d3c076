"""Scores of words for embeddings: logits in chunks of photos, the log-partition of the softmax, and the ROC AUC."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from weft.contracts.arrays import Bools, Floats, Ints, Matrix, Scores

WordIds = npt.NDArray[np.int32] | npt.NDArray[np.int64]
"""(words of a text,)."""
DEFAULT_CHUNK_SIZE = 512
"""Photos per chunk: 512 photos x 30,000 words take 60 MB."""


def score_words(z: Matrix, rows: Ints, w: Scores, bias: Scores, chunk_size: int = DEFAULT_CHUNK_SIZE) -> Scores:
    """Return the logits z . w_k + b_k, (rows, words).

    Args:
        z: (photos, embedding_dim), possibly mapped from a file; only a chunk of it is in memory at once.
        rows: The photos to score.
        w: Word embeddings, (words, embedding_dim).
        bias: (words, 1).
        chunk_size: Photos per chunk.
    """
    logits = np.empty((len(rows), len(w)), np.float32)
    for start in range(0, len(rows), chunk_size):
        chunk = slice(start, start + chunk_size)
        logits[chunk] = z[rows[chunk]].astype(np.float32) @ w.T + bias.T
    return logits


def average_query_words(w: Scores, query_weights: Scores, word_ids: Sequence[int] | WordIds) -> Scores:
    """Return the embedding of a text query, (embedding_dim,): the weighted mean of its words' embeddings.

    Args:
        w: Word embeddings, (words, embedding_dim).
        query_weights: (words,): the weight of each word, at least 0. If it is 0 for all words of the query, each counts
            the same.
        word_ids: The words of the query, at least one.
    """
    weights = query_weights[word_ids]
    if not weights.any():
        weights = np.ones_like(weights)
    mean: Scores = weights @ w[word_ids] / weights.sum()
    return mean


def log_partition(z: Matrix, rows: Ints, w: Scores, bias: Scores, chunk_size: int = DEFAULT_CHUNK_SIZE) -> Scores:
    """Return log(sum over all words of exp(logit)) of each photo, (rows, 1).

    A logit minus it is the log of the softmax probability, which is comparable between photos.

    Args:
        z: (photos, embedding_dim), possibly mapped from a file.
        rows: The photos.
        w: Embeddings of the whole vocabulary, (words, embedding_dim).
        bias: (words, 1).
        chunk_size: Photos per chunk.
    """
    result = np.empty((len(rows), 1), np.float32)
    for start in range(0, len(rows), chunk_size):
        chunk = slice(start, start + chunk_size)
        logits = score_words(z, rows[chunk], w, bias, chunk_size)
        highest = logits.max(axis=1, keepdims=True)
        result[chunk] = highest + np.log(np.exp(logits - highest).sum(axis=1, keepdims=True))
    return result


def roc_auc(scores: Matrix, is_positive: Bools) -> float:
    """Return the probability that a positive scores above a negative; ties count half.

    Args:
        scores: (observations,).
        is_positive: (observations,).

    Returns:
        The area under the ROC curve, 0 to 1; NaN without positives or without negatives.
    """
    num_positives = int(is_positive.sum())
    num_negatives = len(is_positive) - num_positives
    if not num_positives or not num_negatives:
        return float("nan")
    # Ranks of the positives alone, found by bisection: there are few of them.
    ordered, positives = np.sort(scores), scores[is_positive]
    ranks = (np.searchsorted(ordered, positives, "left") + np.searchsorted(ordered, positives, "right") + 1) / 2
    above = ranks.sum() - num_positives * (num_positives + 1) / 2
    return float(above / (num_positives * num_negatives))


def roc_auc_variance(auc: float, num_positives: Ints, num_negatives: Ints) -> Floats:
    """Return the sampling variance of a ROC AUC (Hanley and McNeil 1982), one for each pair of class sizes.

    Args:
        auc: 0 to 1.
        num_positives: (pairs,): at least 1 each.
        num_negatives: (pairs,): at least 1 each.
    """
    both_above, both_below = auc / (2 - auc) - auc**2, 2 * auc**2 / (1 + auc) - auc**2
    variance: Floats = auc * (1 - auc) + (num_positives - 1) * both_above + (num_negatives - 1) * both_below
    return variance / (num_positives * num_negatives)
