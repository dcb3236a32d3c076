from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

from weft.data.bags import bags_of
from weft.model.embedder import Embedder, initial_words
from weft.params import Finetune, FitWords
from weft.training.fit_words import CachedPhotos

VOCABULARY = 6

_FIT_WORDS = FitWords(
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
def fit_words_settings():
    return lambda **changes: replace(_FIT_WORDS, **changes)


@pytest.fixture
def finetune_settings():
    def settings(**changes):
        own = {
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
        return Finetune(**asdict(_FIT_WORDS) | own | changes)

    return settings


@pytest.fixture
def cached():
    """Photos of four kinds whose z tells their word, and a few without words."""

    def make(photos, seed):
        random = np.random.default_rng(seed)
        kinds = random.integers(4, size=photos)
        z = np.eye(4, 8)[kinds] * 2 + random.normal(0, 0.2, (photos, 8))
        bags = [[] if n % 7 == 3 else sorted([int(kind), 4, *[5] * (n % 3)]) for n, kind in enumerate(kinds)]
        return CachedPhotos(z.astype(np.float16), bags_of(bags))

    return make


class _Toy(nn.Sequential):
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
            return Embedder(_Toy(), initial_words(VOCABULARY, 8, seed=1))

    return make
