"""Stage 2: train the encoder and W together, starting from the W of stage 1.

The training may run in several processes, in mixed precision, and with a moving average of the weights (EMA). A killed
training continues from its last checkpoint and ends with the same weights as one that was never killed.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

import torch

from weft.contracts.arrays import Floats
from weft.data.photo_store import PhotoStore
from weft.data.samplers import Sampler
from weft.model.embedder import Embedder
from weft.params import Finetune, Training
from weft.progress import progress_bar
from weft.runtime import explain_oom, find_fitting_size
from weft.training.batches import LoadedBatch, epoch_batches, load_batches
from weft.training.checkpoint import CheckpointManager, EpochProgress, compute_fingerprint, hash_weights
from weft.training.history import EpochMetrics, EpochTiming
from weft.training.objective import Objective, build_sampler
from weft.training.run_context import RunContext
from weft.training.step_losses import StepLosses
from weft.training.stored_photos import StoredPhotos
from weft.training.train_state import TrainState, build_train_state, train_step
from weft.training.val_metrics import ValMetrics
from weft.training.validation import Validation


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
    objective = Objective(training.loss, training.logits, word_counts, settings.bag_similarity, context.device)
    train_state = build_train_state(model, settings, sampler.count_steps(settings.batch_size), context)
    checkpoints = train_state.open_checkpoints(context, fingerprint, settings.keep_best_by)
    validation = Validation(val, sampler, objective, settings, train_state.replica, context.workers)

    def end_epoch(metrics: EpochMetrics, timing: EpochTiming) -> None:
        checkpoints.end_epoch(metrics, train_state.eval_weights())
        on_epoch_end(metrics, timing)

    suggest = partial(_suggest_batch_size, train, sampler, objective, training.seed, settings, train_state, context)
    with explain_oom(suggest), train_state.fused_frozen_blocks():
        if not checkpoints.history:
            val_metrics, val_seconds = _validate(train_state, validation)
            initial = EpochMetrics(0, float("nan"), *val_metrics, settings.optimizer.head_lr)
            end_epoch(initial, EpochTiming(0.0, 0.0, 0.0, val_seconds))
        while not checkpoints.is_finished(settings.epochs, settings.early_stopping_patience):
            epoch, first_step = len(checkpoints.history), checkpoints.progress.steps
            batches = _load_epoch(train.store, sampler, objective, training.seed, settings, context, epoch, first_step)
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
    objective: Objective,
    seed: int,
    settings: Finetune,
    context: RunContext,
    epoch: int,
    first_step: int,
) -> Iterator[LoadedBatch]:
    """Yield the decoded and augmented photos of this process, step by step, from `first_step` to the epoch's end."""
    group, accumulate = context.process_group, settings.accumulate
    sampled = sampler.sample_epoch(epoch, settings.batch_size)
    batches = epoch_batches(sampled, seed, epoch, first_step, group.rank, group.world_size, accumulate)
    return progress_bar(
        load_batches(store, batches, settings.augmentation, objective.prepare, context.workers, context.device),
        f"finetune, epoch {epoch} of {settings.epochs}",
        (sampler.count_steps(settings.batch_size) - first_step) * accumulate,
        "steps" if accumulate == 1 else "parts of steps",
    )


def _suggest_batch_size(
    train: StoredPhotos,
    sampler: Sampler,
    objective: Objective,
    seed: int,
    settings: Finetune,
    train_state: TrainState,
    context: RunContext,
) -> str:
    """Return which settings to lower after the memory ran out; smaller batches are tried, which changes the weights."""
    whole, size = settings.batch_size, max(2, settings.batch_size // settings.accumulate)

    def attempt(batch_size: int) -> None:
        first = next(epoch_batches(sampler.sample_epoch(1, batch_size), seed, 1))
        augmentation, prepare = settings.augmentation, objective.prepare
        for batch in load_batches(train.store, [first], augmentation, prepare, 1, context.device):
            train_step(train_state, objective, batch)

    train_state.start_training()
    # Processes that train together would wait for each other.
    fitting = find_fitting_size(attempt, size, minimum=2) if context.process_group.world_size == 1 else 0
    size_keys = "prepare.height and prepare.width"
    if not fitting:
        return f"finetune.batch_size = {whole}, or {size_keys}"
    accumulate = f", or set finetune.accumulate to {-(-whole // fitting)}" if objective.is_sum_over_photos else ""
    return f"finetune.batch_size = {whole} to {fitting}, which fits{accumulate}; or lower {size_keys}"


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
    batches: Iterable[LoadedBatch],
    objective: Objective,
    checkpoints: CheckpointManager,
    num_photos: int,
    step_losses: StepLosses,
) -> tuple[float, EpochTiming]:
    """Take the remaining steps of an epoch.

    Args:
        train_state: The model and everything that a step changes.
        batches: The steps, or their parts, on the device of the model.
        objective: The training loss.
        checkpoints: Holds the loss of the steps that were done before a kill, and saves new checkpoints.
        num_photos: Number of photos in the whole epoch.
        step_losses: Reports the loss within the epoch.

    Returns:
        The mean loss over all photos of the epoch, and the time that the remaining steps took.
    """
    train_state.start_training()
    device = train_state.model.words.device
    # The sum stays on the device, so that no step waits for it, and is in double precision, so that an interrupted
    # epoch has the same sum as an uninterrupted one.
    total = torch.tensor(checkpoints.progress.loss, dtype=torch.float64, device=device)
    started_at = requested_at = time.monotonic()
    seen, wait_seconds = 0, 0.0
    for batch in batches:
        wait_seconds += time.monotonic() - requested_at
        total += train_step(train_state, objective, batch)
        seen += batch.train_batch.part_size
        if batch.train_batch.is_last:
            step_losses.add(batch.train_batch.step, total, seen)
            if checkpoints.is_checkpoint_due():
                checkpoints.save(EpochProgress(batch.train_batch.step + 1, float(total)))
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
