"""Scores to probabilities by Platt's method, all words at once, and how far they can be relied on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.tagging.tag_scores import Scores
from weft.tagging.thresholds import Bools, Floats

BINS = 10
_STEPS = 50


def fit_sigmoids(scores: Scores, says: Bools) -> tuple[Floats, Floats]:
    """Slope and intercept of each word's sigmoid, by Newton's method on Platt's smoothed targets.

    Platt 1999, "Probabilistic outputs for support vector machines", section 2.2: a product with the word counts as
    (n + 1) / (n + 2), one without as 1 / (m + 2), so that a few products never make certainty. A slope below 0, which
    would tell a word the less its photos show it, is held at 0.

    Args:
        scores: (products, words).
        says: (products, words).

    Returns:
        Slope and intercept, (words,) each: the probability is 1 / (1 + exp(-(slope * score + intercept))).
    """
    if not scores.shape[1]:
        return np.empty(0), np.empty(0)
    with_word = says.sum(axis=0).astype(np.float64)
    target = np.where(says, (with_word + 1) / (with_word + 2), 1 / (len(says) - with_word + 2))
    x = scores.astype(np.float64)
    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    x = (x - mean) / spread
    share = np.clip(target.mean(axis=0), 1e-9, 1 - 1e-9)
    slope, intercept = np.zeros(x.shape[1]), np.log(share / (1 - share))
    for _ in range(_STEPS):
        p = _sigmoid(slope * x + intercept)
        error, weight = p - target, np.maximum(p * (1 - p), 1e-12)
        gradient = np.stack([(error * x).sum(axis=0), error.sum(axis=0)])
        a, b, c = (weight * x * x).sum(axis=0) + 1e-9, (weight * x).sum(axis=0), weight.sum(axis=0)
        determinant = np.maximum(a * c - b * b, 1e-12)
        step_slope = (c * gradient[0] - b * gradient[1]) / determinant
        step_intercept = (a * gradient[1] - b * gradient[0]) / determinant
        # A full Newton step may overshoot where classes are nearly apart; bounded steps still arrive.
        slope -= np.clip(step_slope, -2, 2)
        intercept -= np.clip(step_intercept, -2, 2)
    flat = slope <= 0
    slope, intercept = np.where(flat, 0.0, slope), np.where(flat, np.log(share / (1 - share)), intercept)
    return slope / spread, intercept - slope * mean / spread


def probabilities(scores: npt.NDArray[np.floating], slope: Floats, intercept: Floats) -> Floats:
    """The probability that the text of a product says each word, (products, words)."""
    return _sigmoid(scores.astype(np.float64) * slope + intercept)


@dataclass
class Reliability:
    """What was promised and what came true, gathered bin by bin over [0, 1]."""

    pairs: Floats
    """(BINS,): pairs of a product and a word with a probability in the bin."""
    promised: Floats
    """(BINS,): the sum of their probabilities."""
    true: Floats
    """(BINS,): in how many the text says the word."""

    @classmethod
    def empty(cls) -> "Reliability":
        """Before anything is counted."""
        return cls(np.zeros(BINS), np.zeros(BINS), np.zeros(BINS))

    def add(self, promised: Floats, says: Bools) -> None:
        """Count probabilities with their outcomes, of any shape, equal to each other's."""
        place = np.minimum((promised.ravel() * BINS).astype(np.int64), BINS - 1)
        self.pairs += np.bincount(place, minlength=BINS)
        self.promised += np.bincount(place, promised.ravel(), minlength=BINS)
        self.true += np.bincount(place, says.ravel(), minlength=BINS)

    def gap(self) -> float:
        """The mean distance of promise and truth, bins weighing as many pairs as they hold; 0 is perfect."""
        return float(np.abs(self.promised - self.true).sum() / max(self.pairs.sum(), 1.0))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -60, 60))), np.float64)
