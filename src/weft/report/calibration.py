"""The results of calibrate for the page: calibrated words, the calibration curve and the map of the words."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from weft.contracts import files
from weft.contracts.tagging import (
    CALIBRATED_WORDS,
    CALIBRATION_CURVE,
    JUDGED_TAGS,
    WITH_PROBABILITY,
    WITH_THRESHOLD,
    WORD_MAP,
)
from weft.errors import ContractError
from weft.report.charts import SERIES, inline_svg
from weft.report.glossary import percent
from weft.report.number_forms import are_number_forms, drop_plurals
from weft.report.readers import read_json, read_rows
from weft.word_scores import roc_auc_variance

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAP_WIDTH, MAP_HEIGHT = 1000, 640
"""The natural size of the map in pixels; a narrow screen scrolls it."""
_MAP_MARGIN = 0.04
_LETTER_WIDTH, _LINE_HEIGHT = 6.6, 15.0
"""Pixels; a Chinese, Japanese or Korean character is twice as wide."""
MIN_MAP_AUC = 0.8
"""A word is on the map if its ROC AUC on val, less one standard error, reaches this: photos do show the word."""
MIN_MAP_WORDS = 5
"""With fewer words there is no map: their places would say nothing."""
MIN_CURVE_WORDS = 10
"""With fewer words a calibration curve is not drawn: it would show the chance of single products."""


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
    people_counts: str
    """Tags that people accepted, of those that they judged: "19 of 20"; "-" without verdicts."""


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
    curve_words: dict[str, int]
    """Word group to the number of its words."""
    people_precision: float | None
    """The share of all judged tags that people accepted; None without verdicts."""

    def shown_curves(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Return ("words with a threshold (46 words)", bins with pairs) of each group of at least MIN_CURVE_WORDS."""
        return [
            (f"{group} ({self.curve_words[group]:,} words)", [row for row in bins if row["count"]])
            for group, bins in self.curves
            if self.curve_words.get(group, 0) >= MIN_CURVE_WORDS
        ]


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
    judged = _read_judged_tags(folder / files.JUDGED_TAGS)
    total = sum(row["judged"] for row in judged.values())
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
            tuple(_format_word(row, judged.get(row["word_id"])) for row in calibrated),
            {reason: reasons.count(reason) for reason in sorted(set(reasons))},
            tuple((group, tuple(bins)) for group, bins in curves.items()),
            {
                WITH_PROBABILITY: sum(row["slope"] is not None for row in rows),
                WITH_THRESHOLD: len(calibrated),
            },
            sum(row["accepted"] for row in judged.values()) / total if total else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ContractError(f"{path}: not a file of calibrate: {error}; run dvc repro calibrate") from error


def _read_judged_tags(path: Path) -> dict[int, dict[str, Any]]:
    """Return the rows of judged_tags.parquet by word_id; calibrate writes no such file without verdicts."""
    return {row["word_id"]: row for row in read_rows(path, JUDGED_TAGS, "calibrate")} if path.exists() else {}


def _format_word(row: dict[str, Any], judged: dict[str, Any] | None) -> CalibratedWord:
    true_positives, predicted, positives = row["test_true_positives"], row["test_predicted"], row["test_products"]
    return CalibratedWord(
        row["word"],
        row["threshold"],
        percent(row["precision_lower_bound"]),
        f"{row['val_true_positives']:,} of {row['val_predicted']:,}",
        f"{true_positives:,} of {predicted:,}",
        percent(true_positives / predicted if predicted else None),
        percent(true_positives / positives if positives else None),
        "-" if judged is None else f"{judged['accepted']:,} of {judged['judged']:,}",
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
    """Read word_map.parquet and place the labels; only words that photos can show are kept, and no plurals.

    Raises:
        ContractError: The file is missing or broken.
    """
    rows = _choose_map_words(folder)
    positions = [(_add_margin(row["x"]), _add_margin(1 - row["y"])) for row in rows]
    points = [
        MapPoint(row["word"], round(100 * x, 2), round(100 * y, 2), has_label, _format_nearest(row))
        for row, (x, y), has_label in zip(rows, positions, _choose_labels(rows, positions), strict=True)
    ]
    return WordMap(tuple(sorted(points, key=lambda point: point.word)), _draw_dots(positions))


def _choose_map_words(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of the words to show; none where they are fewer than MIN_MAP_WORDS."""
    rows = read_rows(folder / files.WORD_MAP, WORD_MAP, "calibrate")
    words = read_rows(folder / files.CALIBRATED_WORDS, CALIBRATED_WORDS, "calibrate")
    n_products = read_json(folder / files.CALIBRATION, "calibrate").get("val_products", 0)
    products_with_word = {row["word_id"]: row["val_products"] for row in words}
    visible = [
        row
        for row in rows
        if row["roc_auc"] - _auc_standard_error(row["roc_auc"], products_with_word.get(row["word_id"], 0), n_products)
        >= MIN_MAP_AUC
    ]
    kept = set(drop_plurals(row["word"] for row in visible))
    shown = [row for row in visible if row["word"] in kept]
    return shown if len(shown) >= MIN_MAP_WORDS else []


def _auc_standard_error(auc: float, n_positives: int, n_all: int) -> float:
    """Return the standard error of a ROC AUC; infinite where one class is empty."""
    n_negatives = n_all - n_positives
    if n_positives <= 0 or n_negatives <= 0:
        return math.inf
    variance = roc_auc_variance(auc, np.array([n_positives]), np.array([n_negatives]))
    return math.sqrt(max(float(variance[0]), 0.0))


def _add_margin(share: float) -> float:
    return _MAP_MARGIN + (1 - 2 * _MAP_MARGIN) * min(max(share, 0.0), 1.0)


def _format_nearest(row: Mapping[str, Any]) -> str:
    kept = set(drop_plurals(row["nearest"]))
    pairs = zip(row["nearest"], row["similarities"], strict=False)
    return ", ".join(
        f"{word} {similarity:.2f}"
        for word, similarity in pairs
        if word in kept and not are_number_forms(word, row["word"])
    )


def _choose_labels(rows: Sequence[dict[str, Any]], positions: Sequence[tuple[float, float]]) -> list[bool]:
    """Return which words can be written without overlap; words with a higher ROC AUC are placed first."""
    order = sorted(range(len(rows)), key=lambda n: (-rows[n]["roc_auc"], n))
    boxes: list[tuple[float, float, float, float]] = []
    has_label = [False] * len(rows)
    for n in order:
        x, y = positions[n][0] * MAP_WIDTH, positions[n][1] * MAP_HEIGHT
        half_width = _text_width(rows[n]["word"]) / 2
        box = (x - half_width, y, x + half_width, y + _LINE_HEIGHT)
        if not any(a < box[2] and box[0] < c and b < box[3] and box[1] < d for a, b, c, d in boxes):
            boxes.append(box)
            has_label[n] = True
    return has_label


def _text_width(text: str) -> float:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return _LETTER_WIDTH * (len(text) + wide)


def _draw_dots(positions: Sequence[tuple[float, float]]) -> str:
    def draw(axes: "Axes") -> None:
        if positions:
            axes.scatter([x for x, _ in positions], [y for _, y in positions], s=12, color=SERIES[1], linewidths=0)
        axes.set_xlim(0, 1)
        axes.set_ylim(1, 0)

    label = "Map of the words; the list below has the nearest words of each word"
    return inline_svg(draw, "word-map", label, (MAP_WIDTH / 100, MAP_HEIGHT / 100), bare=True)
