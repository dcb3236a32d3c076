"""The sections of params.yaml as frozen dataclasses: every key with its unit and range, unknown keys refused.

Only what changes results stands here; devices, threads and addresses of servers come from the environment
(`weft.runtime`, `weft.tracking`), paths from dvc.yaml.
"""

from weft.params.crawl import Crawl, Demo, QualityChecks, Shop
from weft.params.evaluate import Audit, Benchmark, Calibrate, Evaluate, LabelSet
from weft.params.file import Params, load_params
from weft.params.model import Finetune, Model, TrainHead, Training
from weft.params.photos import Prepare
from weft.params.text import Clean, Vocabulary

__all__ = [
    "Audit",
    "Benchmark",
    "Calibrate",
    "Clean",
    "Crawl",
    "Demo",
    "Evaluate",
    "Finetune",
    "TrainHead",
    "QualityChecks",
    "LabelSet",
    "Model",
    "Params",
    "Prepare",
    "Shop",
    "Training",
    "Vocabulary",
    "load_params",
]
