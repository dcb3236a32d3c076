"""The lowest threshold at which a word is right often enough, by an honest bound on what was counted."""

import numpy as np
import numpy.typing as npt

from weft.tagging.catalogue import Ints

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def least_right(products: int, precision: float, confidence: float) -> Ints:
    """How many of n tagged products must be right, for every n up to `products`.

    So many that the one-sided lower bound of Clopper and Pearson (1934) at `confidence` reaches `precision`: were the
    true precision lower, so many would come about with a probability of at most 1 - confidence. For 0.8 and 0.9 the
    first n that can pass is 11, all of them right.

    Returns:
        (products + 1,), at n the number wanted, n + 1 where even all would not do.
    """
    from scipy.stats import binom

    n = np.arange(products + 1)
    # isf gives the smallest k with P(X > k) <= 1 - confidence: one more is wanted. Never the bound itself by rounding.
    return np.asarray(np.where(n > 0, binom.isf(1 - confidence, n, precision) + 1, 1), np.int64)


def lower_bound(right: int, tagged: int, confidence: float) -> float:
    """The bound itself: the lowest precision at which so many right of so many tagged are still to be expected."""
    from scipy.stats import beta

    return float(beta.ppf(1 - confidence, right, tagged - right + 1)) if right else 0.0


def threshold_of(scores: npt.NDArray[np.floating], says: Bools, wanted: Ints) -> float | None:
    """The lowest threshold that tags as many products as can be with enough of them right; None where none does.

    Args:
        scores: (products,), of one word.
        says: (products,), whether the text says the word.
        wanted: The answer of `least_right` for at least so many products.

    Returns:
        A number halfway between the last score that is tagged and the first that is not; the last score itself where
        all are tagged.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order], np.cumsum(says[order])
    # Equal scores are tagged together or not at all.
    ends = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True)) if len(ranked) else np.empty(0, np.int64)
    passing = ends[right[ends] >= wanted[ends + 1]]
    if not len(passing):
        return None
    last = int(passing[-1])
    following = ranked[last + 1] if last + 1 < len(ranked) else ranked[last]
    return float((ranked[last].astype(np.float64) + following) / 2)


def separation(scores: npt.NDArray[np.floating], says: Bools) -> float | None:
    """The area under the ROC curve: how often a product with the word scores above one without; ties count half.

    None where all products say the word, or none.
    """
    from scipy.stats import rankdata

    with_word = int(says.sum())
    without = len(says) - with_word
    if not with_word or not without:
        return None
    ranks = rankdata(scores)
    return float((ranks[says].sum() - with_word * (with_word + 1) / 2) / (with_word * without))
