"""The sections of params.yaml as frozen dataclasses. Each key has a type, a range and a description.

params.yaml holds only what changes results. Devices, threads and server addresses come from the environment
(`weft.runtime`, `weft.tracking`), paths from dvc.yaml. docs/params.md is generated from these classes
(`python -m weft.params.reference`).
"""

from weft.params.crawl import Crawl, Demo, QualityChecks, Shop
from weft.params.evaluate import Audit, Benchmark, Calibrate, Evaluate, LabelSet
from weft.params.file import Params, load_params
from weft.params.model import ModelParams
from weft.params.photos import Prepare
from weft.params.stages import (
    Augmentation,
    BagSimilarity,
    CosineSchedule,
    Finetune,
    FinetuneAdamW,
    FinetuneOptimizer,
    FinetuneSGD,
    HeadAdamW,
    HeadOptimizer,
    HeadSGD,
    OneCycleSchedule,
    PlateauSchedule,
    PredictabilityWordWeighting,
    ScheduleSettings,
    ThresholdWordWeighting,
    TrainHead,
    UniformWordWeighting,
    WordWeighting,
)
from weft.params.text import Clean, Vocabulary
from weft.params.training import (
    BinaryCrossEntropyLoss,
    ContrastiveLoss,
    CosineLogits,
    DotProductLogits,
    FullSoftmaxLoss,
    Logits,
    Loss,
    SampledSoftmaxLoss,
    Sampling,
    Training,
)

__all__ = [
    "Audit",
    "Augmentation",
    "BagSimilarity",
    "Benchmark",
    "BinaryCrossEntropyLoss",
    "Calibrate",
    "Clean",
    "ContrastiveLoss",
    "CosineLogits",
    "CosineSchedule",
    "Crawl",
    "Demo",
    "DotProductLogits",
    "Evaluate",
    "Finetune",
    "FinetuneAdamW",
    "FinetuneOptimizer",
    "FinetuneSGD",
    "FullSoftmaxLoss",
    "HeadAdamW",
    "HeadOptimizer",
    "HeadSGD",
    "LabelSet",
    "Logits",
    "Loss",
    "ModelParams",
    "OneCycleSchedule",
    "Params",
    "PlateauSchedule",
    "PredictabilityWordWeighting",
    "Prepare",
    "QualityChecks",
    "SampledSoftmaxLoss",
    "Sampling",
    "ScheduleSettings",
    "Shop",
    "ThresholdWordWeighting",
    "TrainHead",
    "Training",
    "UniformWordWeighting",
    "Vocabulary",
    "WordWeighting",
    "load_params",
]
