"""audit: the findings with their evidence, as a table for programs, a CSV for people and pictures of the strongest.

The contact sheet of an audit: the pictured findings, each beside photos that are said to show the same.
"""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft import params, tables
from weft.contracts import files
from weft.contracts.tables import PREPARED_PHOTOS, SPLITS
from weft.contracts.tagging import FINDINGS
from weft.photos.contact_sheet import Tile, draw_contact_sheet
from weft.tagging.mismatches import CONTRADICTED, MISSING, Evidence, Finding, find, read_claims, read_titles
from weft.tagging.platt_scaling import probabilities
from weft.tagging.tag_scores import Ints, Matrix, read_catalogue, read_model
from weft.tagging.thresholds import Bools, Told, read_told
from weft.tagging.word_relations import stem

SHOWING = {MISSING: 0.5, CONTRADICTED: 0.5}
"""At least this share of the nearest photos of other products must be of products that claim the shown word ..."""
SAYING = 0.1
"""... and at most this share of products that claim the contradicted one."""
NEAREST_SHOWN = 3
OF_A_KIND = 4
"""Pictured findings with the same words: the page shows what kinds of errors there are, the list how many."""
CSV_COLUMNS = tuple(name for name in FINDINGS.schema.names if name not in ("jpeg", "nearest_jpegs"))


class Search(Protocol):
    """Exact search by cosine similarity, as `weft.retrieval.search.nearest` does it."""

    def __call__(
        self, queries: Matrix, gallery: Matrix, k: int, query_groups: Ints | None, gallery_groups: Ints | None
    ) -> tuple[Ints, npt.NDArray[np.float32]]:
        """The k nearest gallery rows of each query, none of its own group; -1 where a place stays empty."""


@dataclass(frozen=True)
class Sources:
    """Where the stages before have written."""

    products: Path
    """products.parquet of the crawl."""
    photos: Path
    """The out of prepare."""
    embeddings: Path
    """The out of embed for the own catalogue."""
    model: Path
    """A bundle."""
    calibration: Path
    """The out of calibrate for this bundle."""


def audit(sources: Sources, settings: params.Audit, search: Search, out: Path) -> dict[str, float]:
    """Find where photos and texts disagree; write `out`/findings.parquet, findings.csv and contact_sheet.jpg.

    Returns:
        How many findings of each kind, and products looked at.

    Raises:
        ContractError: An input is missing or broken.
        ModelError: Embeddings or thresholds are of another model.
    """
    model = read_model(sources.model)
    told = read_told(sources.calibration, model.digest, len(model.words))
    catalogue = read_catalogue(sources.photos, sources.embeddings, model)
    claimed = read_claims(sources.products, catalogue, model.words)
    evidence = Evidence.of(catalogue, model, claimed)
    rows = _with_neighbours(evidence, told, find(evidence, told), settings.neighbours, search)
    rows = _ranked(rows)
    titles = read_titles(sources.products, (row["product_id"] for row in rows))
    for row in rows:
        row["title"], row["url"] = titles[row["product_id"]]
    _add_pictures(rows, sources.photos, settings.num_examples)
    with tables.atomic_write(out) as folder:
        folder.mkdir(parents=True)
        tables.write_table(folder / files.FINDINGS, pa.Table.from_pylist(rows, schema=FINDINGS.schema), FINDINGS)
        (folder / files.FINDINGS_CSV).write_text(_as_csv(rows), encoding="utf-8")
        (folder / files.CONTACT_SHEET).write_bytes(finding_sheet(rows))
    kinds = Counter(row["kind"] for row in rows)
    return {"products": len(catalogue.starts), MISSING: kinds[MISSING], CONTRADICTED: kinds[CONTRADICTED]}


def _with_neighbours(
    evidence: Evidence, told: Told, findings: Sequence[Finding], neighbours: int, search: Search
) -> list[dict[str, Any]]:
    """The findings that similar photos of other products bear out, as rows of the table but for title and pictures."""
    if not findings:
        return []
    catalogue = evidence.catalogue
    photos = np.array([_shown_best(evidence, finding) for finding in findings], np.int64)
    asked, back = np.unique(photos, return_inverse=True)
    product_of = catalogue.products_of_photos()
    near, _ = search(catalogue.z[asked], catalogue.z, neighbours, product_of[asked], product_of)
    claimed = evidence.claimed.tocsc()
    claims: dict[int, Bools] = {}

    def share(word: int, rows: Ints) -> float:
        """Of the nearest photos, how many are of products that claim the word."""
        column = claims.setdefault(word, claimed[:, [word]].toarray().ravel() > 0)
        return float(column[product_of[rows]].mean()) if len(rows) else 0.0

    rows = []
    for number, finding in enumerate(findings):
        found = near[back[number]]
        found = found[found >= 0]
        showing = share(finding.shows, found)
        saying = None if finding.says is None else share(finding.says, found)
        if showing < SHOWING[finding.kind] or (saying is not None and saying > SAYING):
            continue
        place = finding.place_among_told
        likely = probabilities(np.array([finding.score]), told.slope[[place]], told.intercept[[place]])
        # The pictures beside the finding are of products that claim what this one is thought to show.
        alike = [int(row) for row in found if claims[finding.shows][product_of[row]]][:NEAREST_SHOWN]
        rows.append(
            {
                "kind": finding.kind,
                "product_id": catalogue.product_ids[finding.product],
                "photo_id": catalogue.photo_ids[photos[number]],
                "shows": evidence.model.words[finding.shows],
                "shows_score": finding.score,
                "threshold": finding.threshold,
                "probability": float(likely[0]),
                "neighbours_showing": showing,
                "says": None if finding.says is None else evidence.model.words[finding.says],
                "says_rank": None if finding.says is None else finding.says_rank,
                "neighbours_saying": saying,
                "nearest": [catalogue.photo_ids[row] for row in alike],
                "strength": _strength(finding, showing),
            }
        )
    return rows


def _shown_best(evidence: Evidence, finding: Finding) -> int:
    """The photo of the product that shows the word most."""
    rows = evidence.catalogue.rows_of(finding.product)
    part = slice(rows.start, rows.stop)
    z = evidence.catalogue.z[part].astype(np.float32)
    return rows.start + int((z @ evidence.model.w[finding.shows] - evidence.normaliser[part]).argmax())


def _strength(finding: Finding, showing: float) -> float:
    """How far the photos are from the text, in nats; a neighbourhood that agrees counts as much as two of them."""
    margin = finding.score - (finding.threshold if finding.says is None else finding.says_score)
    return margin + 2 * showing


def _ranked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each kind by strength; of words that are one (shirt, shirts) a product has the stronger only."""
    rows.sort(key=lambda row: (row["kind"], -row["strength"], row["product_id"], row["shows"]))
    kept: list[dict[str, Any]] = []
    seen: set[tuple[str, str, str]] = set()
    places: Counter[str] = Counter()
    for row in rows:
        key = (row["kind"], row["product_id"], stem(row["shows"]))
        if key not in seen:
            seen.add(key)
            row["place"] = places[row["kind"]]
            places[row["kind"]] += 1
            del row["strength"]
            kept.append(row)
    return kept


def _add_pictures(rows: list[dict[str, Any]], photos: Path, examples: int) -> None:
    """Photos of the strongest findings of each kind, not too many of the same words, each of another product."""
    shown: list[dict[str, Any]] = []
    for kind in (CONTRADICTED, MISSING):
        of_words: Counter[tuple[str, str | None]] = Counter()
        products: set[str] = set()
        for row in (row for row in rows if row["kind"] == kind):
            key = (stem(row["shows"]), row["says"] and stem(row["says"]))
            if len(products) < examples and of_words[key] < OF_A_KIND and row["product_id"] not in products:
                of_words[key] += 1
                products.add(row["product_id"])
                shown.append(row)
    jpegs = _read_photos(photos, {photo_id for row in shown for photo_id in (row["photo_id"], *row["nearest"])})
    for row in rows:
        row |= {"jpeg": None, "nearest_jpegs": []}
    for row in shown:
        row["jpeg"] = jpegs[row["photo_id"]]
        row["nearest_jpegs"] = [jpegs[photo_id] for photo_id in row["nearest"]]


def _read_photos(photos: Path, wanted: set[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for split in SPLITS:
        for table in tables.read_shards(photos / split, PREPARED_PHOTOS, ("photo_id", "jpeg")):
            for row, photo_id in enumerate(table["photo_id"].to_pylist()):
                if photo_id in wanted:
                    found[photo_id] = table["jpeg"][row].as_py()
    return found


def _as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """For a spreadsheet: numbers rounded, texts of shops kept from being read as formulas."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows([_cell(row[name]) for name in CSV_COLUMNS] for row in rows)
    return stream.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    text = " ".join(value) if isinstance(value, list) else str(value)
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) and isinstance(value, str) else text


FINDINGS_IN_ROW = 3


def finding_sheet(rows: list[dict[str, Any]]) -> bytes:
    """A JPEG of the findings that have pictures."""
    tiles = []
    for row in (row for row in rows if row["jpeg"] is not None):
        says = f"says {row['says']}\n" if row["says"] else ""
        tiles.append(
            [
                Tile(row["jpeg"], f"{says}shows {row['shows']}", "red" if row["says"] else "green"),
                *(Tile(jpeg, row["shows"]) for jpeg in row["nearest_jpegs"][:2]),
            ]
        )
    lines = [tiles[start : start + FINDINGS_IN_ROW] for start in range(0, len(tiles), FINDINGS_IN_ROW)]
    return draw_contact_sheet([[tile for finding in line for tile in finding] for line in lines])
