"""Scores of words for embeddings: logits of W in chunks, the log-partition of the softmax, and the area under ROC."""

import numpy as np
import scipy.stats

from weft.contracts.arrays import Bools, Ints, Matrix, Scores

DEFAULT_CHUNK_SIZE = 512
"""Photos per chunk: 512 photos x 30,000 words take 60 MB."""


def score_words(z: Matrix, w: Scores, bias: Scores) -> Scores:
    """Return the logits z . w_k + b_k, (photos, words).

    Args:
        z: (photos, embedding_dim).
        w: Word embeddings, (words, embedding_dim).
        bias: (words, 1).
    """
    logits: Scores = z.astype(np.float32) @ w.T + bias.T
    return logits


def log_partition(
    z: Matrix, w: Scores, bias: Scores, rows: Ints | None = None, chunk_size: int = DEFAULT_CHUNK_SIZE
) -> Scores:
    """Return log(sum over all words of exp(logit)) of each photo, (photos,).

    A logit minus it is the log of the softmax probability, which is comparable between photos.

    Args:
        z: (photos, embedding_dim), possibly mapped from a file.
        w: Embeddings of the whole vocabulary, (words, embedding_dim).
        bias: (words, 1).
        rows: The rows of z to use; all of them by default.
        chunk_size: Photos held in memory at once.
    """
    num_photos = len(z) if rows is None else len(rows)
    result = np.empty(num_photos, np.float32)
    for start in range(0, num_photos, chunk_size):
        chunk = slice(start, start + chunk_size)
        logits = score_words(z[chunk] if rows is None else z[rows[chunk]], w, bias)
        highest = logits.max(axis=1)
        result[chunk] = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
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
    ranks = scipy.stats.rankdata(scores)
    above = ranks[is_positive].sum() - num_positives * (num_positives + 1) / 2
    return float(above / (num_positives * num_negatives))
