"""Label prediction: top-k accuracy of classes, top-k recall of attributes.

Two numbers in the literature are called "All". One ranks the attributes of each type separately, pools the photos of a
type and averages the types (Liu et al. 2016 and most others); the other ranks all attributes in one list (Corbiere et
al. 2017: 23.10 and 30.40). The second is far lower by construction. They are `mean_of_types` and `all_at_once` here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weft.bags import WordBags
from weft.contracts.arrays import Bools, Floats, Ints, Scores
from weft.evaluation.word_scorers import WordScorer, iter_chunks, top_words

ATTRIBUTE_TOP_K = (3, 5)
ALL_AT_ONCE = "all_at_once"
MEAN_OF_TYPES = "mean_of_types"

AttributeScorer = WordScorer
"""A function of a slice of photos that returns scores, (photos, attributes); -inf for one that cannot be predicted."""


@dataclass(frozen=True)
class LabelTask:
    """The candidate labels of a label set and the photos that have one of them."""

    labels: tuple[str, ...]
    """Sorted; this order breaks ties between labels."""
    photo_rows: Ints
    """(labelled photos,): rows of the benchmark's photos, ascending."""
    targets: Ints
    """(labelled photos,): indices into `labels`."""
    rare_labels: tuple[str, ...] = ()
    """Sorted: labels of too few photos to be measured, which a shop would still offer as candidates."""


def build_label_task(values: Sequence[str | None], min_photos: int, exclude: Sequence[str] = ()) -> LabelTask:
    """Keep the labels of at least `min_photos` photos; other labels are no targets.

    Args:
        values: The label of each photo, None where it has none.
        min_photos: At least 1.
        exclude: Labels to leave out however many photos have them.
    """
    counts = Counter(value for value in values if value is not None)
    labels = tuple(sorted(label for label, count in counts.items() if count >= min_photos and label not in exclude))
    index_of = {label: index for index, label in enumerate(labels)}
    pairs = [(row, index_of[value]) for row, value in enumerate(values) if value is not None and value in index_of]
    columns = np.array(pairs, np.int64).reshape(-1, 2)
    rare_labels = tuple(sorted(counts.keys() - {*labels, *exclude}))
    return LabelTask(labels, columns[:, 0], columns[:, 1], rare_labels)


def rank_true_labels(scores: Scores, targets: Ints) -> Ints:
    """Return the rank of each photo's true label, 0 for the best; ties by label order.

    A label without words (score -inf) cannot be predicted: its rank is the number of labels.

    Args:
        scores: (photos, labels).
        targets: (photos,): the true labels.
    """
    target_scores = np.take_along_axis(scores, targets[:, None], axis=1)
    is_before_target = np.arange(scores.shape[1])[None, :] < targets[:, None]
    ranks = ((scores > target_scores) | ((scores == target_scores) & is_before_target)).sum(axis=1)
    result: Ints = np.where(np.isneginf(target_scores[:, 0]), scores.shape[1], ranks)
    return result


def top_k_correct(ranks: Ints, k: int) -> Bools:
    """Return whether each photo's true label is among the first k."""
    if k < 1:
        raise ValueError(f"expected k of at least 1, got {k}")
    return ranks < k


@dataclass(frozen=True)
class AttributeHits:
    """What the ranking of one list of attributes finds for each photo."""

    hits: dict[int, Floats]
    """k to (photos,): the number of the photo's attributes among the first k."""
    first_hit_ranks: Ints
    """(photos,): rank of the first correct attribute, from 1; 0 where none is among the first max(ATTRIBUTE_TOP_K)."""


def build_attribute_lists(types: Sequence[str]) -> dict[str, Ints]:
    """Return the lists of attributes that are ranked separately: one per type, and one of all attributes."""
    lists = {
        name: np.array([index for index, other in enumerate(types) if other == name], np.int64)
        for name in dict.fromkeys(types)
    }
    return {**lists, ALL_AT_ONCE: np.arange(len(types))}


def find_attribute_hits(
    scorer: AttributeScorer, truth: WordBags, lists: dict[str, Ints], num_attributes: int
) -> dict[str, AttributeHits]:
    """Rank the attributes of each list for every photo and count the hits.

    Args:
        scorer: The scorer of the same photos.
        truth: The attributes of each photo.
        lists: From `build_attribute_lists`.
        num_attributes: Number of attributes in all.
    """
    hits = {name: {k: np.zeros(len(truth)) for k in ATTRIBUTE_TOP_K} for name in lists}
    ranks = {name: np.zeros(len(truth), np.int64) for name in lists}
    for chunk in iter_chunks(len(truth)):
        scores = scorer(chunk)
        has_attribute = truth.to_dense(range(chunk.start, chunk.stop), num_attributes)
        for name, members in lists.items():
            best = members[top_words(scores[:, members], max(ATTRIBUTE_TOP_K))]
            is_hit = np.take_along_axis(has_attribute, best, axis=1)
            is_hit &= ~np.isneginf(np.take_along_axis(scores, best, axis=1))
            for k in ATTRIBUTE_TOP_K:
                hits[name][k][chunk] = is_hit[:, :k].sum(axis=1)
            ranks[name][chunk] = np.where(is_hit.any(axis=1), is_hit.argmax(axis=1) + 1, 0)
    return {name: AttributeHits(hits[name], ranks[name]) for name in lists}


def count_attributes(truth: WordBags, members: Ints, num_attributes: int) -> Floats:
    """Return how many attributes of a list each photo has, (photos,)."""
    is_member = np.zeros(num_attributes, np.bool_)
    is_member[members] = True
    counts = np.bincount(truth.owners(), is_member[truth.words].astype(np.float64), minlength=len(truth))
    return np.asarray(counts, np.float64)
