"""Label prediction without a classifier: the score of a label is the mean score of its words.

Top-k recall of attributes: of those that photos have, how many are among the k scored highest.

Two numbers in the literature bear the name "All". One ranks the attributes of each type by themselves, pools the photos
of a type, and averages the types (Liu et al. 2016 and most after them); the other ranks all attributes in one list
(Corbiere et al. 2017: 23.10 and 30.40). The second is far lower by nature: here they are `mean_of_types` and
`all_at_once`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weft.evaluation.bags import Bags
from weft.evaluation.knn import Bools, Floats, Ints
from weft.evaluation.linear_probe import dense
from weft.evaluation.word_scores import Scores, WordScores, in_parts, top_words


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


TOP_K = (3, 5)
ALL_AT_ONCE = "all_at_once"
MEAN_OF_TYPES = "mean_of_types"

AttributeScores = WordScores
"""Photos, as a slice, to scores (photos, attributes); -inf for an attribute that cannot be told."""


@dataclass(frozen=True)
class Found:
    """What was found of one list of attributes."""

    hits: dict[int, Floats]
    """k to (photos,): the photo's attributes among the first k."""
    first: Ints
    """(photos,): the place of the first right attribute, from 1; 0 where it is not among the first max(TOP_K)."""


def lists_of(types: Sequence[str]) -> dict[str, Ints]:
    """The lists that are ranked by themselves: each type's attributes, and all of them."""
    lists = {
        kind: np.array([n for n, other in enumerate(types) if other == kind], np.int64) for kind in dict.fromkeys(types)
    }
    return {**lists, ALL_AT_ONCE: np.arange(len(types))}


def found(scores: AttributeScores, truth: Bags, lists: dict[str, Ints], attributes: int) -> dict[str, Found]:
    """What every photo's ranking finds, by list.

    Args:
        scores: Of the same photos.
        truth: The attributes that each photo is known to have.
        lists: From `lists_of`.
        attributes: How many there are.
    """
    hits = {name: {k: np.zeros(len(truth)) for k in TOP_K} for name in lists}
    first = {name: np.zeros(len(truth), np.int64) for name in lists}
    for part in in_parts(len(truth)):
        of_part = scores(part)
        has = dense(truth, range(part.start, part.stop), attributes)
        for name, members in lists.items():
            best = members[top_words(of_part[:, members], max(TOP_K))]
            right = np.take_along_axis(has, best, axis=1)
            right &= ~np.isneginf(np.take_along_axis(of_part, best, axis=1))
            for k in TOP_K:
                hits[name][k][part] = right[:, :k].sum(axis=1)
            first[name][part] = np.where(right.any(axis=1), right.argmax(axis=1) + 1, 0)
    return {name: Found(hits[name], first[name]) for name in lists}


def positives(truth: Bags, members: Ints, attributes: int) -> Floats:
    """(photos,): how many of a list's attributes each photo has: what it could find."""
    in_list = np.zeros(attributes, np.bool_)
    in_list[members] = True
    owner = np.repeat(np.arange(len(truth)), truth.sizes())
    return np.asarray(np.bincount(owner, in_list[truth.words].astype(np.float64), minlength=len(truth)), np.float64)
