"""Stage 1: train W, a linear head, on the cached embeddings z of the frozen encoder.

The encoder is in eval mode and photos are not augmented, so that z is the same in every epoch and is computed once.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

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
from weft.training.run_context import RunContext

_INITIAL_LOSS_PHOTOS = 1_024
"""Photos on which the initial loss is measured."""


@dataclass(frozen=True)
class CachedEmbeddings:
    """The embeddings z of the photos of a split and their bags of words, in the same order."""

    z: npt.NDArray[np.float16]
    """(photos, embedding_dim)"""
    bags: WeightedBags

    def digest(self) -> str:
        """Return a hash of the embeddings and the words."""
        return hashlib.sha256(np.ascontiguousarray(self.z).data).hexdigest() + self.bags.digest()


def train_head(
    train: CachedEmbeddings,
    val: CachedEmbeddings,
    vocabulary_size: int,
    training: Training,
    settings: TrainHead,
    context: RunContext,
    *,
    on_epoch_end: Callable[[EpochMetrics, EpochTiming], None],
) -> tuple[dict[str, torch.Tensor], list[EpochMetrics]]:
    """Train W on cached embeddings.

    Args:
        train: Photos to train on.
        val: Photos by which the best epoch is chosen.
        vocabulary_size: Rows of W.
        training: The section training of params.yaml.
        settings: The section train_head of params.yaml.
        context: Device and folder of the checkpoint; a killed training continues from its last complete epoch.
        on_epoch_end: Called at the end of each epoch.

    Returns:
        The tensors of the epoch with the lowest val_loss: "words", W, (vocabulary_size, embedding_dim), and, if
        `training.logits.word_bias`, "bias", (vocabulary_size, 1). And the metrics of each epoch.

    Raises:
        ModelError: The initial loss is not close to ln(vocabulary_size), the loss of a uniform prediction.
    """
    device = context.device
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
        context,
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
    while not checkpoints.is_finished(settings.epochs, settings.early_stopping_patience):
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
