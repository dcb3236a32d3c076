"""Top-k recall of attributes: of those that photos have, how many are among the k scored highest.

Two numbers in the literature bear the name "All". One ranks the attributes of each type by themselves, pools the photos
of a type, and averages the types (Liu et al. 2016 and most after them); the other ranks all attributes in one list
(Corbiere et al. 2017: 23.10 and 30.40). The second is far lower by nature: here they are `mean_of_types` and
`all_at_once`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weft.evaluation.bags import Bags
from weft.evaluation.ridge import dense
from weft.evaluation.search import Floats, Ints
from weft.evaluation.word_scores import WordScores, in_parts, top_words

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
