"""Label prediction without a classifier: the score of a label is the mean score of its words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weft.evaluation.search import Bools, Ints
from weft.evaluation.word_scores import Scores


@dataclass(frozen=True)
class LabelTask:
    """The labels that count in a label set, and the photos that bear one of them."""

    labels: tuple[str, ...]
    """Sorted: ties between labels are broken by this order."""
    photos: Ints
    """(photos that count,): their rows, ascending."""
    truth: Ints
    """(photos that count,): the place of each one's label in `labels`."""


def label_task(values: Sequence[str | None], min_photos: int, without: Sequence[str] = ()) -> LabelTask:
    """Keep the labels on at least `min_photos` photos; the others are out, as truth and as candidates.

    Args:
        values: The label of each photo, None where it has none.
        min_photos: At least 1.
        without: Labels that are out however many photos they are on.
    """
    counts = Counter(value for value in values if value is not None)
    labels = tuple(sorted(label for label, count in counts.items() if count >= min_photos and label not in without))
    place = {label: number for number, label in enumerate(labels)}
    pairs = [(row, place[value]) for row, value in enumerate(values) if value is not None and value in place]
    both = np.array(pairs, np.int64).reshape(-1, 2)
    return LabelTask(labels, both[:, 0], both[:, 1])


def label_scores(word_scores: Scores, words: Sequence[Sequence[int]]) -> Scores:
    """The mean score of each label's words; -inf for a label that has no word in the vocabulary.

    Args:
        word_scores: (photos, words).
        words: The word ids of each label.

    Returns:
        (photos, labels).
    """
    scores = np.full((len(word_scores), len(words)), -np.inf, np.float32)
    for place, ids in enumerate(words):
        if ids:
            scores[:, place] = word_scores[:, list(ids)].mean(axis=1)
    return scores


def label_ranks(scores: Scores, truth: Ints) -> Ints:
    """The rank of each photo's true label, 0 for the best; ties by label order.

    A label without words (-inf) cannot be predicted: it ranks behind all labels, never among the first by chance.
    """
    own = np.take_along_axis(scores, truth[:, None], axis=1)
    earlier = np.arange(scores.shape[1])[None, :] < truth[:, None]
    ranks = ((scores > own) | ((scores == own) & earlier)).sum(axis=1)
    behind: Ints = np.where(np.isneginf(own[:, 0]), scores.shape[1], ranks)
    return behind


def top_k_accuracy(ranks: Ints, k: int) -> Bools:
    """Whether each photo's true label is among its first k."""
    if k < 1:
        raise ValueError(f"k = {k}, wanted at least 1")
    return ranks < k
