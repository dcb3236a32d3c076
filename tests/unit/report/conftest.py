import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image, ImageDraw

from weft import artefacts, tables
from weft.contracts import files
from weft.contracts.schema import TableContract
from weft.contracts.tables import SLICES, CONFUSIONS, EXAMPLES, PER_QUERY
from weft.contracts.tagging import CALIBRATED_WORDS, FINDINGS, RELIABILITY, WORD_MAP
from weft.report.readers import Sources

FROZEN, FINETUNED = "frozen backbone", "after finetune"
METRICS = {
    "benchmark": "catalogue",
    "reader": "catalogue",
    "counts": {"photos": 1800, "queries": 300},
    "notes": ["Ties go to the photo that comes first in the gallery."],
    "tables": {
        "retrieval": {
            FROZEN: {"recall_at_1": 0.312, "map_at_r": 0.2},
            "after fit_words": {"recall_at_1": 0.312, "map_at_r": 0.2},
            FINETUNED: {"recall_at_1": 0.46449, "map_at_r": 0.19},
        },
        "labels/sleeve_length": {FROZEN: {"top_1_accuracy": 0.5}, FINETUNED: {"top_1_accuracy": None}},
    },
    "intervals": {
        "retrieval": {
            FROZEN: {"recall_at_1": [0.28, 0.34], "map_at_r": [0.18, 0.22]},
            FINETUNED: {"recall_at_1": [0.43, 0.5], "map_at_r": [0.17, 0.21]},
        }
    },
    "differences": {
        "retrieval": {
            FINETUNED: {FROZEN: {"recall_at_1": [0.15249, 0.1, 0.2], "map_at_r": [-0.01, -0.02, 0.005]}},
        }
    },
    "ceilings": {"retrieval": {"map_at_r": 0.9}},
}
HISTORY = "epoch,train_loss,val_loss,learning_rate\n1,6.5,6.4,0.001\n2,5.9,6.1,0.0001\n"


def draw_jpeg(colour: str, size: tuple[int, int] = (48, 64)) -> bytes:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle((8, 8, size[0] - 8, size[1] - 8), fill=colour)
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG")
    return buffer.getvalue()


def build_example_row(kind: str, model: str, rank: int, photo: bytes, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": kind, "model": model, "example": 0, "rank": rank, "photo_id": f"alder/{rank}#0",
        "product_id": f"alder/{rank}", "jpeg": photo, "score": None, "correct": None, "predicted": [], "truth": [],
    }  # fmt: skip
    return {**row, **values}


def build_default_examples() -> list[dict[str, Any]]:
    query, red, blue = draw_jpeg("black"), draw_jpeg("red"), draw_jpeg("blue")
    rows = []
    for model, is_correct in ((FROZEN, False), (FINETUNED, True)):
        rows.append(build_example_row("retrieval", model, 0, query))
        rows.append(build_example_row("retrieval", model, 1, red, score=0.875, correct=is_correct))
        rows.append(build_example_row("retrieval", model, 2, blue, score=0.5, correct=False))
        rows.append(build_example_row("tags", model, 0, query, predicted=["denim", "shirt"], truth=["blue", "denim"]))
    return rows


def write_table(path: Path, rows: Sequence[dict[str, Any]], contract: TableContract) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tables.write_table(path, pa.Table.from_pylist(list(rows), schema=contract.schema), contract)


def write_json(path: Path, values: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")


def build_breakdown_row(value: str, model: str, share: float, gain: float | None) -> dict[str, Any]:
    row = {"table": "retrieval", "facet": "colour", "value": value, "model": model, "metric": "recall_at_1"}
    counts = {"observations": 20, "items": 9, "share": share, "low": share - 0.05, "high": share + 0.05}
    half_width = None if gain is None else 0.02
    return {
        **row,
        **counts,
        "gain": gain,
        "gain_low": gain and gain - half_width,
        "gain_high": gain and gain + half_width,
    }


def build_score_row(model: str, query: int, rank: int | None) -> dict[str, Any]:
    hit = float(rank == 1)
    row = {"table": "retrieval", "model": model, "asked": f"q{query}", "product_id": f"p{query}", "item": query}
    return {**row, "rank": rank, "gained": [hit], "possible": [1.0]}


def build_word_row(number: int, word: str, **values: Any) -> dict[str, Any]:
    row = {"word_id": number, "word": word, "document_frequency": 40}
    decision = {"threshold": None, "why_not": "precision not reached", "precision_at_least": None}
    counts = {"val_products": 12, "val_tagged": 0, "val_right": 0}
    tests = {"test_products": 20, "test_tagged": 0, "test_right": 0}
    return {**row, **decision, **counts, **tests, "slope": 1.5, "intercept": 0.5, "separation": 0.75, **values}


DENIM = {"threshold": -3.25, "why_not": "", "val_tagged": 15, "val_right": 14, "precision_at_least": 0.8123}
DENIM |= {"test_tagged": 16, "test_right": 12, "separation": 0.97}


def build_finding_row(kind: str, place: int, **values: Any) -> dict[str, Any]:
    row = {"kind": kind, "place": place, "product_id": f"alder/{place}", "title": "Blue shirt"}
    row |= {"photo_id": f"alder/{place}#0", "url": "http://alder.example/p/1"}
    prediction = {
        "shows": "denim",
        "shows_score": -2.0,
        "threshold": -3.25,
        "probability": 0.9,
        "neighbours_showing": 0.8,
    }
    text_claim = {"says": None, "says_rank": None, "neighbours_saying": None}
    pictures = {"nearest": ["alder/9#0"], "jpeg": draw_jpeg("red"), "nearest_jpegs": [draw_jpeg("blue")]}
    return {**row, **prediction, **text_claim, **pictures, **values}


@dataclass
class MadeUpInputs:
    """Made-up outs of all stages before the report."""

    folder: Path

    @property
    def reports(self) -> Path:
        return self.folder / "benchmarks"

    @property
    def histories(self) -> dict[str, Path]:
        return {"train_head": self.folder / "words/history.csv", "finetune": self.folder / "model/history.csv"}

    @property
    def sources(self) -> Sources:
        names = ("benchmarks", "crawl", "clean", "vocabulary", "prepared", "words", "model", "calibration", "audit")
        return Sources(**{name: self.folder / name for name in names})

    def add(
        self,
        name: str = "catalogue",
        metrics: dict[str, Any] | None = None,
        examples: Sequence[dict[str, Any]] | None = None,
        nearest: dict[str, list[tuple[str, float]]] | None = None,
        scores: Sequence[dict[str, Any]] = (),
        breakdown: Sequence[dict[str, Any]] = (),
        confusions: Sequence[dict[str, Any]] = (),
    ) -> None:
        folder = self.reports / name
        write_json(folder / files.METRICS, {**(METRICS if metrics is None else metrics), "benchmark": name})
        write_table(folder / files.EXAMPLES, build_default_examples() if examples is None else examples, EXAMPLES)
        write_table(folder / files.PER_QUERY, scores, PER_QUERY)
        write_table(folder / files.SLICES, breakdown, SLICES)
        write_table(folder / files.CONFUSIONS, confusions, CONFUSIONS)
        if nearest is not None:
            write_json(folder / files.NEAREST_WORDS, nearest)

    def add_findings(self, rows: Sequence[dict[str, Any]]) -> None:
        write_table(self.sources.audit / files.FINDINGS, rows, FINDINGS)


def write_pipeline_outs(inputs: MadeUpInputs) -> None:
    """What the report reads of the stages that are no benchmark."""
    sources = inputs.sources
    shop = {"products": 450, "photos": 1800, "photos_failed": 2, "coverage_colour": 0.5}
    write_json(sources.crawl / files.REPORT, {"shops": {"alder": {**shop, "failures": {"photo: HTTP 404": 2}}}})
    photos = {"train_photos": 1300, "test_photos": 400}
    products = {"train_products": 320, "test_products": 110}
    write_json(sources.prepared / files.REPORT, {"photos": photos, "products": products})
    write_json(sources.model / files.CONFIG, {"backbone": "mobilenet_v2", "embedding_dim": 8, "words": 2})
    write_json(sources.model / files.PREPROCESS, {"height": 128, "width": 96})
    (sources.model / files.DIGEST).write_text("ab" * 32 + "\n", encoding="utf-8")
    for path in inputs.histories.values():
        path.parent.mkdir(exist_ok=True)
        path.write_text(HISTORY, encoding="utf-8")
    for stage, header in {
        "clean": "token\treason\tcount",
        "vocabulary": "word\treason\tdocument_frequency\tdetail",
    }.items():
        (inputs.folder / stage).mkdir()
        text = f"{header}\nwash\tcommerce stop word\t90{chr(9) if stage == 'vocabulary' else ''}\n"
        (inputs.folder / stage / files.DROPPED).write_text(text, encoding="utf-8")
    words = [build_word_row(0, "denim", **DENIM), build_word_row(1, "washed", separation=0.6)]
    write_table(sources.calibration / files.CALIBRATED_WORDS, words, CALIBRATED_WORDS)
    columns = {name: [1.0, 1.0] for name in artefacts.WORD_PREDICTABILITY_COLUMNS} | {
        "word_id": [0, 1],
        "word": ["denim", "washed"],
    }
    counts = {"document_frequency": [9, 9], "val_photos": [5, 5], "somers_d": [1.0, 0.1], "somers_d_shrunk": [0.97, 0.12]}
    visualness = pd.DataFrame(columns | counts)
    artefacts.write_word_predictability(sources.words / files.WORD_PREDICTABILITY, visualness)
    bins = [
        {"words": "words with a probability", "bin": n, "pairs": n, "promised": 0.1, "true": 0.2} for n in range(10)
    ]
    bins[0] |= {"promised": None, "true": None}
    write_table(sources.calibration / files.RELIABILITY, bins, RELIABILITY)
    map_values = {"x": 0.1, "y": 0.5, "separation": 0.9, "nearest": ["washed"], "similarities": [0.81]}
    map_rows = [{"word_id": 0, "word": "denim", **map_values}, {"word_id": 1, "word": "washed", **map_values, "x": 0.9}]
    write_table(sources.calibration / files.WORD_MAP, map_rows, WORD_MAP)
    totals = {"precision": 0.75, "coverage": 0.6, "tags_per_product": 0.2, "products_tagged": 0.9}
    settings = {"model": "ab" * 32, "precision": 0.8, "confidence": 0.9, "min_products": 10}
    numbers = {"val_products": 60, "test_products": 110, "totals": totals}
    write_json(sources.calibration / files.CALIBRATION, settings | numbers)
    inputs.add_findings([])


@pytest.fixture
def inputs(tmp_path: Path) -> MadeUpInputs:
    made_up = MadeUpInputs(tmp_path)
    write_pipeline_outs(made_up)
    return made_up


@pytest.fixture
def filled(inputs: MadeUpInputs) -> MadeUpInputs:
    scores = [build_score_row(FROZEN, n, n) for n in (1, 2)] + [build_score_row(FINETUNED, n, 1) for n in (1, 2)]
    confusions = [
        {"facet": "category", "shown": "Tunics", "found": found, "queries": queries}
        for found, queries in (("Kurtas", 3), ("Tunics", 9))
    ]
    breakdown = [build_breakdown_row("red", FROZEN, 0.5, None), build_breakdown_row("red", FINETUNED, 0.6, 0.1)]
    inputs.add(
        nearest={"denim": [("jeans", 0.8125), ("washed", 0.5)]},
        scores=scores,
        breakdown=breakdown,
        confusions=confusions,
    )
    text_claim = {"says": "wool", "says_rank": 0.01, "neighbours_saying": 0.05}
    inputs.add_findings([build_finding_row("contradicted", 0, **text_claim), build_finding_row("missing", 0)])
    return inputs


@pytest.fixture
def make_finding() -> Callable[..., dict[str, Any]]:
    return build_finding_row


@pytest.fixture
def make_word() -> Callable[..., dict[str, Any]]:
    return build_word_row


@pytest.fixture
def draw() -> Callable[..., bytes]:
    return draw_jpeg


@pytest.fixture
def make_example() -> Callable[..., dict[str, Any]]:
    return build_example_row
