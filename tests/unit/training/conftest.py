from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

from weft.data.bags import build_weighted_bags
from weft.model.embedder import Embedder, make_random_word_embeddings
from weft.params import Finetune, TrainHead
from weft.training.train_head import CachedEmbeddings

VOCABULARY = 6

_TRAIN_HEAD_SETTINGS = TrainHead(
    seed=1,
    target="all_words",
    balance=0.0,
    most_draws=0,
    repeats=True,
    described=1.0,
    loss="full_softmax",
    negatives=3,
    shared_negatives=False,
    proposal="uniform",
    correction=False,
    mask_true_words=False,
    bias=False,
    normalise=False,
    temperature=0.5,
    optimizer="adamw",
    momentum=0.9,
    weight_decay=0.01,
    schedule="one_cycle",
    patience=1,
    warm_up=0.0,
    early_stop=0,
    word_learning_rate=0.05,
    batch_size=4,
    epochs=4,
)


@pytest.fixture
def train_head_settings():
    return lambda **changes: replace(_TRAIN_HEAD_SETTINGS, **changes)


@pytest.fixture
def finetune_settings():
    def settings(**changes):
        finetune_only = {
            "visualness": "ignore",
            "min_visualness": 0.3,
            "redundancy": "ignore",
            "similarity": 0.0,
            "similarity_temperature": 0.1,
            "fold_projection": False,
            "refit_words": False,
            "first_share": 0.0,
            "learning_rate": 0.01,
            "layer_decay": 1.0,
            "ema": 0.0,
            "precision": "auto",
            "flip": True,
            "shift": 2,
            "crop": 1.0,
            "freeze_batch_norm": False,
            "frozen": (),
        }
        return Finetune(**asdict(_TRAIN_HEAD_SETTINGS) | finetune_only | changes)

    return settings


@pytest.fixture
def cached():
    """Photos of four kinds whose z tells their word, and a few without words."""

    def make(photos, seed):
        rng = np.random.default_rng(seed)
        kinds = rng.integers(4, size=photos)
        z = np.eye(4, 8)[kinds] * 2 + rng.normal(0, 0.2, (photos, 8))
        bags = [[] if n % 7 == 3 else sorted([int(kind), 4, *[5] * (n % 3)]) for n, kind in enumerate(kinds)]
        return CachedEmbeddings(z.astype(np.float16), build_weighted_bags(bags))

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
