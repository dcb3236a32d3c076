"""Stage 1: the encoder is frozen, so its z is computed once and W alone is trained on the cached matrix.

Exact as long as there is no augmentation and batch norm is in eval mode: no photo is decoded twenty times for nothing.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from weft.data.bags import Bags
from weft.data.samplers import Batch
from weft.model.embedder import Embedder
from weft.params import FitWords
from weft.training.checkpoint import fingerprint
from weft.training.first_words import first_words, typical_length
from weft.training.journal import Journal
from weft.training.objective import Objective, finished_words, training_sampler
from weft.training.record import EpochCost, EpochRecord
from weft.training.schedule import Schedule, build_optimizer

_FIRST_PHOTOS = 1_024
"""Photos that the first loss is measured on."""


@dataclass(frozen=True)
class CachedPhotos:
    """The z of a split's photos and their words; row n of one is photo n of the other."""

    z: npt.NDArray[np.float16]
    """(photos, embedding_dim)"""
    bags: Bags

    def digest(self) -> str:
        """Names these very photos."""
        return hashlib.sha256(np.ascontiguousarray(self.z).data).hexdigest() + self.bags.digest()


def fit_words(
    train: CachedPhotos,
    val: CachedPhotos,
    vocabulary_size: int,
    settings: FitWords,
    device: str,
    state: Path,
    report: Callable[[EpochRecord, EpochCost], None],
) -> tuple[dict[str, torch.Tensor], list[EpochRecord]]:
    """Train W on cached embeddings.

    Args:
        train: Photos to train on.
        val: Photos the best epoch is chosen by.
        vocabulary_size: Rows of W.
        settings: Schedule, loss, sampling.
        device: Where to compute.
        state: Folder of the checkpoint; a killed training goes on from its last whole epoch.
        report: Told of each epoch as it ends.

    Returns:
        Of the epoch with the lowest val_loss "words", W, (vocabulary_size, embedding_dim), and, where settings ask for
        one, "bias", (vocabulary_size, 1); and the history.

    Raises:
        ModelError: The first loss is not that of knowing nothing.
    """
    bias = torch.zeros(vocabulary_size, 1) if settings.bias else None
    model = Embedder(nn.Identity(), first_words(train.z, vocabulary_size, settings), bias=bias).to(device)
    sampler = training_sampler(train.bags, vocabulary_size, settings)
    objective = Objective(settings, train.bags.photo_counts(vocabulary_size))
    optimizer = build_optimizer([(model.head(), settings.word_learning_rate)], settings)
    schedule = Schedule(optimizer, settings, steps_per_epoch=sampler.steps(settings.batch_size))
    yardstick = list(sampler.expected(val.bags, settings.batch_size))

    journal = Journal(
        state, fingerprint(settings, train.digest(), val.digest(), vocabulary_size), model, optimizer, schedule
    )
    if not journal.history:
        z, batch = next(_embedded(train.z, sampler.expected(train.bags, _FIRST_PHOTOS), device))
        objective.check_first_loss(z, model, batch)
        untrained = objective.validate(_embedded(val.z, yardstick, device), model)
        journal.add(EpochRecord(0, float("nan"), untrained, settings.word_learning_rate))
    while len(journal.history) <= settings.epochs and not journal.gives_up(settings.early_stop):
        began, total, epoch = time.monotonic(), 0.0, len(journal.history)
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + epoch)
        for z, batch in _embedded(train.z, sampler.epoch(epoch, settings.batch_size), device):
            loss = objective(z, model, batch, generator)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.after_step()
            total += float(loss.detach()) * len(z)
        val_loss = objective.validate(_embedded(val.z, yardstick, device), model)
        seconds = time.monotonic() - began
        mean, rate = total / len(sampler), optimizer.param_groups[-1]["lr"]
        journal.add(EpochRecord(epoch, mean, val_loss, rate, sampler.most_drawn(epoch), sampler.capped))
        report(journal.history[-1], EpochCost(seconds, 0.0, len(sampler) / seconds))
    finished = finished_words(journal.best["words"], settings, typical_length(train.z))
    return {**journal.best, "words": finished}, journal.history


def _embedded(
    z: npt.NDArray[np.float16], batches: Iterable[Batch], device: str
) -> Iterator[tuple[torch.Tensor, Batch]]:
    for batch in batches:
        yield torch.from_numpy(z[batch.photos].astype(np.float32)).to(device), batch
