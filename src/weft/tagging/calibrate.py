"""calibrate: choose a threshold for every word on val, measure it on test, and draw the map of the words."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from weft import params, tables
from weft.contracts import files
from weft.contracts.arrays import Bools, Ints, Scores
from weft.contracts.tagging import CALIBRATED_WORDS, CALIBRATION_CURVE, WORD_MAP
from weft.errors import InputError
from weft.tagging import platt_scaling, thresholds, word_map
from weft.tagging.platt_scaling import CalibrationCurve
from weft.tagging.tag_scores import EmbeddedCatalogue, WordHead, product_scores, read_embedded_catalogue, read_word_head
from weft.word_scores import log_partition, roc_auc

_CELLS_PER_BLOCK = 2_000_000
"""Products x words whose scores are in memory at the same time."""
WITH_PROBABILITY, WITH_THRESHOLD = "words with a probability", "words with a threshold"
TOO_FEW_PRODUCTS, PRECISION_NOT_REACHED = "too few val products say it", "precision not reached"


def calibrate(
    documents: Path, embeddings: Path, model: Path, settings: params.Calibrate, out: Path
) -> dict[str, float]:
    """Calibrate every word of a model and write the folder `out` atomically.

    Args:
        documents: The words of the products, documents.parquet.
        embeddings: The output folder of embed for the own catalogue. Val products choose the thresholds, test products
            only measure them.
        model: The model folder.
        settings: The precision that a word must reach, and on how much evidence.
        out: The output folder: words.parquet, calibration_curve.parquet, word_map.parquet and calibration.json.

    Returns:
        words and calibrated_words, and on test: precision, recall, share_of_products_tagged, tags_per_product and
        expected_calibration_error.

    Raises:
        ContractError: An input is missing or broken.
        InputError: No product is in val.
        ModelError: Another model made the embeddings.
    """
    head = read_word_head(model)
    catalogue = read_embedded_catalogue(documents, embeddings, head)
    val, test = (_Split(catalogue, head, name) for name in ("val", "test"))
    if not val.n_products:
        raise InputError(
            f"{embeddings}: expected products with words in val, which choose the thresholds, got none; "
            "raise prepare.val_share and run dvc repro"
        )
    rows, curves = _calibrate_words(head, val, test, settings)
    totals = _totals(rows, curves, test)
    with tables.atomic_write(out) as folder:
        folder.mkdir(parents=True)
        words = pa.Table.from_pylist(rows, schema=CALIBRATED_WORDS.schema)
        tables.write_table(folder / files.CALIBRATED_WORDS, words, CALIBRATED_WORDS)
        bins = pa.Table.from_pylist(_curve_rows(curves), schema=CALIBRATION_CURVE.schema)
        tables.write_table(folder / files.CALIBRATION_CURVE, bins, CALIBRATION_CURVE)
        tables.write_table(folder / files.WORD_MAP, _build_word_map(head, rows), WORD_MAP)
        summary = {
            "model": head.digest,
            "target_precision": settings.target_precision,
            "confidence": settings.confidence,
            "min_products": settings.min_products,
            "val_products": val.n_products,
            "test_products": test.n_products,
            "totals": {name: None if value is None else round(value, 6) for name, value in totals.items()},
        }
        (folder / files.CALIBRATION).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return {name: value for name, value in totals.items() if value is not None}


class _Split:
    """The products of one split: the words of their texts, and their scores for any words."""

    def __init__(self, catalogue: EmbeddedCatalogue, head: WordHead, split: str) -> None:
        products = np.flatnonzero(catalogue.splits == split)
        self.n_products = len(products)
        rows = np.array([row for product in products for row in catalogue.photo_rows(int(product))], np.int64)
        sizes = [len(catalogue.photo_rows(int(product))) for product in products]
        self._offsets: Ints = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if sizes else rows
        self._z, self._head = catalogue.z[rows], head
        self._text_terms = catalogue.text_terms[products].tocsc()
        self._log_partition = log_partition(self._z, np.arange(len(rows)), head.w, head.bias)
        self.n_tags = np.zeros(self.n_products, np.int64)
        """(products,): the number of words predicted for each product so far."""

    def document_frequency(self) -> Ints:
        """Return how many products contain each word, (words,)."""
        ends: Ints = np.asarray(self._text_terms.indptr, np.int64)
        return ends[1:] - ends[:-1]

    def scores(self, words: Ints) -> Scores:
        """Return the scores of the given words, (products, given words)."""
        w, bias = self._head.w[words], self._head.bias[words]
        return product_scores(self._z, w, bias, self._log_partition, self._offsets)

    def in_text(self, words: Ints) -> Bools:
        """Return which products contain the given words, (products, given words)."""
        return np.asarray(self._text_terms[:, words].toarray() > 0)


def _calibrate_words(
    head: WordHead, val: _Split, test: _Split, settings: params.Calibrate
) -> tuple[list[dict[str, Any]], dict[str, CalibrationCurve]]:
    """Return one row per word, and the calibration curves on test."""
    required = thresholds.min_true_positives(val.n_products, settings.target_precision, settings.confidence)
    val_products, test_products = val.document_frequency(), test.document_frequency()
    rows = [_new_row(head, word, val_products, test_products) for word in range(len(head.words))]
    frequent = np.flatnonzero(val_products >= settings.min_products)
    curves = {WITH_PROBABILITY: CalibrationCurve.empty(), WITH_THRESHOLD: CalibrationCurve.empty()}
    words_per_block = max(1, _CELLS_PER_BLOCK // max(val.n_products, test.n_products))
    for first in range(0, len(frequent), words_per_block):
        words = frequent[first : first + words_per_block]
        scores, in_text = val.scores(words), val.in_text(words)
        slope, intercept = platt_scaling.fit_platt(scores, in_text)
        test_scores, test_in_text = test.scores(words), test.in_text(words)
        predicted = platt_scaling.probabilities(test_scores, slope, intercept)
        curves[WITH_PROBABILITY].add(predicted, test_in_text)
        for column, word in enumerate(words):
            row = rows[int(word)]
            row |= {"slope": float(slope[column]), "intercept": float(intercept[column])}
            auc = roc_auc(scores[:, column], in_text[:, column])
            row["roc_auc"] = None if math.isnan(auc) else auc
            threshold = thresholds.lowest_threshold(scores[:, column], in_text[:, column], required)
            if threshold is None:
                row["reject_reason"] = PRECISION_NOT_REACHED
                continue
            row |= {"threshold": threshold, "reject_reason": ""}
            above, test_above = scores[:, column] >= threshold, test_scores[:, column] >= threshold
            row |= _count("val", above, in_text[:, column]) | _count("test", test_above, test_in_text[:, column])
            row["precision_lower_bound"] = thresholds.clopper_pearson_lower(
                row["val_true_positives"], row["val_predicted"], settings.confidence
            )
            test.n_tags += test_above
            curves[WITH_THRESHOLD].add(predicted[:, column], test_in_text[:, column])
    return rows, curves


def _count(split: str, predicted: Bools, in_text: Bools) -> dict[str, int]:
    return {f"{split}_predicted": int(predicted.sum()), f"{split}_true_positives": int((predicted & in_text).sum())}


def _new_row(head: WordHead, word: int, val_products: Ints, test_products: Ints) -> dict[str, Any]:
    """Return the row of a word that is not calibrated."""
    return {
        "word_id": word,
        "word": head.words[word],
        "document_frequency": int(head.document_frequency[word]),
        "val_products": int(val_products[word]),
        "test_products": int(test_products[word]),
        "reject_reason": TOO_FEW_PRODUCTS,
        **dict.fromkeys(("threshold", "precision_lower_bound", "slope", "intercept", "roc_auc")),
        **dict.fromkeys(("val_predicted", "val_true_positives", "test_predicted", "test_true_positives"), 0),
    }


def _totals(rows: list[dict[str, Any]], curves: dict[str, CalibrationCurve], test: _Split) -> dict[str, float | None]:
    """Return the totals over all calibrated words; a ratio with the denominator 0 is None."""
    calibrated = [row for row in rows if row["threshold"] is not None]
    predicted, true_positives, positives = (
        sum(row[name] for row in calibrated) for name in ("test_predicted", "test_true_positives", "test_products")
    )
    totals: dict[str, float | None] = {"words": float(len(rows)), "calibrated_words": float(len(calibrated))}
    totals["precision"] = true_positives / predicted if predicted else None
    totals["recall"] = true_positives / positives if positives else None
    totals |= dict.fromkeys(("share_of_products_tagged", "tags_per_product", "expected_calibration_error"))
    if test.n_products:
        totals["share_of_products_tagged"] = float((test.n_tags > 0).mean())
        totals["tags_per_product"] = float(test.n_tags.mean())
        totals["expected_calibration_error"] = curves[WITH_PROBABILITY].expected_calibration_error()
    return totals


def _curve_rows(curves: dict[str, CalibrationCurve]) -> list[dict[str, Any]]:
    return [
        {
            "word_group": name,
            "bin": number,
            "count": int(curve.counts[number]),
            "mean_predicted": curve.mean_predicted(number),
            "fraction_positive": curve.fraction_positive(number),
        }
        for name, curve in curves.items()
        for number in range(platt_scaling.N_BINS)
    ]


def _build_word_map(head: WordHead, rows: list[dict[str, Any]]) -> pa.Table:
    """Return the map of the words that photos predict best; frequent words are preferred."""
    ranked = [row for row in rows if row["roc_auc"] is not None]
    # The AUC above chance, weighted by the log of the word's frequency.
    ranked.sort(key=lambda row: (-(row["roc_auc"] - 0.5) * np.log1p(row["document_frequency"]), row["word_id"]))
    word_ids = np.array(sorted(row["word_id"] for row in ranked[: word_map.MAX_WORDS]), np.int64)
    points = word_map.project_words(head.w[word_ids])
    nearest, similarity = word_map.nearest_words(head.w, word_ids) if len(word_ids) else (word_ids, points)
    return pa.Table.from_pylist(
        [
            {
                "word_id": int(word),
                "word": head.words[word],
                "x": float(points[n, 0]),
                "y": float(points[n, 1]),
                "roc_auc": rows[int(word)]["roc_auc"],
                "nearest": [head.words[other] for other in nearest[n]],
                "similarities": [float(value) for value in similarity[n]],
            }
            for n, word in enumerate(word_ids)
        ],
        schema=WORD_MAP.schema,
    )
