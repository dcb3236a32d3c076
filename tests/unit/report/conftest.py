import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image, ImageDraw

from weft import tables
from weft.contracts import files
from weft.contracts.tables import EXAMPLES

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
}
HISTORY = "epoch,train_loss,val_loss,learning_rate\n1,6.5,6.4,0.001\n2,5.9,6.1,0.0001\n"


def jpeg(colour: str, size: tuple[int, int] = (48, 64)) -> bytes:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle((8, 8, size[0] - 8, size[1] - 8), fill=colour)
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG")
    return buffer.getvalue()


def example(kind: str, model: str, rank: int, photo: bytes, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": kind, "model": model, "example": 0, "rank": rank, "photo_id": f"alder/{rank}#0",
        "product_id": f"alder/{rank}", "jpeg": photo, "score": None, "correct": None, "predicted": [], "truth": [],
    }  # fmt: skip
    return {**row, **values}


def default_examples() -> list[dict[str, Any]]:
    query, red, blue = jpeg("black"), jpeg("red"), jpeg("blue")
    rows = []
    for model, right in ((FROZEN, False), (FINETUNED, True)):
        rows.append(example("retrieval", model, 0, query))
        rows.append(example("retrieval", model, 1, red, score=0.875, correct=right))
        rows.append(example("retrieval", model, 2, blue, score=0.5, correct=False))
        rows.append(example("tags", model, 0, query, predicted=["denim", "shirt"], truth=["blue", "denim"]))
    return rows


@dataclass
class Inputs:
    """A folder of made-up reports and the histories beside it."""

    folder: Path

    @property
    def reports(self) -> Path:
        return self.folder / "benchmarks"

    @property
    def histories(self) -> dict[str, Path]:
        return {stage: self.folder / f"{stage}.csv" for stage in ("fit_words", "finetune")}

    def add(
        self,
        name: str = "catalogue",
        metrics: dict[str, Any] | None = None,
        examples: Sequence[dict[str, Any]] | None = None,
        nearest: dict[str, list[tuple[str, float]]] | None = None,
    ) -> None:
        folder = self.reports / name
        folder.mkdir(parents=True)
        values = {**(METRICS if metrics is None else metrics), "benchmark": name}
        (folder / files.METRICS).write_text(json.dumps(values), encoding="utf-8")
        rows = default_examples() if examples is None else list(examples)
        tables.write(folder / files.EXAMPLES, pa.Table.from_pylist(rows, schema=EXAMPLES.schema), EXAMPLES)
        if nearest is not None:
            (folder / files.NEAREST_WORDS).write_text(json.dumps(nearest), encoding="utf-8")


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    made = Inputs(tmp_path)
    for path in made.histories.values():
        path.write_text(HISTORY, encoding="utf-8")
    return made


@pytest.fixture
def filled(inputs: Inputs) -> Inputs:
    inputs.add(nearest={"denim": [("jeans", 0.8125), ("washed", 0.5)]})
    return inputs


@pytest.fixture
def draw() -> Callable[..., bytes]:
    return jpeg


@pytest.fixture
def make_example() -> Callable[..., dict[str, Any]]:
    return example
