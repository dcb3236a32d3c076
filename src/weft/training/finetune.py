"""Stage 2: the whole network, starting from the W of stage 1."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from weft.data.bags import Doubles, WeightedBags
from weft.data.loader import Photos, prefetch_photos
from weft.data.photo_store import PhotoStore
from weft.data.samplers import Batch
from weft.model.embedder import Embedder
from weft.params import Finetune
from weft.processes import SINGLE_PROCESS, ProcessGroup
from weft.progress import progress_bar
from weft.runtime import explain_oom
from weft.training.checkpoint import compute_fingerprint, hash_weights
from weft.training.distributed import count_photos
from weft.training.feed import TrainBatch, epoch_batches, load_batches
from weft.training.journal import CheckpointManager, EpochProgress
from weft.training.moving import TrainState, build_train_state
from weft.training.objective import Objective, build_sampler
from weft.training.record import EpochMetrics, EpochTiming


@dataclass(frozen=True)
class StoredPhotos:
    """The prepared photos of a split and their words; photo n of one is photo n of the other."""

    store: PhotoStore
    bags: WeightedBags

    def digest(self) -> str:
        """Names these very photos."""
        return self.store.digest() + self.bags.digest()


def finetune(
    train: StoredPhotos,
    val: StoredPhotos,
    model: Embedder,
    settings: Finetune,
    device: str,
    workers: int,
    checkpoint_dir: Path,
    on_epoch_end: Callable[[EpochMetrics, EpochTiming], None],
    word_weights: Doubles | None = None,
    checkpoint_seconds: float = math.inf,
    process_group: ProcessGroup = SINGLE_PROCESS,
    compile_backend: str = "",
) -> list[EpochMetrics]:
    """Train encoder and W together; `model` ends with the weights of the lowest val_loss. Returns the history.

    Args:
        train: Photos to train on.
        val: Photos the best epoch is chosen by.
        model: The encoder with its first weights, W from fit_words.
        settings: Schedule, loss, sampling, augmentation.
        device: Where to compute.
        workers: Threads that decode photos ahead.
        state: Folder of the checkpoint; a killed training goes on from there.
        report: Told of each epoch as it ends.
        word_weights: (words,) how much each word is worth in training and on val; all the same when left out.
        checkpoint_seconds: How old a checkpoint may grow inside an epoch; there is one after each epoch anyway.
        processes: All that train together; batch_size is of all of them, and so is what they learn.
        compiler: A backend of torch.compile, "inductor"; empty for none.

    Raises:
        ModelError: The backbone has no module that `settings` freezes.
        ParamsError: The device has not memory enough; says what to lower.
    """
    fingerprint = _compute_run_fingerprint(train, val, model, settings, word_weights)
    sampler = build_sampler(train.bags, len(model.words), settings, word_weights)
    word_counts = train.bags.count_words(len(model.words))
    objective = Objective(settings, word_counts, settings.similarity, settings.similarity_temperature)
    steps_per_epoch = sampler.count_steps(settings.batch_size)
    train_state = build_train_state(model, settings, steps_per_epoch, device, process_group, compile_backend)
    checkpoints = train_state.open_checkpoints(checkpoint_dir, fingerprint, checkpoint_seconds)
    val_batches = train_state.replica.shard(list(sampler.eval_batches(val.bags, 4 * settings.batch_size)))
    oom_hint = f"finetune.batch_size = {settings.batch_size}, or prepare.height and prepare.width"
    with explain_oom(oom_hint), train_state.fused_frozen_blocks():
        if not checkpoints.history:
            initial_val_loss = _val_loss(train_state, val.store, val_batches, objective, workers)
            checkpoints.end_epoch(EpochMetrics(0, float("nan"), initial_val_loss, settings.word_learning_rate))
        while len(checkpoints.history) <= settings.epochs and not checkpoints.should_stop(settings.early_stop):
            epoch, first_step = len(checkpoints.history), checkpoints.progress.steps
            sampled = sampler.sample_epoch(epoch, settings.batch_size)
            local_batches = epoch_batches(
                sampled, settings.seed, epoch, first_step, process_group.rank, process_group.world_size
            )
            description = f"finetune, epoch {epoch} of {settings.epochs}"
            loaded = progress_bar(
                load_batches(train.store, local_batches, settings, workers),
                description,
                steps_per_epoch - first_step,
                "steps",
            )
            train_loss, cost = _train_epoch(train_state, loaded, objective, checkpoints, len(sampler))
            val_loss = _val_loss(train_state, val.store, val_batches, objective, workers)
            max_draws, rate = sampler.max_draws(epoch), train_state.optimizer.param_groups[-1]["lr"]
            checkpoints.end_epoch(
                EpochMetrics(epoch, train_loss, val_loss, rate, max_draws, sampler.n_capped), train_state.eval_weights()
            )
            on_epoch_end(checkpoints.history[-1], cost)
    model.load_state_dict(checkpoints.best_weights)
    return checkpoints.history


def _compute_run_fingerprint(
    train: StoredPhotos, val: StoredPhotos, model: Embedder, settings: Finetune, word_weights: Doubles | None
) -> str:
    """Of this very training: a checkpoint of another is none of its own."""
    weights = None if word_weights is None else word_weights.tolist()
    return compute_fingerprint(settings, train.digest(), val.digest(), hash_weights(model), weights)


def _train_epoch(
    train_state: TrainState,
    batches: Iterable[tuple[Photos, TrainBatch]],
    objective: Objective,
    checkpoints: CheckpointManager,
    num_photos: int,
) -> tuple[float, EpochTiming]:
    """Take the steps that are left of an epoch; the mean loss of all its `photos`, and what these steps cost."""
    train_state.replica.broadcast_weights()
    model, scaler = train_state.model.train(), train_state.amp.scaler
    for module in train_state.frozen_modules:
        module.eval()
    device = model.words.device
    # On the device and in double: nobody waits for a number that is read once an epoch, and parts add up exactly.
    total = torch.tensor(checkpoints.progress.loss, dtype=torch.float64, device=device)
    started_at = requested_at = time.monotonic()
    seen, wait_seconds = 0, 0.0
    for pixels, train_batch in batches:
        wait_seconds += time.monotonic() - requested_at
        # A backbone's dropout draws from the global generator.
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
            train_state.ema.update()
        total += loss.detach().double() * len(z)
        seen += len(z)
        if checkpoints.is_checkpoint_due():
            checkpoints.save(EpochProgress(train_batch.step + 1, float(total)))
        requested_at = time.monotonic()
    mean = float(total) / num_photos
    seconds = time.monotonic() - started_at
    return mean, EpochTiming(seconds, wait_seconds, seen / seconds)


@torch.no_grad()
def _val_loss(
    train_state: TrainState, store: PhotoStore, batches: list[Batch], objective: Objective, workers: int
) -> float:
    """The loss on all val photos, of which this process embeds those of `batches`."""

    def iter_embedded() -> Iterator[tuple[torch.Tensor, Batch]]:
        model = train_state.model.eval()
        for pixels, batch in prefetch_photos(store, batches, workers):
            with train_state.amp.autocast():
                z = model(torch.from_numpy(pixels).to(model.words.device))
            yield z, batch

    with train_state.ema_weights_applied():
        local_loss = objective.validate(iter_embedded(), train_state.model)
    return train_state.replica.weighted_mean(local_loss, count_photos(batches))
