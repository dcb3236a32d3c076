"""Per-word score thresholds: how calibrate chooses them, and how the other commands read them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weft import tables
from weft.contracts import files
from weft.contracts.arrays import Bools, Floats, Ints, Matrix
from weft.contracts.tagging import CALIBRATED_WORDS
from weft.errors import ModelError
from weft.tagging.platt_scaling import probabilities

TOO_FEW_PRODUCTS, NOT_PREDICTED = "too few val products say it", "photos do not predict it"
PRECISION_NOT_REACHED = "precision not reached"
REJECTED_BY_PEOPLE = "people rejected its tags"


@dataclass(frozen=True)
class CalibratedWords:
    """Words with their thresholds and probabilities; all arrays have the same length and order."""

    word_ids: Ints
    """(calibrated words,), ascending."""
    thresholds: Floats
    """The lowest score at which the word is predicted."""
    slope: Floats
    """The slope of the sigmoid that turns a score into a probability."""
    intercept: Floats
    """The intercept of the same sigmoid."""
    precision: Floats
    """The lower bound of the precision on val."""

    def probability(self, word: int, score: float) -> float | None:
        """Return the probability that a text has the word, given its score; None for a word without a threshold."""
        row = int(np.searchsorted(self.word_ids, word))
        if row == len(self.word_ids) or self.word_ids[row] != word:
            return None
        return float(probabilities(np.array([score]), self.slope[row], self.intercept[row])[0])


@dataclass(frozen=True)
class PrecisionBar:
    """The precision that a word must reach on val, with a confidence.

    The bound of a precision is the quantile of a beta distribution. With its prior of one product it is the interval of
    Jeffreys, which keeps its promise for few products better than others (Brown, Cai and DasGupta 2001), except that
    the prior is not one half: it is what the sigmoid of all words predicts for the products above the threshold. So
    three of three pass where scores like theirs are reliable for other words, and do not where they are not.
    """

    target: float
    """0 to 1."""
    confidence: float
    """0 to 1."""

    def lower_bound(self, true_positives: Matrix, predicted: Matrix, expected: Matrix) -> Floats:
        """Return the one-sided lower bounds of precisions.

        Args:
            true_positives: How many predicted products have the word in their text.
            predicted: The number of predicted products, at least 1.
            expected: The mean probability of the predicted products by the shared sigmoid, 0 to 1.
        """
        from scipy.special import betaincinv

        a, b = self._posterior(true_positives, predicted, expected)
        return np.asarray(betaincinv(a, b, 1 - self.confidence), np.float64)

    def passes(self, true_positives: Matrix, predicted: Matrix, expected: Matrix) -> Bools:
        """Return where the lower bound reaches the target; the arguments are those of `lower_bound`."""
        from scipy.special import betainc

        a, b = self._posterior(true_positives, predicted, expected)
        return np.asarray(betainc(a, b, self.target) <= 1 - self.confidence)

    def _posterior(self, true_positives: Matrix, predicted: Matrix, expected: Matrix) -> tuple[Floats, Floats]:
        expected = np.clip(expected, 1e-6, 1 - 1e-6)
        a = expected + true_positives
        b = 1 - expected + predicted - true_positives
        return np.asarray(a, np.float64), np.asarray(b, np.float64)


def lowest_threshold(scores: Matrix, in_text: Bools, expected: Matrix, bar: PrecisionBar) -> float | None:
    """Return the lowest threshold of one word at which its precision passes the bar.

    Args:
        scores: (products,): the scores of one word.
        in_text: (products,): whether the text of each product contains the word.
        expected: (products,): the probability by the shared sigmoid.
        bar: The bar.

    Returns:
        The midpoint between the last predicted score and the next lower one; the last predicted score itself where
        all products are predicted; None where no threshold passes.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    predicted = np.arange(1, len(ranked) + 1, dtype=np.float64)
    true_positives = np.cumsum(in_text[order], dtype=np.float64)
    mean_expected = np.cumsum(expected[order]) / predicted
    # Products with equal scores are predicted together or not at all.
    ends = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True)) if len(ranked) else np.empty(0, np.int64)
    passing = ends[bar.passes(true_positives[ends], predicted[ends], mean_expected[ends])]
    if not len(passing):
        return None
    last = int(passing[-1])
    following = ranked[last + 1] if last + 1 < len(ranked) else ranked[last]
    return float((ranked[last].astype(np.float64) + following) / 2)


def read_calibrated_words(folder: Path, model_digest: str, vocabulary_size: int) -> CalibratedWords:
    """Read the words that have a threshold.

    Args:
        folder: The output folder of calibrate.
        model_digest: The digest of the model that will use the thresholds.
        vocabulary_size: The number of words of that model.

    Raises:
        ContractError: words.parquet is missing or broken.
        ModelError: The thresholds belong to another model.
    """
    if read_calibration_settings(folder)["model"] != model_digest:
        raise ModelError(
            f"{folder}: the thresholds belong to another model than this one ({model_digest[:12]}...); "
            "run weft calibrate"
        )
    table = tables.read_table(folder / files.CALIBRATED_WORDS, CALIBRATED_WORDS)
    if table.num_rows != vocabulary_size:
        raise ModelError(
            f"{folder / files.CALIBRATED_WORDS}: expected {vocabulary_size} words as in the model, "
            f"got {table.num_rows}; run weft calibrate"
        )
    table = table.filter(pc.is_valid(table["threshold"]))
    columns = (_column(table, name) for name in ("threshold", "slope", "intercept", "precision_lower_bound"))
    return CalibratedWords(table["word_id"].to_numpy().astype(np.int64), *columns)


def read_calibration_settings(folder: Path) -> dict[str, Any]:
    """Read calibration.json: the digest of the model, the settings, and the totals on test.

    Raises:
        ModelError: The file is missing, or calibrate did not write it.
    """
    path = folder / files.CALIBRATION
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path}: cannot read the thresholds: {error}; run weft calibrate or dvc repro calibrate"
        ) from error
    if not isinstance(settings, dict) or not isinstance(settings.get("model"), str):
        raise ModelError(f"{path}: does not name a model; run weft calibrate again")
    penalty = settings.get("penalty")
    if not isinstance(penalty, float) or not 0 < penalty < float("inf"):
        raise ModelError(f"{path}: expected the penalty of the tag head, got {penalty}; run weft calibrate again")
    return settings


def _column(table: pa.Table, name: str) -> Floats:
    return np.asarray(table[name].to_numpy(zero_copy_only=False), np.float64)
