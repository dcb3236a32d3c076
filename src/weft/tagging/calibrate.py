"""calibrate: for every word a threshold, by val; how right it is, by test; where the word lies among the others."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from weft import params, tables
from weft.contracts import files
from weft.contracts.tagging import CALIBRATED_WORDS, RELIABILITY, WORD_MAP
from weft.errors import InputError
from weft.tagging import platt_scaling, thresholds, word_map
from weft.tagging.platt_scaling import Reliability
from weft.tagging.tag_scores import Embedded, Ints, Model, normalisers, product_scores, read_catalogue, read_model
from weft.tagging.thresholds import Bools

CELLS_AT_ONCE = 2_000_000
"""Products x words whose scores are looked at together."""
ALL, TOLD = "words with a probability", "words with a threshold"

TOO_FEW, NOT_REACHED = "too few val products say it", "precision not reached"


def calibrate(photos: Path, embeddings: Path, model: Path, settings: params.Calibrate, out: Path) -> dict[str, float]:
    """Calibrate every word of a model and write the folder `out`, whole.

    Args:
        photos: The out of prepare; val decides, test is only counted.
        embeddings: The out of embed for the own catalogue.
        model: A bundle.
        settings: What a word must reach.
        out: A folder beside the bundle: words.parquet, reliability.parquet, word_map.parquet, calibration.json.

    Returns:
        words, words_told, and on test: precision, coverage, products_tagged, reliability_gap.

    Raises:
        ContractError: An input is missing or broken.
        InputError: No product is in val.
        ModelError: The model did not make the embeddings.
    """
    bundle = read_model(model)
    catalogue = read_catalogue(photos, embeddings, bundle)
    parts = {split: _Part(catalogue, bundle, split) for split in ("val", "test")}
    if not parts["val"].products:
        raise InputError(f"{photos}: no product is in val, which decides; raise prepare.val_share and dvc repro")
    rows, curves = _judge(bundle, parts, settings)
    totals = _totals(rows, curves, parts["test"])
    with tables.atomic_write(out) as folder:
        folder.mkdir(parents=True)
        table = pa.Table.from_pylist(rows, schema=CALIBRATED_WORDS.schema)
        tables.write_table(folder / files.CALIBRATED_WORDS, table, CALIBRATED_WORDS)
        reliability = pa.Table.from_pylist(_reliability_rows(curves), schema=RELIABILITY.schema)
        tables.write_table(folder / files.RELIABILITY, reliability, RELIABILITY)
        tables.write_table(folder / files.WORD_MAP, _map_of(bundle, rows), WORD_MAP)
        told = {
            "model": bundle.digest,
            "precision": settings.target_precision,
            "confidence": settings.confidence,
            "min_products": settings.min_products,
            "val_products": parts["val"].products,
            "test_products": parts["test"].products,
            "totals": {name: round(value, 6) for name, value in totals.items()},
        }
        (folder / files.CALIBRATION).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return totals


class _Part:
    """The products of one split: their words, and scores for any run of words."""

    def __init__(self, catalogue: Embedded, model: Model, split: str) -> None:
        chosen = np.flatnonzero(catalogue.splits == split)
        self.products = len(chosen)
        rows = np.array([row for product in chosen for row in catalogue.rows_of(int(product))], np.int64)
        sizes = [len(catalogue.rows_of(int(product))) for product in chosen]
        self._starts: Ints = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if sizes else rows
        self._z, self._model = catalogue.z[rows], model
        self._said = catalogue.said[chosen].tocsc()
        self._normaliser = normalisers(self._z, model.w, model.bias)
        self.tagged = np.zeros(self.products, np.int64)

    def with_word(self) -> Ints:
        """(words,): how many products say each."""
        ends: Ints = np.asarray(self._said.indptr, np.int64)
        return ends[1:] - ends[:-1]

    def scores(self, words: Ints) -> np.ndarray[Any, np.dtype[np.float32]]:
        """(products, words)."""
        return product_scores(self._z, self._model.w[words], self._model.bias[words], self._normaliser, self._starts)

    def says(self, words: Ints) -> Bools:
        """(products, words)."""
        return np.asarray(self._said[:, words].toarray() > 0)


def _judge(
    model: Model, parts: dict[str, _Part], settings: params.Calibrate
) -> tuple[list[dict[str, Any]], dict[str, Reliability]]:
    """A row for every word, and the reliability of the probabilities on test."""
    val, test = parts["val"], parts["test"]
    wanted = thresholds.least_right(val.products, settings.target_precision, settings.confidence)
    counts = {"val": val.with_word(), "test": test.with_word()}
    rows = [_row(word, model, counts) for word in range(len(model.words))]
    enough = np.flatnonzero(counts["val"] >= settings.min_products)
    curves = {ALL: Reliability.empty(), TOLD: Reliability.empty()}
    at_once = max(1, CELLS_AT_ONCE // max(val.products, test.products))
    for first in range(0, len(enough), at_once):
        words = enough[first : first + at_once]
        scores, says = val.scores(words), val.says(words)
        slope, intercept = platt_scaling.fit_sigmoids(scores, says)
        on_test, said_there = test.scores(words), test.says(words)
        promised = platt_scaling.probabilities(on_test, slope, intercept)
        curves[ALL].add(promised, said_there)
        for column, word in enumerate(words):
            row = rows[int(word)]
            row |= {"slope": float(slope[column]), "intercept": float(intercept[column])}
            row["separation"] = thresholds.separation(scores[:, column], says[:, column])
            threshold = thresholds.threshold_of(scores[:, column], says[:, column], wanted)
            if threshold is None:
                row["why_not"] = NOT_REACHED
                continue
            over, told = scores[:, column] >= threshold, on_test[:, column] >= threshold
            test.tagged += told
            tagged, right = int(over.sum()), int((over & says[:, column]).sum())
            row |= {"threshold": threshold, "why_not": "", "val_tagged": tagged, "val_right": right}
            row["precision_at_least"] = thresholds.lower_bound(right, tagged, settings.confidence)
            row |= {"test_tagged": int(told.sum()), "test_right": int((told & said_there[:, column]).sum())}
            curves[TOLD].add(promised[:, column], said_there[:, column])
    return rows, curves


def _row(word: int, model: Model, counts: dict[str, Ints]) -> dict[str, Any]:
    """What is known of a word before it is judged."""
    return {
        "word_id": word,
        "word": model.words[word],
        "document_frequency": int(model.frequencies[word]),
        "val_products": int(counts["val"][word]),
        "test_products": int(counts["test"][word]),
        "why_not": TOO_FEW,
        **dict.fromkeys(("threshold", "precision_at_least", "slope", "intercept", "separation")),
        **dict.fromkeys(("val_tagged", "val_right", "test_tagged", "test_right"), 0),
    }


def _totals(rows: list[dict[str, Any]], curves: dict[str, Reliability], test: _Part) -> dict[str, float]:
    """Over all words that are told; a share of nothing is left out."""
    told = [row for row in rows if row["threshold"] is not None]
    tagged, right, sayable = (sum(row[name] for row in told) for name in ("test_tagged", "test_right", "test_products"))
    totals = {"words": float(len(rows)), "words_told": float(len(told))}
    if tagged:
        totals["precision"] = right / tagged
    if sayable:
        totals["coverage"] = right / sayable
    if test.products:
        totals["products_tagged"] = float((test.tagged > 0).mean())
        totals["tags_per_product"] = float(test.tagged.mean())
        totals["reliability_gap"] = curves[ALL].gap()
    return totals


def _reliability_rows(curves: dict[str, Reliability]) -> list[dict[str, Any]]:
    return [
        {
            "words": name,
            "bin": place,
            "pairs": int(curve.pairs[place]),
            "promised": curve.promised[place] / curve.pairs[place] if curve.pairs[place] else None,
            "true": curve.true[place] / curve.pairs[place] if curve.pairs[place] else None,
        }
        for name, curve in curves.items()
        for place in range(platt_scaling.BINS)
    ]


def _map_of(model: Model, rows: list[dict[str, Any]]) -> pa.Table:
    """The words that photos of val tell best above chance, the more frequent the sooner."""
    seen = [row for row in rows if row["separation"] is not None]
    # Frequent and well told: what the separation is above chance, weighed by how often the word is said.
    seen.sort(key=lambda row: (-(row["separation"] - 0.5) * np.log1p(row["document_frequency"]), row["word_id"]))
    chosen = np.array(sorted(row["word_id"] for row in seen[: word_map.WORDS]), np.int64)
    places = word_map.place_words(model.w[chosen])
    near, similarity = word_map.nearest(model.w, chosen) if len(chosen) else (chosen, places)
    return pa.Table.from_pylist(
        [
            {
                "word_id": int(word),
                "word": model.words[word],
                "x": float(places[n, 0]),
                "y": float(places[n, 1]),
                "separation": rows[int(word)]["separation"],
                "nearest": [model.words[other] for other in near[n]],
                "similarities": [float(value) for value in similarity[n]],
            }
            for n, word in enumerate(chosen)
        ],
        schema=WORD_MAP.schema,
    )
