"""The sections of params.yaml as frozen dataclasses: every key with its unit and range, unknown keys refused.

Only what changes results stands here; devices, threads and addresses of servers come from the environment
(`weft.runtime`, `weft.tracking`), paths from dvc.yaml.
"""

from weft.params.crawl import Crawl, Demo, Shop
from weft.params.evaluate import Benchmark, Evaluate, LabelSet
from weft.params.file import Params, load_params
from weft.params.gate import QualityChecks
from weft.params.model import Model
from weft.params.prepare import Prepare
from weft.params.tagging import Audit, Calibrate
from weft.params.training import Finetune, TrainHead, Training
from weft.params.words import Clean, Vocabulary

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
