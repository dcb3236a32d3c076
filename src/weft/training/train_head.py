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

from weft.data.bags import WeightedBags
from weft.data.samplers import Batch
from weft.model.embedder import Embedder
from weft.params import TrainHead, Training
from weft.training.checkpoint import CheckpointManager, compute_fingerprint
from weft.training.head_init import init_word_embeddings, rms_norm
from weft.training.history import EpochMetrics, EpochTiming
from weft.training.lr_schedule import LRSchedule, build_optimizer
from weft.training.objective import Objective, build_sampler, export_head_weights

_INITIAL_LOSS_PHOTOS = 1_024
"""Photos that the first loss is measured on."""


@dataclass(frozen=True)
class CachedEmbeddings:
    """The z of a split's photos and their words; row n of one is photo n of the other."""

    z: npt.NDArray[np.float16]
    """(photos, embedding_dim)"""
    bags: WeightedBags

    def digest(self) -> str:
        """Names these very photos."""
        return hashlib.sha256(np.ascontiguousarray(self.z).data).hexdigest() + self.bags.digest()


def train_head(
    train: CachedEmbeddings,
    val: CachedEmbeddings,
    vocabulary_size: int,
    training: Training,
    settings: TrainHead,
    device: str,
    checkpoint_dir: Path,
    on_epoch_end: Callable[[EpochMetrics, EpochTiming], None],
) -> tuple[dict[str, torch.Tensor], list[EpochMetrics]]:
    """Train W on cached embeddings.

    Args:
        train: Photos to train on.
        val: Photos the best epoch is chosen by.
        vocabulary_size: Rows of W.
        training: The section training of params.yaml.
        settings: The section train_head of params.yaml.
        device: Where to compute.
        state: Folder of the checkpoint; a killed training goes on from its last whole epoch.
        report: Told of each epoch as it ends.

    Returns:
        Of the epoch with the lowest val_loss "words", W, (vocabulary_size, embedding_dim), and, where settings ask for
        one, "bias", (vocabulary_size, 1); and the history.

    Raises:
        ModelError: The first loss is not that of knowing nothing.
    """
    bias = torch.zeros(vocabulary_size, 1) if training.logits.word_bias else None
    initial_words = init_word_embeddings(train.z, vocabulary_size, training.logits, training.seed)
    model = Embedder(nn.Identity(), initial_words, bias=bias).to(device)
    sampler = build_sampler(train.bags, vocabulary_size, training)
    objective = Objective(training.loss, training.logits, train.bags.count_words(vocabulary_size))
    head_lr = settings.optimizer.head_lr
    optimizer = build_optimizer([(model.head_parameters(), head_lr)], settings.optimizer)
    steps_per_epoch = sampler.count_steps(settings.batch_size)
    schedule = LRSchedule(optimizer, settings.lr_schedule, settings.epochs, steps_per_epoch)
    val_batches = list(sampler.eval_batches(val.bags, settings.batch_size))

    checkpoints = CheckpointManager(
        checkpoint_dir,
        compute_fingerprint(training, settings, train.digest(), val.digest(), vocabulary_size),
        model,
        optimizer,
        schedule,
    )
    if not checkpoints.history:
        z, batch = next(_iter_cached_batches(train.z, sampler.eval_batches(train.bags, _INITIAL_LOSS_PHOTOS), device))
        objective.check_initial_loss(z, model, batch)
        initial_val_loss = objective.validate(_iter_cached_batches(val.z, val_batches, device), model)
        checkpoints.end_epoch(EpochMetrics(0, float("nan"), initial_val_loss, head_lr))
    while len(checkpoints.history) <= settings.epochs and not checkpoints.should_stop(settings.early_stopping_patience):
        started_at, total, epoch = time.monotonic(), 0.0, len(checkpoints.history)
        generator = torch.Generator().manual_seed(training.seed * 1_000_003 + epoch)
        for z, batch in _iter_cached_batches(train.z, sampler.sample_epoch(epoch, settings.batch_size), device):
            loss = objective(z, model, batch, generator)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step_batch()
            total += float(loss.detach()) * len(z)
        val_loss = objective.validate(_iter_cached_batches(val.z, val_batches, device), model)
        seconds = time.monotonic() - started_at
        mean, lr = total / len(sampler), optimizer.param_groups[-1]["lr"]
        checkpoints.end_epoch(EpochMetrics(epoch, mean, val_loss, lr, sampler.max_draws(epoch), sampler.n_capped))
        on_epoch_end(checkpoints.history[-1], EpochTiming(seconds, 0.0, len(sampler) / seconds))
    exported = export_head_weights(checkpoints.best_weights["words"], training.logits, rms_norm(train.z))
    return {**checkpoints.best_weights, "words": exported}, checkpoints.history


def _iter_cached_batches(
    z: npt.NDArray[np.float16], batches: Iterable[Batch], device: str
) -> Iterator[tuple[torch.Tensor, Batch]]:
    for batch in batches:
        yield torch.from_numpy(z[batch.photo_indices].astype(np.float32)).to(device), batch
