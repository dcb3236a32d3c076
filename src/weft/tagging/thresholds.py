"""The lowest threshold at which a word is right often enough, by an honest bound on what was counted.

What calibrate wrote, read for use: the words that may be told, of this very model.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weft import tables
from weft.contracts import files
from weft.contracts.tagging import CALIBRATED_WORDS
from weft.errors import ModelError
from weft.tagging.tag_scores import Ints

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


@dataclass(frozen=True)
class Told:
    """The words that have a threshold; entry n of one is entry n of the others."""

    word_ids: Ints
    """(told words,), ascending."""
    thresholds: Floats
    """The score from which a word is told."""
    slope: Floats
    intercept: Floats
    """Of the sigmoid that makes a score a probability."""
    precision: Floats
    """The lower bound of the precision found on val."""


def read_told(folder: Path, digest: str, words: int) -> Told:
    """Read the thresholds in `folder`.

    Args:
        folder: The out of calibrate.
        digest: Of the model that is going to use them.
        words: How many words that model has.

    Raises:
        ContractError: words.parquet is missing or broken.
        ModelError: The thresholds are of another model.
    """
    if read_settings(folder)["model"] != digest:
        raise ModelError(f"{folder}: thresholds of another model than this one ({digest[:12]}...); run weft calibrate")
    table = tables.read_table(folder / files.CALIBRATED_WORDS, CALIBRATED_WORDS)
    if table.num_rows != words:
        raise ModelError(
            f"{folder / files.CALIBRATED_WORDS}: {table.num_rows} words, the model has {words}; run weft calibrate"
        )
    table = table.filter(pc.is_valid(table["threshold"]))
    columns = (_column(table, name) for name in ("threshold", "slope", "intercept", "precision_at_least"))
    return Told(table["word_id"].to_numpy().astype(np.int64), *columns)


def read_settings(folder: Path) -> dict[str, Any]:
    """calibration.json: the model's digest, the settings, totals on test.

    Raises:
        ModelError: It is missing, or not what calibrate writes.
    """
    path = folder / files.CALIBRATION
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path}: no thresholds to read: {error}; run weft calibrate or dvc repro calibrate"
        ) from error
    if not isinstance(settings, dict) or not isinstance(settings.get("model"), str):
        raise ModelError(f"{path}: names no model; run weft calibrate again")
    return settings


def _column(table: pa.Table, name: str) -> Floats:
    return np.asarray(table[name].to_numpy(zero_copy_only=False), np.float64)
