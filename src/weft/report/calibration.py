"""The results of calibrate for the page: calibrated words, the calibration curve and the map of the words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft.contracts import files
from weft.contracts.tagging import CALIBRATED_WORDS, CALIBRATION_CURVE, WORD_MAP
from weft.errors import ContractError
from weft.report.charts import SERIES, inline_svg
from weft.report.glossary import percent
from weft.report.readers import read_json, read_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAP_WIDTH, MAP_HEIGHT = 1000, 640
"""The natural size of the map in pixels; a narrow screen scrolls it."""
_MAP_MARGIN = 0.04
_LETTER_WIDTH, _LINE_HEIGHT = 6.6, 15.0
"""Pixels."""


@dataclass(frozen=True)
class CalibratedWord:
    """One word that has a threshold; shares are formatted in percent."""

    word: str
    threshold: float
    precision_lower_bound: str
    """On val."""
    val_counts: str
    """True positives of the predicted val products: "14 of 15"."""
    test_counts: str
    """The same on test."""
    precision: str
    """On test; "-" where no product was predicted."""
    recall: str
    """On test; "-" where no product has the word."""


@dataclass(frozen=True)
class Calibration:
    """The settings and results of calibrate."""

    target_precision: float
    confidence: float
    min_products: int
    val_products: int
    test_products: int
    totals: dict[str, float | None]
    """Measured on test over all calibrated words; None for a ratio with the denominator 0."""
    calibrated: tuple[CalibratedWord, ...]
    reject_reasons: dict[str, int]
    """Reason to the number of words without a threshold."""
    curves: tuple[tuple[str, tuple[dict[str, Any], ...]], ...]
    """(Word group, bins of its calibration curve)."""


def read_calibration(folder: Path) -> Calibration:
    """Read the output of calibrate; the words that are predicted most often on test come first.

    Raises:
        ContractError: A file is missing or broken.
    """
    path = folder / files.CALIBRATION
    settings = read_json(path, "calibrate")
    rows = read_rows(folder / files.CALIBRATED_WORDS, CALIBRATED_WORDS, "calibrate")
    calibrated = [row for row in rows if row["threshold"] is not None]
    calibrated.sort(key=lambda row: (-row["test_predicted"], row["word_id"]))
    reasons = [row["reject_reason"] for row in rows if row["threshold"] is None]
    curves: dict[str, list[dict[str, Any]]] = {}
    for row in read_rows(folder / files.CALIBRATION_CURVE, CALIBRATION_CURVE, "calibrate"):
        curves.setdefault(row["word_group"], []).append(row)
    try:
        return Calibration(
            float(settings["target_precision"]),
            float(settings["confidence"]),
            int(settings["min_products"]),
            int(settings["val_products"]),
            int(settings["test_products"]),
            {str(name): None if value is None else float(value) for name, value in settings["totals"].items()},
            tuple(_format_word(row) for row in calibrated),
            {reason: reasons.count(reason) for reason in sorted(set(reasons))},
            tuple((group, tuple(bins)) for group, bins in curves.items()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ContractError(f"{path}: not a file of calibrate: {error}; run dvc repro calibrate") from error


def _format_word(row: dict[str, Any]) -> CalibratedWord:
    true_positives, predicted, positives = row["test_true_positives"], row["test_predicted"], row["test_products"]
    return CalibratedWord(
        row["word"],
        row["threshold"],
        percent(row["precision_lower_bound"]),
        f"{row['val_true_positives']:,} of {row['val_predicted']:,}",
        f"{true_positives:,} of {predicted:,}",
        percent(true_positives / predicted if predicted else None),
        percent(true_positives / positives if positives else None),
    )


@dataclass(frozen=True)
class MapPoint:
    """One word on the map."""

    word: str
    left: float
    top: float
    """Percent of the map's width and height."""
    has_label: bool
    """Whether there is space for the word; else the page shows only a dot until the reader points at it."""
    nearest: str
    """The words with the most similar embeddings and their cosine similarities: "denim 0.81, jeans 0.77"."""


@dataclass(frozen=True)
class WordMap:
    """The map of the words."""

    points: tuple[MapPoint, ...]
    """In alphabetical order, which is the order of the tab key."""
    picture: str
    """An <svg> element with the dots."""


def read_word_map(folder: Path) -> WordMap:
    """Read word_map.parquet and place the labels.

    Raises:
        ContractError: The file is missing or broken.
    """
    rows = read_rows(folder / files.WORD_MAP, WORD_MAP, "calibrate")
    positions = [(_add_margin(row["x"]), _add_margin(1 - row["y"])) for row in rows]
    points = [
        MapPoint(row["word"], round(100 * x, 2), round(100 * y, 2), has_label, _format_nearest(row))
        for row, (x, y), has_label in zip(rows, positions, _choose_labels(rows, positions), strict=True)
    ]
    return WordMap(tuple(sorted(points, key=lambda point: point.word)), _draw_dots(positions))


def _add_margin(share: float) -> float:
    return _MAP_MARGIN + (1 - 2 * _MAP_MARGIN) * min(max(share, 0.0), 1.0)


def _format_nearest(row: dict[str, Any]) -> str:
    pairs = zip(row["nearest"], row["similarities"], strict=False)
    return ", ".join(f"{word} {similarity:.2f}" for word, similarity in pairs)


def _choose_labels(rows: Sequence[dict[str, Any]], positions: Sequence[tuple[float, float]]) -> list[bool]:
    """Return which words can be written without overlap; words with a higher ROC AUC are placed first."""
    order = sorted(range(len(rows)), key=lambda n: (-rows[n]["roc_auc"], n))
    boxes: list[tuple[float, float, float, float]] = []
    has_label = [False] * len(rows)
    for n in order:
        x, y = positions[n][0] * MAP_WIDTH, positions[n][1] * MAP_HEIGHT
        half_width = _LETTER_WIDTH * len(rows[n]["word"]) / 2
        box = (x - half_width, y, x + half_width, y + _LINE_HEIGHT)
        if not any(a < box[2] and box[0] < c and b < box[3] and box[1] < d for a, b, c, d in boxes):
            boxes.append(box)
            has_label[n] = True
    return has_label


def _draw_dots(positions: Sequence[tuple[float, float]]) -> str:
    def draw(axes: "Axes") -> None:
        if positions:
            axes.scatter([x for x, _ in positions], [y for _, y in positions], s=12, color=SERIES[1], linewidths=0)
        axes.set_xlim(0, 1)
        axes.set_ylim(1, 0)

    label = "Map of the words; the list below has the nearest words of each word"
    return inline_svg(draw, "word-map", label, (MAP_WIDTH / 100, MAP_HEIGHT / 100), bare=True)
