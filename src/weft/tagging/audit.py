"""audit: list the mismatches of texts and photos with their evidence, as a table, a CSV file and a contact sheet."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from weft import params, tables
from weft.contracts import files
from weft.contracts.arrays import Bools, Ints
from weft.contracts.ground_truth import ProductTruth
from weft.contracts.search import Search
from weft.contracts.tagging import CONTRADICTED, MISMATCHES, MISSING
from weft.errors import ContractError
from weft.photos.contact_sheet import Tile, draw_contact_sheet
from weft.photos.prepared_jpegs import read_prepared_jpegs
from weft.tagging.fault_detection import score_audit
from weft.tagging.mismatches import Mismatch, ScoredCatalogue, find_mismatches, read_titles
from weft.tagging.tag_scores import read_embedded_catalogue, read_word_head
from weft.tagging.thresholds import CalibratedWords, read_calibrated_words, read_calibration_settings
from weft.tagging.verdicts import NO_VERDICTS, JudgedWords, Verdicts
from weft.tagging.word_relations import stem

MIN_EVIDENCE = 0.85
"""The tag head and the neighbours together must prefer the predicted word to the text by this much; each of the two
lies between about 0 and 1. At 0.85 three of four contradictions in the demo's catalogue are true (docs/tagging.md)."""
MAX_NEAREST_PHOTOS = 3
MAX_PICTURES_PER_WORDS = 4
"""At most this many mismatches of the same words have pictures, so that the page shows different kinds of errors."""
MISMATCHES_PER_SHEET_ROW = 3
CSV_COLUMNS = tuple(name for name in MISMATCHES.schema.names if name not in ("jpeg", "nearest_jpegs"))


@dataclass(frozen=True)
class AuditInputs:
    """The paths that the audit reads."""

    products: Path
    """products.parquet of the crawl."""
    documents: Path
    """The words of the products, documents.parquet."""
    photos: Path
    """The output folder of prepare; the examples show its photos."""
    embeddings: Path
    """The output folder of embed for the own catalogue."""
    model: Path
    """The model folder."""
    calibration: Path
    """The output folder of calibrate for this model."""


def audit(
    inputs: AuditInputs,
    settings: params.Audit,
    search: Search,
    out: Path,
    truths: Sequence[ProductTruth] = (),
    verdicts: Verdicts = NO_VERDICTS,
) -> dict[str, float]:
    """Find mismatches of texts and photos; write `out`/mismatches.parquet, mismatches.csv and contact_sheet.jpg.

    Args:
        inputs: The paths to read.
        settings: How many neighbours confirm a mismatch, and how many mismatches have pictures.
        search: Finds the nearest photos of other products.
        out: The folder to write.
        truths: What is known about the products, if the catalogue is one whose faults were injected; then
            `out`/fault_detection.json has the recall and the precision of the audit.
        verdicts: The verdicts of people. Mismatches of words that they judged are left out.

    Returns:
        The number of products, and the number of mismatches of each kind. With truths also fault_recall and
        fault_precision, and with verdicts `judged`, the number of candidates that were left out.

    Raises:
        ContractError: An input is missing or broken.
        ModelError: The embeddings or the thresholds belong to another model.
    """
    head = read_word_head(inputs.model)
    calibrated = read_calibrated_words(inputs.calibration, head.digest, len(head.words))
    catalogue = read_embedded_catalogue(inputs.documents, inputs.embeddings, head)
    titles = read_titles(inputs.products, catalogue.product_ids)
    penalty = float(read_calibration_settings(inputs.calibration)["penalty"])
    scored = ScoredCatalogue.build(catalogue, head, penalty)
    judged = JudgedWords(verdicts)
    candidates = find_mismatches(scored, calibrated, judged)
    rows = _rank(_confirm_by_neighbours(scored, calibrated, candidates, settings.neighbours, search))
    for row in rows:
        row["title"], row["url"] = titles[row["product_id"]]
    _add_pictures(rows, inputs.photos, settings.num_examples)
    known = set(catalogue.product_ids)
    detection = score_audit(rows, [truth for truth in truths if truth.product_id in known])
    with tables.atomic_write(out) as folder:
        folder.mkdir(parents=True)
        table = pa.Table.from_pylist(rows, schema=MISMATCHES.schema)
        tables.write_table(folder / files.MISMATCHES, table, MISMATCHES)
        (folder / files.MISMATCHES_CSV).write_text(_format_csv(rows), encoding="utf-8")
        (folder / files.CONTACT_SHEET).write_bytes(draw_mismatch_sheet(rows))
        if truths:
            (folder / files.FAULT_DETECTION).write_text(json.dumps(detection, indent=1) + "\n", encoding="utf-8")
    kinds = Counter(row["kind"] for row in rows)
    totals = {"products": len(catalogue.offsets), MISSING: kinds[MISSING], CONTRADICTED: kinds[CONTRADICTED]}
    if verdicts:
        totals["judged"] = judged.num_left_out
    return totals | {
        f"fault_{name}": detection[name] for name in ("recall", "precision") if detection[name] is not None
    }


def _confirm_by_neighbours(
    scored: ScoredCatalogue,
    calibrated: CalibratedWords,
    candidates: Sequence[Mismatch],
    neighbours: int,
    search: Search,
) -> list[dict[str, Any]]:
    """Return the candidates that similar photos of other products confirm, as rows without title and pictures."""
    if not candidates:
        return []
    catalogue = scored.catalogue
    product_of = catalogue.products_of_photos()
    queries = np.flatnonzero(np.isin(product_of, [candidate.product for candidate in candidates]))
    nearest, _ = search(catalogue.z[queries], catalogue.z, neighbours, product_of[queries], product_of)
    columns = catalogue.short_field_terms.tocsc()
    has_word: dict[int, Bools] = {}

    def support(word: int, photos: Ints) -> float:
        """Return the share of the given photos whose product has the word in a short field."""
        column = has_word.setdefault(word, columns[:, [word]].toarray().ravel() > 0)
        return float(column[product_of[photos]].mean()) if len(photos) else 0.0

    rows = []
    for candidate in candidates:
        found = nearest[product_of[queries] == candidate.product]
        around = found[found >= 0]
        neighbour_support = support(candidate.predicted_word, around)
        text_support = None if candidate.text_word is None else support(candidate.text_word, around)
        evidence = candidate.score - candidate.text_word_score + neighbour_support - (text_support or 0.0)
        if evidence < MIN_EVIDENCE:
            continue
        # The pictures show the photo with the most neighbours of the predicted word, beside these neighbours.
        shows = (found >= 0) & has_word[candidate.predicted_word][product_of[found]]
        best = int(shows.sum(axis=1).argmax())
        rows.append(
            {
                **_describe(scored, calibrated, candidate),
                "photo_id": catalogue.photo_ids[catalogue.photo_rows(candidate.product)[best]],
                "neighbour_support": neighbour_support,
                "neighbour_text_support": text_support,
                "nearest": [catalogue.photo_ids[row] for row in found[best][shows[best]][:MAX_NEAREST_PHOTOS]],
                "evidence": evidence,
            }
        )
    return rows


def _describe(scored: ScoredCatalogue, calibrated: CalibratedWords, candidate: Mismatch) -> dict[str, Any]:
    """Return the columns of a mismatch that do not depend on its neighbours."""
    has_text_word = candidate.text_word is not None
    return {
        "kind": candidate.kind,
        "product_id": scored.catalogue.product_ids[candidate.product],
        "predicted_word": scored.head.words[candidate.predicted_word],
        "score": candidate.score,
        "threshold": candidate.threshold,
        "probability": calibrated.probability(candidate.predicted_word, candidate.score),
        "text_word": None if candidate.text_word is None else scored.head.words[candidate.text_word],
        "text_word_percentile": candidate.text_word_percentile if has_text_word else None,
    }


def _rank(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort each kind by evidence; of variants of one word (shirt, shirts) a product keeps only the strongest."""
    rows.sort(key=lambda row: (row["kind"], -row["evidence"], row["product_id"], row["predicted_word"]))
    kept: list[dict[str, Any]] = []
    seen: set[tuple[str, str, str]] = set()
    next_rank: Counter[str] = Counter()
    for row in rows:
        key = (row["kind"], row["product_id"], stem(row["predicted_word"]))
        if key not in seen:
            seen.add(key)
            row["rank"] = next_rank[row["kind"]]
            next_rank[row["kind"]] += 1
            del row["evidence"]
            kept.append(row)
    return kept


def _add_pictures(rows: list[dict[str, Any]], photos: Path, num_examples: int) -> None:
    """Add the JPEGs of the strongest mismatches of each kind: few of the same words, one per product."""
    pictured: list[dict[str, Any]] = []
    for kind in (CONTRADICTED, MISSING):
        pictures_per_words: Counter[tuple[str, str | None]] = Counter()
        products: set[str] = set()
        for row in (row for row in rows if row["kind"] == kind):
            key = (stem(row["predicted_word"]), row["text_word"] and stem(row["text_word"]))
            is_new = pictures_per_words[key] < MAX_PICTURES_PER_WORDS and row["product_id"] not in products
            if len(products) < num_examples and is_new:
                pictures_per_words[key] += 1
                products.add(row["product_id"])
                pictured.append(row)
    jpegs = _read_jpegs(photos, {photo_id for row in pictured for photo_id in (row["photo_id"], *row["nearest"])})
    for row in rows:
        row |= {"jpeg": None, "nearest_jpegs": []}
    for row in pictured:
        row["jpeg"] = jpegs[row["photo_id"]]
        row["nearest_jpegs"] = [jpegs[photo_id] for photo_id in row["nearest"]]


def _read_jpegs(photos: Path, photo_ids: set[str]) -> dict[str, bytes]:
    jpegs = read_prepared_jpegs(photos, photo_ids)
    absent = sorted(photo_ids - jpegs.keys())
    if absent:
        raise ContractError(
            f"{photos}: expected every embedded photo, got none of {absent[0]}; run `dvc repro embed@catalogue`"
        )
    return jpegs


def _format_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Format the rows for a spreadsheet: rounded numbers, and no text that the spreadsheet would run as a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows([_format_cell(row[name]) for name in CSV_COLUMNS] for row in rows)
    return stream.getvalue()


def _format_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    text = " ".join(value) if isinstance(value, list) else str(value)
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) and isinstance(value, str) else text


def draw_mismatch_sheet(rows: list[dict[str, Any]]) -> bytes:
    """Return a JPEG of the mismatches with pictures, each beside photos of other products with the predicted word."""
    groups = []
    for row in (row for row in rows if row["jpeg"] is not None):
        text = f"text: {row['text_word']}\n" if row["text_word"] else ""
        caption = f"{text}photo: {row['predicted_word']}"
        groups.append(
            [
                Tile(row["jpeg"], caption, "red" if row["text_word"] else "green"),
                *(Tile(jpeg, row["predicted_word"]) for jpeg in row["nearest_jpegs"][:2]),
            ]
        )
    starts = range(0, len(groups), MISMATCHES_PER_SHEET_ROW)
    sheet_rows = [groups[start : start + MISMATCHES_PER_SHEET_ROW] for start in starts]
    return draw_contact_sheet([[tile for group in sheet_row for tile in group] for sheet_row in sheet_rows])
