"""What calibrate found: words that may be told, how right they are on test, how far probabilities can be relied on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft.contracts import files
from weft.contracts.tagging import CALIBRATED_WORDS, RELIABILITY
from weft.errors import ContractError
from weft.report.reading import read_json, read_rows
from weft.report.wording import percent


@dataclass(frozen=True)
class Threshold:
    """One word that may be told."""

    word: str
    threshold: float
    precision_at_least: str
    val: str
    """Right of tagged products of val."""
    test: str
    precision: str
    """On test, in percent; "-" where no product was tagged."""
    coverage: str
    """Share of the test products whose text says the word that are tagged with it."""


@dataclass(frozen=True)
class Thresholds:
    """All that the page says of tags fit for use."""

    precision: float
    confidence: float
    min_products: int
    val_products: int
    test_products: int
    totals: dict[str, float]
    told: tuple[Threshold, ...]
    not_told: dict[str, int]
    """Reason to how many words."""
    reliability: tuple[tuple[str, tuple[dict[str, Any], ...]], ...]
    """(Words looked at, its bins)."""


def read_calibrated(folder: Path) -> list[dict[str, Any]]:
    """Every word as calibrate judged it.

    Raises:
        ContractError: The file is missing or broken.
    """
    return read_rows(folder / files.CALIBRATED_WORDS, CALIBRATED_WORDS, "calibrate")


def read_thresholds(folder: Path, rows: list[dict[str, Any]]) -> Thresholds:
    """The thresholds for people: the words most often told on test first.

    Raises:
        ContractError: A file is missing or broken.
    """
    path = folder / files.CALIBRATION
    settings = read_json(path, "calibrate")
    told = [row for row in rows if row["threshold"] is not None]
    told.sort(key=lambda row: (-row["test_tagged"], row["word_id"]))
    reasons = [row["why_not"] for row in rows if row["threshold"] is None]
    bins: dict[str, list[dict[str, Any]]] = {}
    for row in read_rows(folder / files.RELIABILITY, RELIABILITY, "calibrate"):
        bins.setdefault(row["words"], []).append(row)
    try:
        return Thresholds(
            float(settings["precision"]),
            float(settings["confidence"]),
            int(settings["min_products"]),
            int(settings["val_products"]),
            int(settings["test_products"]),
            {str(name): float(value) for name, value in settings["totals"].items()},
            tuple(_threshold(row) for row in told),
            {reason: reasons.count(reason) for reason in sorted(set(reasons))},
            tuple((words, tuple(of)) for words, of in bins.items()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ContractError(f"{path}: not what calibrate writes: {error}; run dvc repro calibrate") from error


def _threshold(row: dict[str, Any]) -> Threshold:
    tagged, right, sayable = row["test_tagged"], row["test_right"], row["test_products"]
    return Threshold(
        row["word"],
        row["threshold"],
        percent(row["precision_at_least"]),
        f"{row['val_right']:,} of {row['val_tagged']:,}",
        f"{right:,} of {tagged:,}",
        percent(right / tagged if tagged else None),
        percent(right / sayable if sayable else None),
    )
