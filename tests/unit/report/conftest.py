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
from weft.contracts.tables import CONFUSIONS, EXAMPLES, PER_QUERY, PRODUCTS, SLICES
from weft.contracts.tagging import CALIBRATED_WORDS, CALIBRATION_CURVE, MISMATCHES, WORD_MAP
from weft.report.readers import ReportInputs
from weft.training_summary import TrainingSummary, write_training_summary

FROZEN, FINETUNED = "frozen backbone", "finetuned"
METRICS = {
    "benchmark": "catalogue",
    "reader": "catalogue",
    "counts": {"photos": 1800, "queries": 300},
    "notes": ["Ties go to the photo that comes first in the gallery."],
    "tables": {
        "retrieval": {
            FROZEN: {"recall_at_1": 0.312, "map_at_r": 0.2},
            "head only": {"recall_at_1": 0.312, "map_at_r": 0.2},
            FINETUNED: {"recall_at_1": 0.46449, "map_at_r": 0.19},
        },
        "zero_shot/sleeve_length": {FROZEN: {"top_1_accuracy": 0.5}, FINETUNED: {"top_1_accuracy": None}},
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
    "upper_bounds": {"retrieval": {"map_at_r": 0.9}},
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


def build_slice_row(slice_value: str, model: str, value: float, delta: float | None) -> dict[str, Any]:
    row = {"table": "retrieval", "slice": "colour", "slice_value": slice_value, "model": model, "metric": "recall_at_1"}
    counts = {"n": 20, "n_clusters": 9, "value": value, "ci_low": value - 0.05, "ci_high": value + 0.05}
    half_width = None if delta is None else 0.02
    return {
        **row,
        **counts,
        "delta": delta,
        "delta_ci_low": delta and delta - half_width,
        "delta_ci_high": delta and delta + half_width,
    }


def build_query_row(model: str, query: int, rank: int | None) -> dict[str, Any]:
    hit = float(rank == 1)
    row = {"table": "retrieval", "model": model, "query_id": f"q{query}", "product_id": f"p{query}"}
    return {**row, "cluster_id": query, "first_hit_rank": rank, "numerator": [hit], "denominator": [1.0]}


def build_word_row(number: int, word: str, **values: Any) -> dict[str, Any]:
    row = {"word_id": number, "word": word, "document_frequency": 40}
    decision = {"threshold": None, "reject_reason": "precision not reached", "precision_lower_bound": None}
    counts = {"val_products": 12, "val_predicted": 0, "val_true_positives": 0}
    tests = {"test_products": 20, "test_predicted": 0, "test_true_positives": 0}
    return {**row, **decision, **counts, **tests, "slope": 1.5, "intercept": 0.5, "roc_auc": 0.75, **values}


def build_product_row(product_id: str, **values: Any) -> dict[str, Any]:
    row = dict.fromkeys(PRODUCTS.schema.names)
    texts = {"title": "Blue shirt", "description": "", "url": f"http://{product_id.split('/')[0]}.example/p"}
    row |= {"product_id": product_id, "shop": product_id.split("/")[0], "categories": [], "attributes": [], **texts}
    return row | {name: value for name, value in values.items() if name in row}


COLOURS = ("black", "blue", "green", "red", "shoe", "shoes", "white", "yellow", "pink", "grey")
DENIM = {
    "threshold": -3.25,
    "reject_reason": "",
    "val_predicted": 15,
    "val_true_positives": 14,
    "precision_lower_bound": 0.8123,
}
DENIM |= {"test_predicted": 16, "test_true_positives": 12, "roc_auc": 0.97}


def build_mismatch_row(kind: str, rank: int, **values: Any) -> dict[str, Any]:
    row = {"kind": kind, "rank": rank, "product_id": f"alder/{rank}", "title": "Blue shirt"}
    row |= {"photo_id": f"alder/{rank}#0", "url": "http://alder.example/p/1"}
    prediction = {
        "predicted_word": "denim",
        "score": -2.0,
        "threshold": -3.25,
        "probability": 0.9,
        "neighbour_support": 0.8,
    }
    text_word = {"text_word": None, "text_word_percentile": None, "neighbour_text_support": None}
    pictures = {"nearest": ["alder/9#0"], "jpeg": draw_jpeg("red"), "nearest_jpegs": [draw_jpeg("blue")]}
    return {**row, **prediction, **text_word, **pictures, **values}


@dataclass
class SyntheticInputs:
    """Synthetic outputs of all stages before the report."""

    folder: Path

    @property
    def reports(self) -> Path:
        return self.folder / "benchmarks"

    @property
    def histories(self) -> dict[str, Path]:
        return {"train_head": self.folder / "head/history.csv", "finetune": self.folder / "model/history.csv"}

    @property
    def report_inputs(self) -> ReportInputs:
        names = ("benchmarks", "crawl", "clean", "vocabulary", "prepared", "head", "model", "calibration", "audit")
        return ReportInputs(**{name: self.folder / name for name in names})

    def add(
        self,
        name: str = "catalogue",
        metrics: dict[str, Any] | None = None,
        examples: Sequence[dict[str, Any]] | None = None,
        nearest: dict[str, list[tuple[str, float]]] | None = None,
        queries: Sequence[dict[str, Any]] = (),
        slices: Sequence[dict[str, Any]] = (),
        confusions: Sequence[dict[str, Any]] = (),
    ) -> None:
        folder = self.reports / name
        write_json(folder / files.METRICS, {**(METRICS if metrics is None else metrics), "benchmark": name})
        write_table(folder / files.EXAMPLES, build_default_examples() if examples is None else examples, EXAMPLES)
        write_table(folder / files.PER_QUERY, queries, PER_QUERY)
        write_table(folder / files.SLICES, slices, SLICES)
        write_table(folder / files.CONFUSIONS, confusions, CONFUSIONS)
        if nearest is not None:
            write_json(folder / files.NEAREST_WORDS, nearest)

    def add_products(self, rows: Sequence[dict[str, Any]]) -> None:
        write_table(self.report_inputs.crawl / files.PRODUCTS, rows, PRODUCTS)

    def add_training_summary(self, kept_epoch: int = 2, improved: bool = True) -> None:
        metrics = {"val_loss": 6.1, "val_map_at_r": 0.4, "val_tag_precision": 0.5}
        summary = TrainingSummary("finetune", "val_loss", "val_loss", kept_epoch, 2, improved, metrics, metrics)
        write_training_summary(self.report_inputs.model / files.TRAINING, summary)

    def add_mismatches(self, rows: Sequence[dict[str, Any]]) -> None:
        write_table(self.report_inputs.audit / files.MISMATCHES, rows, MISMATCHES)


def write_pipeline_outputs(inputs: SyntheticInputs) -> None:
    """Write the files that the report reads besides those of the benchmarks."""
    paths = inputs.report_inputs
    shop = {"products": 450, "photos": 1800, "photos_failed": 2, "coverage_colour": 0.5}
    write_json(paths.crawl / files.REPORT, {"shops": {"alder": {**shop, "failures": {"photo: HTTP 404": 2}}}})
    photos = {"train_photos": 1300, "test_photos": 400}
    products = {"products": 450, "train_products": 320, "test_products": 110}
    write_json(paths.prepared / files.REPORT, {"photos": photos, "products": products})
    write_json(paths.model / files.CONFIG, {"backbone": "mobilenet_v2", "embedding_dim": 8, "words": 2})
    write_json(paths.model / files.PREPROCESS, {"height": 128, "width": 96})
    (paths.model / files.DIGEST).write_text("ab" * 32 + "\n", encoding="utf-8")
    inputs.add_training_summary()
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
    colours = [build_word_row(2 + n, word, roc_auc=0.99) for n, word in enumerate(COLOURS)]
    words = [build_word_row(0, "denim", **DENIM), build_word_row(1, "washed", roc_auc=0.6), *colours]
    write_table(paths.calibration / files.CALIBRATED_WORDS, words, CALIBRATED_WORDS)
    columns = {name: [1.0, 1.0] for name in artefacts.WORD_PREDICTABILITY_COLUMNS} | {
        "word_id": [0, 1],
        "word": ["denim", "washed"],
    }
    counts = {"document_frequency": [9, 9], "val_photos": [5, 5], "somers_d": [1.0, 0.1]}
    counts |= {"somers_d_shrunk": [0.97, 0.12]}
    predictability = pd.DataFrame(columns | counts)
    artefacts.write_word_predictability(paths.head / files.WORD_PREDICTABILITY, predictability)
    bins = [
        {
            "word_group": "words with a probability",
            "bin": n,
            "count": n,
            "mean_predicted": 0.1,
            "fraction_positive": 0.2,
        }
        for n in range(10)
    ]
    bins[0] |= {"mean_predicted": None, "fraction_positive": None}
    write_table(paths.calibration / files.CALIBRATION_CURVE, bins, CALIBRATION_CURVE)
    map_values = {"x": 0.1, "y": 0.5, "roc_auc": 0.99, "nearest": ["washed", "denims"], "similarities": [0.81, 0.8]}
    map_rows = [{"word_id": n, "word": row["word"], **map_values, "x": n / 10} for n, row in enumerate(words)]
    map_rows[1]["roc_auc"] = 0.6
    write_table(paths.calibration / files.WORD_MAP, map_rows, WORD_MAP)
    totals = {"precision": 0.75, "recall": 0.6, "tags_per_product": 0.2, "share_of_products_tagged": 0.9}
    settings = {"model": "ab" * 32, "target_precision": 0.8, "confidence": 0.9, "min_products": 10}
    numbers = {"val_products": 60, "test_products": 110, "totals": totals}
    write_json(paths.calibration / files.CALIBRATION, settings | numbers)
    inputs.add_mismatches([])
    titles = {"alder/0": "Black coat", "alder/1": "Red shirt", "alder/2": "Blue shirt"}
    inputs.add_products([build_product_row(product_id, title=title) for product_id, title in titles.items()])


@pytest.fixture
def inputs(tmp_path: Path) -> SyntheticInputs:
    inputs = SyntheticInputs(tmp_path)
    write_pipeline_outputs(inputs)
    return inputs


@pytest.fixture
def filled(inputs: SyntheticInputs) -> SyntheticInputs:
    queries = [build_query_row(FROZEN, n, n) for n in (1, 2)] + [build_query_row(FINETUNED, n, 1) for n in (1, 2)]
    confusions = [
        {"slice": "category", "true_label": "Tunics", "predicted_label": label, "count": count}
        for label, count in (("Kurtas", 3), ("Tunics", 9))
    ]
    slices = [build_slice_row("red", FROZEN, 0.5, None), build_slice_row("red", FINETUNED, 0.6, 0.1)]
    inputs.add(
        nearest={"denim": [("jeans", 0.8125), ("washed", 0.5)]},
        queries=queries,
        slices=slices,
        confusions=confusions,
    )
    text_word = {"text_word": "wool", "text_word_percentile": 0.01, "neighbour_text_support": 0.05}
    inputs.add_mismatches([build_mismatch_row("contradicted", 0, **text_word), build_mismatch_row("missing", 0)])
    return inputs


@pytest.fixture
def make_mismatch() -> Callable[..., dict[str, Any]]:
    return build_mismatch_row


@pytest.fixture
def make_word() -> Callable[..., dict[str, Any]]:
    return build_word_row


@pytest.fixture
def make_product() -> Callable[..., dict[str, Any]]:
    return build_product_row


@pytest.fixture
def make_slice() -> Callable[..., dict[str, Any]]:
    return build_slice_row


@pytest.fixture
def make_query() -> Callable[..., dict[str, Any]]:
    return build_query_row


@pytest.fixture
def draw() -> Callable[..., bytes]:
    return draw_jpeg


@pytest.fixture
def make_example() -> Callable[..., dict[str, Any]]:
    return build_example_row
