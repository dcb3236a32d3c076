"""calibrate: fit the tag head, choose a threshold for every word on val, measure it on test, and map the words."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from weft import params, tables
from weft.contracts import files
from weft.contracts.arrays import Bools, Ints, Matrix
from weft.contracts.tagging import CALIBRATED_WORDS, CALIBRATION_CURVE, WITH_PROBABILITY, WITH_THRESHOLD, WORD_MAP
from weft.errors import InputError
from weft.tagging import platt_scaling, tag_head, thresholds, word_map
from weft.tagging.judged_tags import JudgedTags
from weft.tagging.platt_scaling import CalibrationCurve, SharedSigmoid
from weft.tagging.tag_head import TagHead
from weft.tagging.tag_scores import EmbeddedCatalogue, WordHead, read_embedded_catalogue, read_word_head
from weft.tagging.thresholds import NOT_PREDICTED, PRECISION_NOT_REACHED, TOO_FEW_PRODUCTS, PrecisionBar
from weft.tagging.verdicts import NO_VERDICTS, Verdicts
from weft.word_scores import roc_auc

_PHOTOS_PER_CHUNK = 512
_CELLS_PER_BLOCK = 2_000_000
"""Products x words whose scores are in memory at the same time."""
_CELLS_OF_SHARED_SIGMOID = 500_000
"""Products x words on which the sigmoid of all words is fitted: its two numbers need no more."""
MIN_ROC_AUC = 0.75
"""A word is a tag only if photos predict it as a whole: the area under its ROC curve on val. Without this rule "women"
is a tag of dresses where photos show no person, and words of delivery terms are by chance: every threshold is one more
chance to reach the bar."""


def calibrate(
    documents: Path,
    embeddings: Path,
    model: Path,
    settings: params.Calibrate,
    out: Path,
    verdicts: Verdicts = NO_VERDICTS,
) -> dict[str, float]:
    """Calibrate every word of a model and write the folder `out` atomically.

    Args:
        documents: The words of the products, documents.parquet.
        embeddings: The output folder of embed for the own catalogue. Train products fit the tag head, val products
            choose its penalty and the thresholds, test products only measure them.
        model: The model folder.
        settings: The precision that a word must reach, and on how much evidence.
        out: The output folder; DATA_FORMAT.md describes its files.
        verdicts: Of people: a word loses its threshold if they prove its precision to be below the target.

    Returns:
        words and calibrated_words, and on test: precision, photo_precision, recall, share_of_products_tagged,
        tags_per_product, expected_calibration_error and precision_at_5.

    Raises:
        ContractError: An input is missing or broken.
        InputError: No product is in train or in val.
        ModelError: Another model made the embeddings.
    """
    head = read_word_head(model)
    catalogue = read_embedded_catalogue(documents, embeddings, head)
    val, test = (_Split(catalogue, name) for name in ("val", "test"))
    _check_splits(embeddings, catalogue)
    frequent = np.flatnonzero(val.document_frequency() >= settings.min_products)
    tags, penalty = _fit_tag_head(catalogue, frequent, val)
    shared = _fit_shared_sigmoid(tags, val)
    bar = PrecisionBar(settings.target_precision, settings.confidence)
    judged = JudgedTags(catalogue, head.words, verdicts, bar)
    rows, curves = _calibrate_words(head, tags, val, test, shared, judged)
    totals = _totals(rows, curves, test) | _measure_photos(catalogue, tags, rows)
    with tables.atomic_write(out) as folder:
        folder.mkdir(parents=True)
        words = pa.Table.from_pylist(rows, schema=CALIBRATED_WORDS.schema)
        tables.write_table(folder / files.CALIBRATED_WORDS, words, CALIBRATED_WORDS)
        tag_head.write_tag_head(folder, tags)
        judged.write(folder)
        tables.write_table(folder / files.CALIBRATION_CURVE, _curve_table(curves), CALIBRATION_CURVE)
        tables.write_table(folder / files.WORD_MAP, _build_word_map(head, rows), WORD_MAP)
        summary = {
            "model": head.digest,
            "target_precision": settings.target_precision,
            "confidence": settings.confidence,
            "min_products": settings.min_products,
            "penalty": penalty,
            "prior_strength": shared.prior_strength,
            "val_products": val.n_products,
            "test_products": test.n_products,
            "totals": {name: None if value is None else round(value, 6) for name, value in totals.items()},
        }
        (folder / files.CALIBRATION).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return {name: value for name, value in totals.items() if value is not None}


class _Split:
    """The products of one split: the words of their texts, and the mean embedding of their photos."""

    def __init__(self, catalogue: EmbeddedCatalogue, split: str) -> None:
        products = np.flatnonzero(catalogue.splits == split)
        self.n_products = len(products)
        # The mean of the scores of a product's photos is the score of their mean embedding, because scores are linear.
        self.z = np.zeros((len(products), catalogue.z.shape[1]), np.float32)
        for row, product in enumerate(products):
            self.z[row] = catalogue.mean_embedding(int(product))
        self._text_terms = catalogue.text_terms[products].tocsc()
        self.n_tags = np.zeros(self.n_products, np.int64)
        """(products,): the number of words predicted for each product so far."""

    def document_frequency(self) -> Ints:
        """Return how many products contain each word, (words,)."""
        ends: Ints = np.asarray(self._text_terms.indptr, np.int64)
        return ends[1:] - ends[:-1]

    def in_text(self, words: Ints) -> Bools:
        """Return which products contain the given words, (products, given words)."""
        return np.asarray(self._text_terms[:, words].toarray() > 0)


def _check_splits(embeddings: Path, catalogue: EmbeddedCatalogue) -> None:
    for split, purpose, remedy in (
        ("val", "choose the thresholds", "raise prepare.val_share"),
        ("train", "fit the tag head", "lower prepare.val_share and prepare.test_share"),
    ):
        if not (catalogue.splits == split).any():
            raise InputError(
                f"{embeddings}: expected products with words in {split}, which {purpose}, got none; "
                f"{remedy} and run dvc repro"
            )


def _fit_tag_head(catalogue: EmbeddedCatalogue, words: Ints, val: _Split) -> tuple[TagHead, float]:
    """Return the tag head of the given words, fitted on train, and its penalty, chosen on val."""
    is_train = catalogue.splits == "train"
    sums = tag_head.sum_words(catalogue, is_train, words)
    solver = tag_head.RidgeSolver(tag_head.sum_features(catalogue, is_train))
    penalty = tag_head.choose_penalty(solver, sums, val.z, val.in_text(words))
    return solver.solve(sums, words, penalty), penalty


def _fit_shared_sigmoid(tags: TagHead, val: _Split) -> SharedSigmoid:
    """Fit the sigmoid of all words to a part of the words, taken at equal distances, if there are very many."""
    step = max(1, math.ceil(len(tags.word_ids) * val.n_products / _CELLS_OF_SHARED_SIGMOID))
    sample = tags.select(tags.word_ids[::step])
    return platt_scaling.fit_shared_sigmoid(sample.score(val.z), val.in_text(sample.word_ids))


def _calibrate_words(
    head: WordHead, tags: TagHead, val: _Split, test: _Split, shared: SharedSigmoid, judged: JudgedTags
) -> tuple[list[dict[str, Any]], dict[str, CalibrationCurve]]:
    """Return one row per word, and the calibration curves on test."""
    val_products, test_products = val.document_frequency(), test.document_frequency()
    rows = [_new_row(head, word, val_products, test_products) for word in range(len(head.words))]
    curves = {WITH_PROBABILITY: CalibrationCurve.empty(), WITH_THRESHOLD: CalibrationCurve.empty()}
    words_per_block = max(1, _CELLS_PER_BLOCK // max(val.n_products, test.n_products))
    for first in range(0, len(tags.word_ids), words_per_block):
        block = tags.select(tags.word_ids[first : first + words_per_block])
        scores, in_text = block.score(val.z), val.in_text(block.word_ids)
        slope, intercept = platt_scaling.fit_platt(scores, in_text, shared)
        expected = shared.probabilities(scores)
        test_scores, test_in_text = block.score(test.z), test.in_text(block.word_ids)
        predicted = platt_scaling.probabilities(test_scores, slope, intercept)
        curves[WITH_PROBABILITY].add(predicted, test_in_text)
        for column, word in enumerate(block.word_ids):
            row = rows[int(word)]
            row |= {"slope": float(slope[column]), "intercept": float(intercept[column])}
            chosen = _choose_threshold(scores[:, column], in_text[:, column], expected[:, column], judged.bar)
            threshold = chosen.get("threshold")
            if threshold is not None and judged.measure(int(word), block, threshold).is_below(judged.bar.target):
                chosen = {"roc_auc": chosen["roc_auc"], "reject_reason": thresholds.REJECTED_BY_PEOPLE}
            row |= chosen
            if row["threshold"] is None:
                continue
            test_above = test_scores[:, column] >= row["threshold"]
            row |= _count("test", test_above, test_in_text[:, column])
            test.n_tags += test_above
            curves[WITH_THRESHOLD].add(predicted[:, column], test_in_text[:, column])
    return rows, curves


def _choose_threshold(scores: Matrix, in_text: Bools, expected: Matrix, bar: PrecisionBar) -> dict[str, Any]:
    """Return the columns of one word that its val products decide."""
    auc = roc_auc(scores, in_text)
    if math.isnan(auc) or auc < MIN_ROC_AUC:
        return {"roc_auc": None if math.isnan(auc) else auc, "reject_reason": NOT_PREDICTED}
    threshold = thresholds.lowest_threshold(scores, in_text, expected, bar)
    if threshold is None:
        return {"roc_auc": auc, "reject_reason": PRECISION_NOT_REACHED}
    above = scores >= threshold
    true_positives, predicted = np.array([(above & in_text).sum()]), np.array([above.sum()])
    bound = bar.lower_bound(true_positives, predicted, np.array([expected[above].mean()]))
    return {
        "roc_auc": auc,
        "threshold": threshold,
        "reject_reason": "",
        "precision_lower_bound": float(bound[0]),
        **_count("val", above, in_text),
    }


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


def _measure_photos(catalogue: EmbeddedCatalogue, tags: TagHead, rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """Return the precision on single test photos: of the thresholds, and of the five words with the highest scores.

    A precision that cannot be measured is None. Thresholds are chosen for products, whose photos are averaged, but
    `weft tag` sees one photo at a time.
    """
    product_of = catalogue.products_of_photos()
    photo_rows = np.flatnonzero((catalogue.splits == "test")[product_of])
    limits = np.array([rows[int(word)]["threshold"] for word in tags.word_ids], np.float64)
    limits = np.where(np.isnan(limits), np.inf, limits)
    terms = catalogue.text_terms[:, tags.word_ids]
    tagged = correct = best_correct = 0
    for start in range(0, len(photo_rows), _PHOTOS_PER_CHUNK):
        chunk = photo_rows[start : start + _PHOTOS_PER_CHUNK]
        scores, in_text = tags.score(catalogue.z[chunk]), terms[product_of[chunk]].toarray() > 0
        above = scores >= limits
        tagged, correct = tagged + int(above.sum()), correct + int((above & in_text).sum())
        best = np.argsort(-scores, axis=1, kind="stable")[:, : tag_head.TAGS_PER_PRODUCT]
        best_correct += int(np.take_along_axis(in_text, best, axis=1).sum())
    num_best = len(photo_rows) * tag_head.TAGS_PER_PRODUCT if len(tags.word_ids) >= tag_head.TAGS_PER_PRODUCT else 0
    return {
        "photo_precision": correct / tagged if tagged else None,
        "precision_at_5": best_correct / num_best if num_best else None,
    }


def _curve_table(curves: dict[str, CalibrationCurve]) -> pa.Table:
    rows = [row for name, curve in curves.items() for row in curve.rows(name)]
    return pa.Table.from_pylist(rows, schema=CALIBRATION_CURVE.schema)


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
