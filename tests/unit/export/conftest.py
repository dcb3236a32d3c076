import json
import shutil
from pathlib import Path

import pytest

from weft.contracts import files
from weft.export.card_facts import ProjectFolders
from weft.training_summary import TrainingSummary, write_training_summary

METRICS = {
    "benchmark": "catalogue",
    "reader": "catalogue",
    "counts": {"photos": 12},
    "notes": ["Ties go to the photo that comes first in the gallery."],
    "tables": {
        "retrieval": {"frozen backbone": {"recall_at_1": 0.3}, "finetuned": {"recall_at_1": 0.46, "map_at_r": None}},
        "tagging": {"finetuned": {"precision_at_5": 0.7}},
    },
    "intervals": {"retrieval": {"finetuned": {"recall_at_1": [0.43, 0.5]}}},
}
LOCK = """
schema: '2.0'
stages:
  finetune:
    params:
      params.yaml:
        finetune.epochs: 4
        model.weights: imagenet
"""


def write_json(path: Path, values: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))


@pytest.fixture
def project(tmp_path, saved_model, calibration):
    """What the pipeline writes, as far as a model card reads it."""
    model = shutil.copytree(saved_model, tmp_path / "models" / "embedder")
    val = {"val_loss": 2.0, "val_map_at_r": 0.4, "val_tag_precision": 0.5}
    kept = val | {"val_map_at_r": 0.6}
    summary = TrainingSummary("finetune", "val_map_at_r", "val_map_at_r", 3, 4, True, val, kept)
    write_training_summary(model / files.TRAINING, summary)
    thresholds = shutil.copytree(calibration, tmp_path / "models" / "calibration")
    totals = {"words": 8, "calibrated_words": 2, "precision": 0.81, "recall": None, "tags_per_product": 1.5}
    settings = json.loads((thresholds / files.CALIBRATION).read_text()) | {"target_precision": 0.8, "totals": totals}
    write_json(thresholds / files.CALIBRATION, settings)
    data, reports = tmp_path / "data", tmp_path / "reports"
    write_json(data / "crawl" / files.REPORT, {"shops": {"alder": {}, "<b>bold</b>": {}}})
    languages = {"alder": {"de": {"products": 3}}, "<b>bold</b>": {"de": {"products": 1}, "en": {"products": 9}}}
    write_json(data / "clean" / files.LANGUAGES, languages)
    photos = {"train_photos": 8, "test_photos": 4}
    products = {"products": 6, "train_products": 4, "test_products": 2}
    write_json(data / "prepared" / files.REPORT, {"photos": photos, "products": products})
    write_json(reports / "benchmarks" / "catalogue" / files.METRICS, METRICS)
    (data / "embeddings" / "catalogue").mkdir(parents=True)
    shutil.copyfile(model / files.DIGEST, data / "embeddings" / "catalogue" / files.DIGEST)
    (tmp_path / "dvc.lock").write_text(LOCK)
    return ProjectFolders(tmp_path, data, reports, model, thresholds)
