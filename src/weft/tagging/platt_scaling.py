"""Platt scaling of all words together, and the calibration curve that shows how reliable the probabilities are.

A word has few val products, so its own sigmoid is uncertain. All words therefore share one sigmoid, and the sigmoid of
a word departs from it as far as its own products show it (a Gaussian prior around the shared slope and intercept).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from weft.contracts.arrays import Bools, Floats, Matrix, Scores

N_BINS = 10
_MAX_ITERATIONS = 30
PRIOR_STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)
"""Candidates for the precision of the prior, for scores with a standard deviation of 1; cross-validation chooses."""
_N_FOLDS = 5


@dataclass(frozen=True)
class SharedSigmoid:
    """The sigmoid that all words share, and how strongly it holds the sigmoid of each word."""

    mean: float
    deviation: float
    """Scores are standardised with this mean and this standard deviation."""
    slope: float
    intercept: float
    """Of the standardised score."""
    prior_strength: float

    def probabilities(self, scores: Matrix) -> Floats:
        """Return the probability that the text of a product contains a word of which only the score is known."""
        return _sigmoid(self.slope * self.standardize(scores) + self.intercept)

    def standardize(self, scores: Matrix) -> Floats:
        """Return the scores in standard deviations from the mean."""
        return np.asarray((scores.astype(np.float64) - self.mean) / self.deviation, np.float64)


def fit_shared_sigmoid(scores: Scores, in_text: Bools) -> SharedSigmoid:
    """Fit one sigmoid to all words, and choose the strength of the prior by cross-validation over products.

    Args:
        scores: (products, words).
        in_text: (products, words): whether the text of the product contains the word.
    """
    if not scores.size:
        return SharedSigmoid(0.0, 1.0, 1.0, 0.0, PRIOR_STRENGTHS[-1])
    mean, deviation = float(scores.mean(dtype=np.float64)), max(float(scores.std(dtype=np.float64)), 1e-9)
    x = (scores.astype(np.float64) - mean) / deviation
    slope, intercept = _fit_common(x, in_text)
    # Products of one shop may follow each other, so folds take every fifth.
    fold = np.arange(len(x)) % _N_FOLDS
    folds = [(fold != number, fold == number) for number in range(min(_N_FOLDS, len(x)) if len(x) > 1 else 0)]
    common_of_fold = [_fit_common(x[train], in_text[train]) for train, _ in folds]

    def held_out_loss(strength: float) -> float:
        loss = 0.0
        for (train, held_out), common in zip(folds, common_of_fold, strict=True):
            word_slope, word_intercept = _fit_words(x[train], in_text[train], *common, strength)
            predicted = _sigmoid(word_slope * x[held_out] + word_intercept)
            loss -= float(np.log(np.where(in_text[held_out], predicted, 1 - predicted) + 1e-12).sum())
        return loss

    strength = min(PRIOR_STRENGTHS, key=lambda strength: (held_out_loss(strength), -strength))
    return SharedSigmoid(mean, deviation, slope, intercept, strength)


def fit_platt(scores: Scores, in_text: Bools, shared: SharedSigmoid) -> tuple[Floats, Floats]:
    """Fit one sigmoid per word, held to the shared one by its prior (Platt 1999 with a hierarchical prior).

    Args:
        scores: (products, words).
        in_text: (products, words): whether the text of the product contains the word.
        shared: The sigmoid of all words.

    Returns:
        Slope and intercept, (words,) each: the probability is 1 / (1 + exp(-(slope * score + intercept))). A slope is
        never negative: a word is not more probable the less its photos show it.
    """
    x = shared.standardize(scores)
    slope, intercept = _fit_words(x, in_text, shared.slope, shared.intercept, shared.prior_strength)
    return slope / shared.deviation, intercept - slope * shared.mean / shared.deviation


def _fit_common(x: Floats, in_text: Bools) -> tuple[float, float]:
    slope, intercept = _fit_words(x.reshape(-1, 1), in_text.reshape(-1, 1), 1.0, 0.0, 1e-3)
    return float(slope[0]), float(intercept[0])


def _fit_words(
    x: Floats, in_text: Bools, prior_slope: float, prior_intercept: float, strength: float
) -> tuple[Floats, Floats]:
    """Return slope and intercept of each column with the highest posterior probability, by Newton's method."""
    slope, intercept = np.full(x.shape[1], max(prior_slope, 0.0)), np.full(x.shape[1], prior_intercept)
    for _ in range(_MAX_ITERATIONS):
        p = _sigmoid(slope * x + intercept)
        error, weight = p - in_text, p * (1 - p)
        gradient_slope = (error * x).sum(axis=0) + strength * (slope - prior_slope)
        gradient_intercept = error.sum(axis=0) + strength * (intercept - prior_intercept)
        a, b, c = (weight * x * x).sum(axis=0) + strength, (weight * x).sum(axis=0), weight.sum(axis=0) + strength
        determinant = a * c - b * b
        # A slope that would become negative stays 0, and the intercept moves alone.
        is_flat = (slope <= 0) & (gradient_slope > 0)
        step_slope = np.where(is_flat, 0, (c * gradient_slope - b * gradient_intercept) / determinant)
        step_intercept = np.where(
            is_flat, gradient_intercept / c, (a * gradient_intercept - b * gradient_slope) / determinant
        )
        # A full Newton step can overshoot where the classes are almost separable; a bounded step still converges.
        step_slope, step_intercept = np.clip(step_slope, -2, 2), np.clip(step_intercept, -2, 2)
        slope, intercept = np.maximum(slope - step_slope, 0.0), intercept - step_intercept
        if max(np.abs(step_slope).max(initial=0.0), np.abs(step_intercept).max(initial=0.0)) < 1e-9:
            break
    return slope, intercept


def probabilities(scores: Matrix, slope: Floats | float, intercept: Floats | float) -> Floats:
    """Return the probability that the text of a product contains each word, (products, words)."""
    return _sigmoid(scores.astype(np.float64) * slope + intercept)


@dataclass
class CalibrationCurve:
    """Predicted probabilities and outcomes of (product, word) pairs, summed in N_BINS equal bins over [0, 1]."""

    counts: Floats
    """(N_BINS,): the number of pairs whose probability lies in the bin."""
    predicted: Floats
    """(N_BINS,): the sum of their probabilities."""
    positive: Floats
    """(N_BINS,): the number of pairs where the text contains the word."""

    @classmethod
    def empty(cls) -> "CalibrationCurve":
        """Return a curve without any pair."""
        return cls(np.zeros(N_BINS), np.zeros(N_BINS), np.zeros(N_BINS))

    def add(self, predicted: Floats, in_text: Bools) -> None:
        """Add probabilities and their outcomes; both arrays have the same shape."""
        bins = np.minimum((predicted.ravel() * N_BINS).astype(np.int64), N_BINS - 1)
        self.counts += np.bincount(bins, minlength=N_BINS)
        self.predicted += np.bincount(bins, predicted.ravel(), minlength=N_BINS)
        self.positive += np.bincount(bins, in_text.ravel(), minlength=N_BINS)

    def mean_predicted(self, number: int) -> float | None:
        """Return the mean probability of one bin; None where the bin is empty."""
        return float(self.predicted[number] / self.counts[number]) if self.counts[number] else None

    def fraction_positive(self, number: int) -> float | None:
        """Return the share of one bin's pairs whose text contains the word; None where the bin is empty."""
        return float(self.positive[number] / self.counts[number]) if self.counts[number] else None

    def rows(self, word_group: str) -> list[dict[str, Any]]:
        """Return the rows of calibration_curve.parquet."""
        return [
            {
                "word_group": word_group,
                "bin": number,
                "count": int(self.counts[number]),
                "mean_predicted": self.mean_predicted(number),
                "fraction_positive": self.fraction_positive(number),
            }
            for number in range(N_BINS)
        ]

    def expected_calibration_error(self) -> float:
        """Return the mean distance between probability and outcome, bins weighted by their pairs; 0 is perfect."""
        return float(np.abs(self.predicted - self.positive).sum() / max(self.counts.sum(), 1.0))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -60, 60))), np.float64)
