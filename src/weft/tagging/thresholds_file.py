"""What calibrate wrote, read for use: the words that may be told, of this very model."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weft import tables
from weft.contracts import files
from weft.contracts.tagging import CALIBRATED_WORDS
from weft.errors import ModelError
from weft.tagging.catalogue import Ints
from weft.tagging.thresholds import Floats


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
