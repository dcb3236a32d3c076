"""Stage 1: train W, a linear head, on the cached embeddings z of the frozen encoder.

The encoder is in eval mode and the photos are not augmented. So z is the same in every epoch and is computed only once.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from weft.bags import WordBags
from weft.contracts.arrays import Ints
from weft.data.samplers import Batch
from weft.model.embedder import Embedder
from weft.params import TrainHead, Training
from weft.training.checkpoint import CheckpointManager, compute_fingerprint
from weft.training.head_init import init_word_embeddings, rms_norm
from weft.training.history import EpochMetrics, EpochTiming
from weft.training.lr_schedule import LRSchedule, build_optimizer
from weft.training.objective import Objective, build_sampler, export_head_weights
from weft.training.run_context import RunContext
from weft.training.val_metrics import ValMetrics, ValSample, measure_words

_INITIAL_LOSS_PHOTOS = 1_024
"""Photos on which the initial loss is measured."""
_EPOCH_SEED_STRIDE = 1_000_003
"""The seed of an epoch is training.seed times this prime plus the epoch, so that no two trainings share seeds."""


@dataclass(frozen=True)
class CachedEmbeddings:
    """The embeddings z of the photos of one split, their bags of words and their products, in the same order."""

    z: npt.NDArray[np.float16]
    """(photos, embedding_dim)"""
    bags: WordBags
    products: Ints
    """(photos,) the product of each photo as an integer."""

    def digest(self) -> str:
        """Return a hash of the embeddings, the words and the products."""
        arrays = (self.z, self.products)
        hashes = [hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() for array in arrays]
        return "".join([*hashes, self.bags.digest()])


class _CachedValidation:
    """Measures a W on the cached z of val."""

    def __init__(self, val: CachedEmbeddings, batches: list[Batch], objective: Objective, device: str) -> None:
        self._z, self._batches, self._objective, self._device = val.z, batches, objective, device
        self._sample = ValSample(val.bags, val.products, batches)
        # W does not change how photos are retrieved, so this is the same in all epochs.
        sampled_z = torch.from_numpy(val.z[self._sample.photos].astype(np.float32))
        self._map_at_r = self._sample.compute_map_at_r(sampled_z.to(device))

    def measure(self, model: Embedder) -> tuple[ValMetrics, float]:
        """Return the metrics of the W of `model`, and the seconds that they took."""
        started_at = time.monotonic()
        embedded_batches = _iter_cached_batches(self._z, self._batches, self._device)
        val_loss, tag_precision = measure_words(embedded_batches, model, self._objective, self._sample)
        return ValMetrics(val_loss, self._map_at_r, tag_precision), time.monotonic() - started_at


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
        val: Photos on which each epoch is measured, to decide which one is the best.
        vocabulary_size: Number of words, the rows of W.
        training: The section training of params.yaml.
        settings: The section train_head of params.yaml.
        context: Device and folder of the checkpoint; a killed training continues from its last complete epoch.
        on_epoch_end: Called at the end of each epoch, and for epoch 0 before the first step.

    Returns:
        The tensors of the best epoch by `settings.keep_best_by`, and the metrics of each epoch. The tensors are
        "words", which is W, (vocabulary_size, embedding_dim), and "bias", (vocabulary_size, 1), if
        `training.logits.word_bias`.

    Raises:
        ModelError: The initial loss is not close to ln(vocabulary_size), the loss of a uniform prediction.
    """
    device = context.device
    model = _build_head(train.z, vocabulary_size, training).to(device)
    sampler = build_sampler(train.bags, vocabulary_size, training)
    objective = Objective(training.loss, training.logits, train.bags.count_words(vocabulary_size))
    head_lr = settings.optimizer.head_lr
    optimizer = build_optimizer([(model.head_parameters(), head_lr)], settings.optimizer)
    schedule = LRSchedule(optimizer, settings.lr_schedule, settings.epochs, sampler.count_steps(settings.batch_size))
    fingerprint = compute_fingerprint(training, settings, train.digest(), val.digest(), vocabulary_size)
    checkpoints = CheckpointManager(context, fingerprint, model, optimizer, schedule, settings.keep_best_by)
    validation = _CachedValidation(val, list(sampler.eval_batches(val.bags, settings.batch_size)), objective, device)

    def end_epoch(metrics: EpochMetrics, timing: EpochTiming) -> None:
        checkpoints.end_epoch(metrics)
        on_epoch_end(metrics, timing)

    if not checkpoints.history:
        z, batch = next(_iter_cached_batches(train.z, sampler.eval_batches(train.bags, _INITIAL_LOSS_PHOTOS), device))
        objective.check_initial_loss(z, model, batch)
        val_metrics, val_seconds = validation.measure(model)
        end_epoch(EpochMetrics(0, float("nan"), *val_metrics, head_lr), EpochTiming(0.0, 0.0, 0.0, val_seconds))
    while not checkpoints.is_finished(settings.epochs, settings.early_stopping_patience):
        started_at, epoch = time.monotonic(), len(checkpoints.history)
        generator = torch.Generator().manual_seed(training.seed * _EPOCH_SEED_STRIDE + epoch)
        batches = _iter_cached_batches(train.z, sampler.sample_epoch(epoch, settings.batch_size), device)
        mean = _train_epoch(model, objective, batches, optimizer, schedule, generator) / len(sampler)
        lr, seconds = optimizer.param_groups[-1]["lr"], time.monotonic() - started_at
        val_metrics, val_seconds = validation.measure(model)
        metrics = EpochMetrics(epoch, mean, *val_metrics, lr, sampler.max_draws(epoch), sampler.n_capped)
        end_epoch(metrics, EpochTiming(seconds, 0.0, len(sampler) / seconds, val_seconds))
    exported = export_head_weights(checkpoints.best_weights["words"], training.logits, rms_norm(train.z))
    return {**checkpoints.best_weights, "words": exported}, checkpoints.history


def _build_head(z: npt.NDArray[np.float16], vocabulary_size: int, training: Training) -> Embedder:
    """Return a model without an encoder: a random W that fits the norm of z, and a zero bias if it is configured."""
    bias = torch.zeros(vocabulary_size, 1) if training.logits.word_bias else None
    words = init_word_embeddings(z, vocabulary_size, training.logits, training.seed)
    return Embedder(nn.Identity(), words, bias=bias)


def _train_epoch(
    model: Embedder,
    objective: Objective,
    batches: Iterable[tuple[torch.Tensor, Batch]],
    optimizer: torch.optim.Optimizer,
    schedule: LRSchedule,
    generator: torch.Generator,
) -> float:
    """Take one step per batch and return the sum of the losses of all photos."""
    total = 0.0
    for z, batch in batches:
        loss = objective(z, model, batch, generator)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step_batch()
        total += float(loss.detach()) * len(z)
    return total


def _iter_cached_batches(
    z: npt.NDArray[np.float16], batches: Iterable[Batch], device: str
) -> Iterator[tuple[torch.Tensor, Batch]]:
    """Yield the embeddings of each batch, (batch, embedding_dim) in float32, with the batch."""
    for batch in batches:
        yield torch.from_numpy(z[batch.photo_indices].astype(np.float32)).to(device), batch
