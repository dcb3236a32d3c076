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


@dataclass(frozen=True)
class CalibratedWords:
    """The words that have a threshold; all arrays have the same length and order."""

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


def min_true_positives(products: int, precision: float, confidence: float) -> Ints:
    """Return how many of n predicted products must be true positives, for every n up to `products`.

    The number is the smallest for which the one-sided lower bound of Clopper and Pearson (1934) at `confidence`
    reaches `precision`: if the true precision were lower, so many true positives would occur with a probability of at
    most 1 - confidence. With precision 0.8 and confidence 0.9 the smallest n that can pass is 11, all of them true.

    Returns:
        (products + 1,): entry n is the required number, or n + 1 where even n true positives of n are too few.
    """
    from scipy.stats import binom

    n = np.arange(products + 1)
    # isf returns the smallest k with P(X > k) <= 1 - confidence; the required number is k + 1. Comparing counts
    # instead of the bound itself avoids rounding errors at the bound.
    return np.asarray(np.where(n > 0, binom.isf(1 - confidence, n, precision) + 1, 1), np.int64)


def clopper_pearson_lower(true_positives: int, predicted: int, confidence: float) -> float:
    """Return the one-sided lower bound of a precision by Clopper and Pearson (1934), in 0..1."""
    from scipy.stats import beta

    return float(beta.ppf(1 - confidence, true_positives, predicted - true_positives + 1)) if true_positives else 0.0


def lowest_threshold(scores: Matrix, in_text: Bools, required: Ints) -> float | None:
    """Return the lowest threshold of one word at which enough of the predicted products are true positives.

    Args:
        scores: (products,): the scores of one word.
        in_text: (products,): whether the text of each product contains the word.
        required: The result of `min_true_positives` for at least that many products.

    Returns:
        The midpoint between the last predicted score and the next lower one; the last predicted score itself where
        all products are predicted; None where no threshold passes.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, true_positives = scores[order], np.cumsum(in_text[order])
    # Products with equal scores are predicted together or not at all.
    ends = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True)) if len(ranked) else np.empty(0, np.int64)
    passing = ends[true_positives[ends] >= required[ends + 1]]
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
    return settings


def _column(table: pa.Table, name: str) -> Floats:
    return np.asarray(table[name].to_numpy(zero_copy_only=False), np.float64)
