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


SIGMOID_LOSSES = frozenset({"binary_cross_entropy"})
"""The losses whose logit of a word, through the sigmoid, is the probability that a text has the word. The others rank
the words of a photo: there the log of the probability is the logit minus a number that depends on the photo alone."""


def log_probabilities(logits: Scores, loss: str) -> Scores:
    """Return the log-probabilities of words, up to a constant for each photo.

    Args:
        logits: (photos, words).
        loss: The name of the loss that trained the word embeddings; "" where it is not known, as with a softmax.
    """
    if loss not in SIGMOID_LOSSES:
        return logits
    # log(1 / (1 + exp(-logit))), without overflow.
    logs: Scores = -np.logaddexp(np.float32(0), -logits)
    return logs


def score_labels(word_scores: Scores, label_words: Sequence[Sequence[int]], num_unknown: Sequence[int]) -> Scores:
    """Return the mean score of each label's words, (photos, labels); -inf for a label of which no word is known.

    A word that the vocabulary lacks scores as the average word of the vocabulary does for this photo. Without this
    price, "No Sleeves" would score as "sleeves" and win where "short" and "sleeves" share their mean.

    Args:
        word_scores: (photos, words): log-probabilities up to a constant for each photo.
        label_words: The word ids of each label.
        num_unknown: The number of words of each label that the vocabulary lacks.
    """
    scores = np.full((len(word_scores), len(label_words)), -np.inf, np.float32)
    average_word = word_scores.mean(axis=1)
    for label, (word_ids, unknown) in enumerate(zip(label_words, num_unknown, strict=True)):
        if word_ids:
            known = word_scores[:, list(word_ids)].mean(axis=1)
            share = len(word_ids) / (len(word_ids) + unknown)
            scores[:, label] = known if not unknown else share * known + (1 - share) * average_word
    return scores


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
