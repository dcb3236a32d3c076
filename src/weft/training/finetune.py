"""Stage 2: train the encoder and W together, starting from the W of stage 1.

The training may run in several processes, in mixed precision, and with a moving average of the weights (EMA). A killed
training continues from its last checkpoint and ends with the same weights as one that was never killed.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from weft.contracts.arrays import Floats
from weft.data.loader import Photos
from weft.data.photo_store import PhotoStore
from weft.data.samplers import Sampler
from weft.model.embedder import Embedder
from weft.model.fuse_batch_norm import fused_forward
from weft.model.param_groups import build_param_groups, freeze_modules
from weft.params import Finetune, Training
from weft.progress import progress_bar
from weft.runtime import explain_oom
from weft.training.batches import TrainBatch, epoch_batches, load_batches
from weft.training.checkpoint import CheckpointManager, EpochProgress, Stateful, compute_fingerprint, hash_weights
from weft.training.distributed import LocalSlice, Replica, convert_sync_layers
from weft.training.ema import averaged_weights_applied, build_ema
from weft.training.history import EpochMetrics, EpochTiming
from weft.training.lr_schedule import LRSchedule, build_optimizer
from weft.training.mixed_precision import MixedPrecision
from weft.training.objective import Objective, build_sampler
from weft.training.run_context import RunContext
from weft.training.step_losses import StepLosses
from weft.training.stored_photos import StoredPhotos
from weft.training.val_metrics import ValMetrics
from weft.training.validation import Validation


@dataclass(frozen=True)
class TrainState:
    """A model in training, with everything that a training step changes."""

    model: Embedder
    replica: Replica
    """The copy of the model in this process."""
    frozen_modules: list[nn.Module]
    """Modules that stay in eval mode."""
    optimizer: torch.optim.Optimizer
    """Its last parameter group holds W and the bias."""
    schedule: LRSchedule
    amp: MixedPrecision
    ema: AveragedModel | None
    """The moving average of the weights; None if ema_decay is 0."""

    def open_checkpoints(self, context: RunContext, fingerprint: str, keep_best_by: str) -> CheckpointManager:
        """Restore all states from the last checkpoint with this fingerprint, if there is one.

        Args:
            context: The folder of the checkpoints and the process group.
            fingerprint: The hash of the settings, the initial weights and the input data.
            keep_best_by: The criterion by which the best epoch is chosen.
        """
        extra_states: dict[str, Stateful] = {"scaler": self.amp.scaler}
        if self.ema:
            extra_states["ema"] = self.ema
        checkpoints = CheckpointManager(
            context,
            fingerprint,
            self.model,
            self.optimizer,
            self.schedule,
            keep_best_by,
            extra_states=extra_states,
        )
        context.process_group.barrier()  # All processes read the checkpoint before the main process overwrites it.
        return checkpoints

    def ema_weights_applied(self) -> AbstractContextManager[None]:
        """Return a context manager in which the model has the weights that are validated: the EMA if there is one."""
        return averaged_weights_applied(self.model, self.ema) if self.ema else nullcontext()

    def fused_frozen_blocks(self) -> AbstractContextManager[None]:
        """Return a context manager in which frozen modules compute with batch norms fused into convolutions.

        Only modules without trainable parameters are fused, because no step changes their weights.
        """
        return fused_forward(
            module.eval()
            for module in self.frozen_modules
            if not any(tensor.requires_grad for tensor in module.parameters())
        )

    def eval_weights(self) -> dict[str, Any]:
        """Return the weights that are validated: those of the moving average if there is one."""
        return self.ema.module.state_dict() if self.ema else self.model.state_dict()


def build_train_state(model: Embedder, settings: Finetune, steps_per_epoch: int, context: RunContext) -> TrainState:
    """Move a model to its device and build everything that trains it.

    Args:
        model: The model to train; it is changed in place.
        settings: The section finetune of params.yaml.
        steps_per_epoch: Number of optimizer steps in an epoch.
        context: Device, process group and backend of torch.compile.

    Raises:
        ModelError: The backbone has no module that `settings` freezes.
    """
    model.to(context.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    local_slice = LocalSlice()
    frozen = freeze_modules(model.encoder, settings.frozen_modules, settings.freeze_batch_norm)
    if context.process_group.world_size > 1:
        convert_sync_layers(model, local_slice, frozen)
    rates = settings.optimizer
    groups = build_param_groups(model.encoder, rates.backbone_lr, rates.layerwise_lr_decay)
    if model.projection is not None:
        groups.append(([model.projection], rates.backbone_lr))
    optimizer = build_optimizer([*groups, (model.head_parameters(), rates.head_lr)], rates)
    schedule = LRSchedule(optimizer, settings.lr_schedule, settings.epochs, steps_per_epoch)
    ema = build_ema(model, settings.ema_decay) if settings.ema_decay else None
    if context.compile_backend:
        model.compile(backend=context.compile_backend)
    replica = Replica(model, context.process_group, local_slice)
    amp = MixedPrecision(settings.amp_dtype, context.device)
    return TrainState(model, replica, frozen, optimizer, schedule, amp, ema)


def finetune(
    train: StoredPhotos,
    val: StoredPhotos,
    model: Embedder,
    training: Training,
    settings: Finetune,
    context: RunContext,
    *,
    on_epoch_end: Callable[[EpochMetrics, EpochTiming], None],
    word_weights: Floats | None = None,
) -> list[EpochMetrics]:
    """Train the encoder and W together; at the end `model` has the weights of the best epoch by keep_best_by.

    Args:
        train: Photos to train on.
        val: Photos on which each epoch is measured, to decide which one is the best.
        model: The pretrained encoder with the W of train_head; it is trained in place.
        training: The section training of params.yaml.
        settings: The section finetune of params.yaml.
        context: Device, threads, processes and the folder of the checkpoint, from which a killed training continues.
            batch_size counts the photos of all processes together.
        on_epoch_end: Called at the end of each epoch, and for epoch 0 before the first step.
        word_weights: (words,) weight of each word in the losses on train and val, at least 0; None: equal weights.

    Returns:
        The metrics of each epoch; epoch 0 is the model before its first step.

    Raises:
        ModelError: The backbone has no module that `settings` freezes.
        ParamsError: The device ran out of memory; the message names the settings to lower.
    """
    fingerprint = _compute_run_fingerprint(train, val, model, (training, settings), word_weights)
    sampler = build_sampler(train.bags, len(model.words), training, word_weights)
    word_counts = train.bags.count_words(len(model.words))
    objective = Objective(training.loss, training.logits, word_counts, settings.bag_similarity)
    train_state = build_train_state(model, settings, sampler.count_steps(settings.batch_size), context)
    checkpoints = train_state.open_checkpoints(context, fingerprint, settings.keep_best_by)
    validation = Validation(val, sampler, objective, settings, train_state.replica, context.workers)

    def end_epoch(metrics: EpochMetrics, timing: EpochTiming) -> None:
        checkpoints.end_epoch(metrics, train_state.eval_weights())
        on_epoch_end(metrics, timing)

    oom_hint = f"finetune.batch_size = {settings.batch_size}, or prepare.height and prepare.width"
    with explain_oom(oom_hint), train_state.fused_frozen_blocks():
        if not checkpoints.history:
            val_metrics, val_seconds = _validate(train_state, validation)
            initial = EpochMetrics(0, float("nan"), *val_metrics, settings.optimizer.head_lr)
            end_epoch(initial, EpochTiming(0.0, 0.0, 0.0, val_seconds))
        while not checkpoints.is_finished(settings.epochs, settings.early_stopping_patience):
            epoch, first_step = len(checkpoints.history), checkpoints.progress.steps
            batches = _load_epoch(train.store, sampler, training.seed, settings, context, epoch, first_step)
            step_losses = StepLosses(context.on_steps, (epoch - 1) * sampler.count_steps(settings.batch_size))
            train_loss, timing = _train_epoch(train_state, batches, objective, checkpoints, len(sampler), step_losses)
            lr = train_state.optimizer.param_groups[-1]["lr"]
            val_metrics, val_seconds = _validate(train_state, validation)
            metrics = EpochMetrics(epoch, train_loss, *val_metrics, lr, sampler.max_draws(epoch), sampler.n_capped)
            end_epoch(metrics, replace(timing, val_seconds=val_seconds))
    model.load_state_dict(checkpoints.best_weights)
    return checkpoints.history


def _load_epoch(
    store: PhotoStore,
    sampler: Sampler,
    seed: int,
    settings: Finetune,
    context: RunContext,
    epoch: int,
    first_step: int,
) -> Iterator[tuple[Photos, TrainBatch]]:
    """Yield the decoded and augmented photos of this process, step by step, from `first_step` to the epoch's end."""
    group = context.process_group
    sampled = sampler.sample_epoch(epoch, settings.batch_size)
    batches = epoch_batches(sampled, seed, epoch, first_step, group.rank, group.world_size)
    return progress_bar(
        load_batches(store, batches, settings.augmentation, context.workers),
        f"finetune, epoch {epoch} of {settings.epochs}",
        sampler.count_steps(settings.batch_size) - first_step,
        "steps",
    )


def _compute_run_fingerprint(
    train: StoredPhotos,
    val: StoredPhotos,
    model: Embedder,
    settings: tuple[Training, Finetune],
    word_weights: Floats | None,
) -> str:
    """Return a hash of the settings, the photos, their words and the initial weights.

    A checkpoint with another fingerprint belongs to another training and is ignored.
    """
    weights = None if word_weights is None else word_weights.tolist()
    return compute_fingerprint(*settings, train.digest(), val.digest(), hash_weights(model), weights)


def _train_epoch(
    train_state: TrainState,
    batches: Iterable[tuple[Photos, TrainBatch]],
    objective: Objective,
    checkpoints: CheckpointManager,
    num_photos: int,
    step_losses: StepLosses,
) -> tuple[float, EpochTiming]:
    """Take the remaining steps of an epoch.

    Args:
        train_state: The model and everything that a step changes.
        batches: The photos of this process, uint8 (local batch, 3, height, width), and the step they belong to.
        objective: The training loss.
        checkpoints: Holds the loss of the steps that were done before a kill, and saves new checkpoints.
        num_photos: Number of photos in the whole epoch.
        step_losses: Reports the loss within the epoch.

    Returns:
        The mean loss over all photos of the epoch, and the time that the remaining steps took.
    """
    train_state.replica.broadcast_weights()
    model, scaler = train_state.model.train(), train_state.amp.scaler
    for module in train_state.frozen_modules:
        module.eval()
    device = model.words.device
    # The sum stays on the device, so that no step waits for it, and is in double precision, so that an interrupted
    # epoch has the same sum as an uninterrupted one.
    total = torch.tensor(checkpoints.progress.loss, dtype=torch.float64, device=device)
    started_at = requested_at = time.monotonic()
    seen, wait_seconds = 0, 0.0
    for pixels, train_batch in batches:
        wait_seconds += time.monotonic() - requested_at
        # The dropout of a backbone draws from torch's global generator.
        torch.manual_seed(train_batch.seed)
        with train_state.amp.autocast():
            local_photos = torch.from_numpy(pixels).to(device)
            z = train_state.replica.embed(
                local_photos, train_batch.local_rows, len(train_batch.global_batch.photo_indices)
            )
        loss = objective(z, model, train_batch.global_batch, torch.Generator().manual_seed(train_batch.seed))
        train_state.optimizer.zero_grad()
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        scaler.step(train_state.optimizer)
        scaler.update()
        train_state.schedule.step_batch()
        if train_state.ema:
            train_state.ema.update_parameters(train_state.model)
        total += loss.detach().double() * len(z)
        seen += len(z)
        step_losses.add(train_batch.step, total, seen)
        if checkpoints.is_checkpoint_due():
            checkpoints.save(EpochProgress(train_batch.step + 1, float(total)))
        requested_at = time.monotonic()
    mean = float(total) / num_photos
    seconds = time.monotonic() - started_at
    return mean, EpochTiming(seconds, wait_seconds, seen / seconds, val_seconds=0.0)


def _validate(train_state: TrainState, validation: Validation) -> tuple[ValMetrics, float]:
    """Return the val metrics of the weights that are kept, the EMA if there is one, and the seconds that they took."""
    started_at = time.monotonic()
    with train_state.ema_weights_applied():
        val_metrics = validation.measure(train_state.model, train_state.amp)
    return val_metrics, time.monotonic() - started_at
