"""audit: list the mismatches of texts and photos with their evidence, as a table, a CSV file and a contact sheet."""

import csv
import io
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
from weft.contracts.search import Search
from weft.contracts.tables import PREPARED_PHOTOS, SPLITS
from weft.contracts.tagging import MISMATCHES
from weft.errors import ContractError
from weft.photos.contact_sheet import Tile, draw_contact_sheet
from weft.tagging.mismatches import (
    CONTRADICTED,
    MISSING,
    Mismatch,
    ScoredCatalogue,
    find_mismatches,
    read_titles,
)
from weft.tagging.platt_scaling import probabilities
from weft.tagging.tag_scores import read_embedded_catalogue, read_word_head
from weft.tagging.thresholds import CalibratedWords, read_calibrated_words
from weft.tagging.word_relations import stem

MIN_SUPPORT = {MISSING: 0.5, CONTRADICTED: 0.5}
"""At least this share of the nearest photos must be of products with the predicted word in a short field ..."""
MAX_TEXT_SUPPORT = 0.1
"""... and at most this share of products with the contradicted word."""
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


def audit(inputs: AuditInputs, settings: params.Audit, search: Search, out: Path) -> dict[str, float]:
    """Find mismatches of texts and photos; write `out`/mismatches.parquet, mismatches.csv and contact_sheet.jpg.

    Returns:
        The number of products, and the number of mismatches of each kind.

    Raises:
        ContractError: An input is missing or broken.
        ModelError: The embeddings or the thresholds belong to another model.
    """
    head = read_word_head(inputs.model)
    calibrated = read_calibrated_words(inputs.calibration, head.digest, len(head.words))
    catalogue = read_embedded_catalogue(inputs.documents, inputs.embeddings, head)
    titles = read_titles(inputs.products, catalogue.product_ids)
    scored = ScoredCatalogue.build(catalogue, head)
    candidates = find_mismatches(scored, calibrated)
    rows = _rank(_confirm_by_neighbours(scored, calibrated, candidates, settings.neighbours, search))
    for row in rows:
        row["title"], row["url"] = titles[row["product_id"]]
    _add_pictures(rows, inputs.photos, settings.num_examples)
    with tables.atomic_write(out) as folder:
        folder.mkdir(parents=True)
        table = pa.Table.from_pylist(rows, schema=MISMATCHES.schema)
        tables.write_table(folder / files.MISMATCHES, table, MISMATCHES)
        (folder / files.MISMATCHES_CSV).write_text(_format_csv(rows), encoding="utf-8")
        (folder / files.CONTACT_SHEET).write_bytes(draw_mismatch_sheet(rows))
    kinds = Counter(row["kind"] for row in rows)
    return {"products": len(catalogue.offsets), MISSING: kinds[MISSING], CONTRADICTED: kinds[CONTRADICTED]}


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
    photos = np.array([_best_photo(scored, candidate) for candidate in candidates], np.int64)
    queries, query_of = np.unique(photos, return_inverse=True)
    product_of = catalogue.products_of_photos()
    nearest, _ = search(catalogue.z[queries], catalogue.z, neighbours, product_of[queries], product_of)
    columns = catalogue.short_field_terms.tocsc()
    has_word: dict[int, Bools] = {}

    def support(word: int, rows: Ints) -> float:
        """Return the share of the given photos whose product has the word in a short field."""
        column = has_word.setdefault(word, columns[:, [word]].toarray().ravel() > 0)
        return float(column[product_of[rows]].mean()) if len(rows) else 0.0

    rows = []
    for number, candidate in enumerate(candidates):
        found = nearest[query_of[number]]
        found = found[found >= 0]
        neighbour_support = support(candidate.predicted_word, found)
        text_support = None if candidate.text_word is None else support(candidate.text_word, found)
        if neighbour_support < MIN_SUPPORT[candidate.kind] or (
            text_support is not None and text_support > MAX_TEXT_SUPPORT
        ):
            continue
        # The pictures beside a mismatch show products with the predicted word in a short field.
        similar = [int(row) for row in found if has_word[candidate.predicted_word][product_of[row]]]
        rows.append(
            {
                **_describe(scored, calibrated, candidate),
                "photo_id": catalogue.photo_ids[photos[number]],
                "neighbour_support": neighbour_support,
                "neighbour_text_support": text_support,
                "nearest": [catalogue.photo_ids[row] for row in similar[:MAX_NEAREST_PHOTOS]],
                "strength": _strength(candidate, neighbour_support),
            }
        )
    return rows


def _describe(scored: ScoredCatalogue, calibrated: CalibratedWords, candidate: Mismatch) -> dict[str, Any]:
    """Return the columns of a mismatch that do not depend on its neighbours."""
    index = [candidate.calibrated_index]
    probability = probabilities(np.array([candidate.score]), calibrated.slope[index], calibrated.intercept[index])
    has_text_word = candidate.text_word is not None
    return {
        "kind": candidate.kind,
        "product_id": scored.catalogue.product_ids[candidate.product],
        "predicted_word": scored.head.words[candidate.predicted_word],
        "score": candidate.score,
        "threshold": candidate.threshold,
        "probability": float(probability[0]),
        "text_word": None if candidate.text_word is None else scored.head.words[candidate.text_word],
        "text_word_percentile": candidate.text_word_percentile if has_text_word else None,
    }


def _best_photo(scored: ScoredCatalogue, candidate: Mismatch) -> int:
    """Return the row of the product's photo with the highest score of the predicted word."""
    rows = scored.catalogue.photo_rows(candidate.product)
    part = slice(rows.start, rows.stop)
    z = scored.catalogue.z[part].astype(np.float32)
    return rows.start + int((z @ scored.head.w[candidate.predicted_word] - scored.log_partition[part, 0]).argmax())


def _strength(candidate: Mismatch, neighbour_support: float) -> float:
    """Return the margin of the predicted word in nats, plus up to two nats for neighbours that confirm it."""
    reference = candidate.threshold if candidate.text_word is None else candidate.text_word_score
    return candidate.score - reference + 2 * neighbour_support


def _rank(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort each kind by strength; of variants of one word (shirt, shirts) a product keeps only the strongest."""
    rows.sort(key=lambda row: (row["kind"], -row["strength"], row["product_id"], row["predicted_word"]))
    kept: list[dict[str, Any]] = []
    seen: set[tuple[str, str, str]] = set()
    next_rank: Counter[str] = Counter()
    for row in rows:
        key = (row["kind"], row["product_id"], stem(row["predicted_word"]))
        if key not in seen:
            seen.add(key)
            row["rank"] = next_rank[row["kind"]]
            next_rank[row["kind"]] += 1
            del row["strength"]
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
    jpegs: dict[str, bytes] = {}
    for split in SPLITS:
        for table in tables.read_shards(photos / split, PREPARED_PHOTOS, ("photo_id", "jpeg")):
            for row, photo_id in enumerate(table["photo_id"].to_pylist()):
                if photo_id in photo_ids:
                    jpegs[photo_id] = table["jpeg"][row].as_py()
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
