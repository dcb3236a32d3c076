"""Stage 1: train W, a linear head, on the cached embeddings z of the frozen encoder.

The encoder is in eval mode and the photos are not augmented. So z is the same in every epoch and is computed only once.
"""

import hashlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from weft.bags import WordBags
from weft.contracts.arrays import Ints
from weft.data.samplers import Batch, Sampler
from weft.device_prefetch import prefetch_to_device
from weft.model.embedder import Embedder
from weft.params import TrainHead, Training
from weft.runtime import compile_options, explain_oom, find_fitting_size, fits_on_gpu
from weft.training.checkpoint import CheckpointManager, compute_fingerprint
from weft.training.head_init import init_word_embeddings, rms_norm
from weft.training.history import EpochMetrics, EpochTiming
from weft.training.lr_schedule import LRSchedule, build_optimizer
from weft.training.objective import Objective, build_sampler, export_head_weights
from weft.training.run_context import RunContext
from weft.training.stored_embeddings import StoredEmbeddings
from weft.training.targets import Targets
from weft.training.val_metrics import ValBatch, ValMetrics, ValSample, measure_words

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

    def __init__(self, val: CachedEmbeddings, batches: list[Batch], objective: Objective, context: RunContext) -> None:
        self._batches, self._objective, self._context = batches, objective, context
        self._sample = ValSample(val.bags, val.products, batches)
        self._z = _store(val.z, context.device)
        # W does not change how photos are retrieved, so this is the same in all epochs.
        sampled_z = torch.from_numpy(val.z[self._sample.photos].astype(np.float32))
        self._map_at_r = self._sample.compute_map_at_r(sampled_z.to(context.device))

    def measure(self, model: Embedder) -> tuple[ValMetrics, float]:
        """Return the metrics of the W of `model`, and the seconds that they took."""
        started_at = time.monotonic()
        val_loss, tag_precision = measure_words(self._iter_embedded(), model, self._objective, self._sample)
        return ValMetrics(val_loss, self._map_at_r, tag_precision), time.monotonic() - started_at

    def _iter_embedded(self) -> Iterator[tuple[torch.Tensor, ValBatch]]:
        def load(batch: Batch) -> tuple[torch.Tensor, ValBatch]:
            return self._z.load(batch.photo_indices), self._sample.prepare(batch, self._objective)

        for rows, batch in prefetch_to_device(load, self._batches, self._context.workers, self._context.device):
            yield self._z.gather(rows), batch


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
        context: Device, threads and folder of the checkpoint, from which a killed training continues.
        on_epoch_end: Called at the end of each epoch, and for epoch 0 before the first step.

    Returns:
        The tensors of the best epoch by `settings.keep_best_by`, "words" for W, (vocabulary_size, embedding_dim), and
        "bias", (vocabulary_size, 1), if `training.logits.word_bias`; and the metrics of each epoch.

    Raises:
        ModelError: The initial loss is not close to ln(vocabulary_size), the loss of a uniform prediction.
        ParamsError: The device ran out of memory; the message names the settings to lower.
    """
    model = _build_head(train.z, vocabulary_size, training).to(context.device)
    sampler = build_sampler(train.bags, vocabulary_size, training)
    word_counts = train.bags.count_words(vocabulary_size)
    objective = Objective(training.loss, training.logits, word_counts, device=context.device)
    head_lr = settings.optimizer.head_lr
    optimizer = build_optimizer([(model.head_parameters(), head_lr)], settings.optimizer)
    schedule = LRSchedule(optimizer, settings.lr_schedule, settings.epochs, sampler.count_steps(settings.batch_size))
    fingerprint = compute_fingerprint(training, settings, train.digest(), val.digest(), vocabulary_size)
    checkpoints = CheckpointManager(context, fingerprint, model, optimizer, schedule, settings.keep_best_by)
    loader = HeadLoader(_store(train.z, context.device), sampler, objective, training.seed, context)
    validation = _CachedValidation(val, list(sampler.eval_batches(val.bags, settings.batch_size)), objective, context)
    step = HeadStep(model, objective, optimizer, schedule, context)

    def end_epoch(metrics: EpochMetrics, timing: EpochTiming) -> None:
        checkpoints.end_epoch(metrics)
        on_epoch_end(metrics, timing)

    with explain_oom(partial(_suggest_batch_size, loader, step, settings.batch_size)):
        if not checkpoints.history:
            objective.check_initial_loss(train.z, model, next(sampler.eval_batches(train.bags, _INITIAL_LOSS_PHOTOS)))
            val_metrics, val_seconds = validation.measure(model)
            end_epoch(EpochMetrics(0, float("nan"), *val_metrics, head_lr), EpochTiming(0.0, 0.0, 0.0, val_seconds))
        while not checkpoints.is_finished(settings.epochs, settings.early_stopping_patience):
            started_at, epoch = time.monotonic(), len(checkpoints.history)
            mean = step.run_all(loader.iter_epoch(epoch, settings.batch_size)) / len(sampler)
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


class HeadStep:
    """A step of W on embeddings that are on the device; it never makes the CPU wait for the device."""

    def __init__(
        self,
        model: Embedder,
        objective: Objective,
        optimizer: torch.optim.Optimizer,
        schedule: LRSchedule,
        context: RunContext,
    ) -> None:
        self._model, self._optimizer, self._schedule = model, optimizer, schedule
        self._compute_loss: Callable[[torch.Tensor, Embedder, Targets], torch.Tensor] = objective
        # torch.compile does not support sparse gradients.
        if context.compile_backend and not objective.has_sparse_gradient:
            options = compile_options(context.compile_backend, context.device, use_cuda_graphs=True)
            self._compute_loss = torch.compile(objective.__call__, **options)

    def __call__(self, z: torch.Tensor, targets: Targets) -> torch.Tensor:
        """Take one step and return the sum of the losses of all photos, a number in float64 on the device."""
        loss = self._compute_loss(z, self._model, targets)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._schedule.step_batch()
        return loss.detach().double() * len(z)

    def run_all(self, batches: Iterable[tuple[torch.Tensor, Targets]]) -> float:
        """Take a step for each batch and return the sum of the losses of all photos."""
        # The sum stays on the device, so that no step waits for it.
        total = torch.zeros((), dtype=torch.float64, device=self._model.words.device)
        for z, targets in batches:
            total += self(z, targets)
        return float(total)


class HeadLoader:
    """Loads the embeddings and targets of the steps of an epoch to the device."""

    def __init__(
        self, stored_z: StoredEmbeddings, sampler: Sampler, objective: Objective, seed: int, context: RunContext
    ) -> None:
        """Prepare the loader.

        Args:
            stored_z: The embeddings of all photos.
            sampler: Draws the batches.
            objective: The training loss, which draws the negatives.
            seed: The setting training.seed.
            context: Device and threads.
        """
        self._stored_z, self._sampler, self._objective = stored_z, sampler, objective
        self._seed, self._context = seed, context

    def iter_epoch(self, epoch: int, batch_size: int) -> Iterator[tuple[torch.Tensor, Targets]]:
        """Yield the embeddings, (batch, embedding_dim) in float32, and the targets of each batch of an epoch.

        A GPU draws the negatives itself, so they differ from those of a CPU with the same seed.
        """
        context, objective = self._context, self._objective
        generator = torch.Generator(context.device).manual_seed(self._seed * _EPOCH_SEED_STRIDE + epoch)
        draws_on_gpu = generator.device.type != "cpu"

        def draw_in_order() -> Iterator[tuple[Batch, torch.Tensor | None]]:
            for batch in self._sampler.sample_epoch(epoch, batch_size):
                yield batch, None if draws_on_gpu else objective.sample_negatives(len(batch), generator)

        def load(item: tuple[Batch, torch.Tensor | None]) -> tuple[torch.Tensor, Targets]:
            batch, negatives = item
            return self._stored_z.load(batch.photo_indices), replace(objective.prepare(batch), negatives=negatives)

        for loaded, targets in prefetch_to_device(load, draw_in_order(), context.workers, context.device):
            if draws_on_gpu:
                targets = replace(targets, negatives=objective.sample_negatives(len(targets), generator))
            yield self._stored_z.gather(loaded), targets


def _store(z: npt.NDArray[np.float16], device: str) -> StoredEmbeddings:
    return StoredEmbeddings(z, device, on_device=fits_on_gpu(z.nbytes, device))


def _suggest_batch_size(loader: HeadLoader, step: HeadStep, batch_size: int) -> str:
    """Return which settings to lower after the memory ran out; smaller batches are tried, which changes W."""

    def attempt(size: int) -> None:
        step.run_all(itertools.islice(loader.iter_epoch(1, size), 1))

    fitting = find_fitting_size(attempt, batch_size)
    value = f"{batch_size} to {fitting}, which fits" if fitting else str(batch_size)
    return f"train_head.batch_size = {value}, or choose training.loss.name: sampled_softmax"
