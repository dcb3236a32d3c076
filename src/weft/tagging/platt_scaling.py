"""Platt scaling of all words at once, and the calibration curve that shows how reliable the probabilities are."""

from dataclasses import dataclass

import numpy as np

from weft.contracts.arrays import Bools, Floats, Matrix, Scores

N_BINS = 10
_MAX_ITERATIONS = 50


def fit_platt(scores: Scores, in_text: Bools) -> tuple[Floats, Floats]:
    """Fit one sigmoid per word with Newton's method on Platt's smoothed targets.

    Platt 1999, "Probabilistic outputs for support vector machines", section 2.2: a product with the word has the
    target (n + 1) / (n + 2) and one without it 1 / (m + 2), so that a few products never give certainty. A negative
    slope, which would make a word more probable the less its photos show it, is set to 0.

    Args:
        scores: (products, words).
        in_text: (products, words): whether the text of the product contains the word.

    Returns:
        Slope and intercept, (words,) each: the probability is 1 / (1 + exp(-(slope * score + intercept))).
    """
    if not scores.shape[1]:
        return np.empty(0), np.empty(0)
    positives = in_text.sum(axis=0).astype(np.float64)
    target = np.where(in_text, (positives + 1) / (positives + 2), 1 / (len(in_text) - positives + 2))
    x = scores.astype(np.float64)
    mean, deviation = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    x = (x - mean) / deviation
    share = np.clip(target.mean(axis=0), 1e-9, 1 - 1e-9)
    slope, intercept = np.zeros(x.shape[1]), np.log(share / (1 - share))
    for _ in range(_MAX_ITERATIONS):
        p = _sigmoid(slope * x + intercept)
        error, weight = p - target, np.maximum(p * (1 - p), 1e-12)
        gradient = np.stack([(error * x).sum(axis=0), error.sum(axis=0)])
        a, b, c = (weight * x * x).sum(axis=0) + 1e-9, (weight * x).sum(axis=0), weight.sum(axis=0)
        determinant = np.maximum(a * c - b * b, 1e-12)
        step_slope = (c * gradient[0] - b * gradient[1]) / determinant
        step_intercept = (a * gradient[1] - b * gradient[0]) / determinant
        # A full Newton step can overshoot where the classes are almost separable; a bounded step still converges.
        slope -= np.clip(step_slope, -2, 2)
        intercept -= np.clip(step_intercept, -2, 2)
    is_flat = slope <= 0
    slope, intercept = np.where(is_flat, 0.0, slope), np.where(is_flat, np.log(share / (1 - share)), intercept)
    return slope / deviation, intercept - slope * mean / deviation


def probabilities(scores: Matrix, slope: Floats, intercept: Floats) -> Floats:
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

    def expected_calibration_error(self) -> float:
        """Return the mean distance between probability and outcome, bins weighted by their pairs; 0 is perfect."""
        return float(np.abs(self.predicted - self.positive).sum() / max(self.counts.sum(), 1.0))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -60, 60))), np.float64)
