from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter
from torch import nn
from two_processes import open_stored_photos

from weft.bags import build_word_bags
from weft.model.embedder import Embedder, make_random_word_embeddings
from weft.params import Finetune, TrainHead, Training
from weft.training.train_head import CachedEmbeddings

VOCABULARY = 6

_TRAINING: dict[str, Any] = {
    "seed": 1,
    "targets": "soft_targets",
    "sampling": {"inverse_frequency_exponent": 0.0, "max_photo_repeats": 0, "count_repeated_words": True},
    "loss": "full_softmax",
    "logits": "dot_product",
}
_STAGE: dict[str, Any] = {
    "epochs": 4,
    "batch_size": 4,
    "description_weight": 1.0,
    "optimizer": "adamw",
    "lr_schedule": "one_cycle",
    "keep_best_by": "val_loss",
    "early_stopping_patience": 0,
}
_FINETUNE: dict[str, Any] = {
    "augmentation": {"horizontal_flip": True, "max_translate_px": 2, "min_crop_scale": 1.0},
    "word_weighting": "none",
    "downweight_redundant_words": False,
    "bag_similarity": {"weight": 0.0, "temperature": 0.1},
    "discard_projection_head": False,
    "retrain_head": False,
    "wise_ft_weight": 0.0,
    "ema_decay": 0.0,
    "amp_dtype": "auto",
    "freeze_batch_norm": False,
    "frozen_modules": (),
}
_VARIANT_KEYS: dict[tuple[str, str], dict[str, Any]] = {
    ("loss", "sampled_softmax"): {"num_negatives": 3, "share_negatives_in_batch": False, "logq_correction": False},
    ("logits", "cosine"): {"temperature": 0.5},
    ("lr_schedule", "plateau"): {"patience": 1},
}
"""The keys of a loss, kind of logits or schedule that differ from the defaults in these tests."""


class StageSettings(NamedTuple):
    """The two sections that a training stage reads, in the order in which its functions take them."""

    training: Training
    stage: Any


def _override(section: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return `section` with `changes`; a nested section may be changed in part, a variant be given by its name."""
    changed = dict(section)
    for key, value in changes.items():
        is_partial = isinstance(value, dict) and isinstance(section[key], dict) and "name" not in value
        changed[key] = section[key] | value if is_partial else value
    return changed


def _expand_variants(section: dict[str, Any], rates: dict[str, float]) -> dict[str, Any]:
    expanded = dict(section)
    for key in {"loss", "logits", "optimizer", "lr_schedule", "word_weighting"} & set(section):
        variant = {"name": section[key]} if isinstance(section[key], str) else section[key]
        expanded[key] = (rates if key == "optimizer" else {}) | _VARIANT_KEYS.get((key, variant["name"]), {}) | variant
    return expanded


def _build(stage_class: type, stage: dict[str, Any], rates: dict[str, float], changes: dict[str, Any]) -> StageSettings:
    training_changes = {key: value for key, value in changes.items() if key in _TRAINING}
    stage_changes = {key: value for key, value in changes.items() if key not in _TRAINING}
    training = _expand_variants(_override(_TRAINING, training_changes), {})
    section = _expand_variants(_override(stage, stage_changes), rates)
    return StageSettings(
        TypeAdapter(Training).validate_python(training), TypeAdapter(stage_class).validate_python(section)
    )


@pytest.fixture
def train_head_settings():
    """Return a function that builds the sections training and train_head, with some keys changed."""
    return lambda **changes: _build(TrainHead, _STAGE, {"head_lr": 0.05, "weight_decay": 0.01}, changes)


@pytest.fixture(scope="session")
def finetune_settings():
    """Return a function that builds the sections training and finetune, with some keys changed."""
    rates = {"head_lr": 0.05, "backbone_lr": 0.01, "layerwise_lr_decay": 1.0, "weight_decay": 0.01}
    return lambda **changes: _build(Finetune, _STAGE | _FINETUNE, rates, changes)


@pytest.fixture
def cached():
    """Photos of four kinds whose z tells their word, and a few without words."""

    def make(photos, seed):
        rng = np.random.default_rng(seed)
        kinds = rng.integers(4, size=photos)
        z = np.eye(4, 8)[kinds] * 2 + rng.normal(0, 0.2, (photos, 8))
        bags = [[] if n % 7 == 3 else sorted([int(kind), 4, *[5] * (n % 3)]) for n, kind in enumerate(kinds)]
        return CachedEmbeddings(z.astype(np.float16), build_word_bags(bags), products=np.arange(photos) // 2)

    return make


class _ToyNetwork(nn.Sequential):
    """Two convolutions with everything that makes resuming hard: batch norm and dropout."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 6, 5, stride=4),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Conv2d(6, 8, 3, stride=2),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.2),
        )


@pytest.fixture
def toy():
    """The same small untrained model at every call."""

    def make():
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return Embedder(_ToyNetwork(), make_random_word_embeddings(VOCABULARY, 8, seed=1))

    return make


@pytest.fixture(scope="session")
def stored(tmp_path_factory, write_prepared):
    """Photos whose colour is their first word; all of them carry word 4."""

    def make(name, photos):
        folder = write_prepared(tmp_path_factory.mktemp(name) / name, [[n % 4, 4] for n in range(photos)])
        return open_stored_photos(folder, folder.with_suffix(".arrow"))

    return make


@pytest.fixture(scope="session")
def train(stored):
    return stored("train", 33)


@pytest.fixture(scope="session")
def val(stored):
    return stored("val", 8)
