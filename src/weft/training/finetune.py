"""Stage 2: the whole network, starting from the W of stage 1.

All that a step of finetune moves, put together from the settings.

Mixed precision: the encoder's activations in 16 bits where params.yaml and the device allow it.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from weft.data.bags import Doubles, WeightedBags
from weft.data.loader import Photos, prefetch_photos
from weft.data.photo_store import PhotoStore
from weft.data.samplers import Batch
from weft.model.embedder import Embedder
from weft.model.fuse_batch_norm import fused_forward
from weft.model.param_groups import build_param_groups, freeze_modules
from weft.params import Finetune, Training
from weft.process_group import SINGLE_PROCESS, ProcessGroup
from weft.progress import progress_bar
from weft.runtime import explain_oom
from weft.training.batches import TrainBatch, epoch_batches, load_batches
from weft.training.checkpoint import CheckpointManager, EpochProgress, Stateful, compute_fingerprint, hash_weights
from weft.training.distributed import LocalSlice, Replica, convert_sync_layers, count_photos
from weft.training.ema import ExponentialMovingAverage
from weft.training.history import EpochMetrics, EpochTiming
from weft.training.lr_schedule import LRSchedule, build_optimizer
from weft.training.objective import Objective, build_sampler


class MixedPrecision:
    """How the encoder computes on one device.

    Attributes:
        scaler: Keeps the gradients of float16 from vanishing; does nothing for other types.
    """

    def __init__(self, dtype_name: str, device: str) -> None:
        """Settle the type: `auto` is bfloat16 on CUDA where it can, else float32.

        A CPU with avx512_bf16 gained nothing by it when measured; it takes it when told to.
        """
        self._device_type = torch.device(device).type
        if dtype_name == "auto":
            dtype_name = "bfloat16" if self._device_type == "cuda" and torch.cuda.is_bf16_supported() else "float32"
        self._dtype = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[dtype_name]
        self.scaler = torch.amp.GradScaler(self._device_type, enabled=dtype_name == "float16")

    def autocast(self) -> torch.autocast:
        """Open it around the forward pass of the encoder."""
        return torch.autocast(self._device_type, self._dtype or torch.bfloat16, enabled=self._dtype is not None)


@dataclass(frozen=True)
class TrainState:
    """A model in training."""

    model: Embedder
    replica: Replica
    frozen_modules: list[nn.Module]
    """Stay in eval mode."""
    optimizer: torch.optim.Optimizer
    schedule: LRSchedule
    amp: MixedPrecision
    ema: ExponentialMovingAverage | None

    def open_checkpoints(self, folder: Path, fingerprint: str, checkpoint_seconds: float) -> CheckpointManager:
        """The journal of this training, which takes everything here back to the last checkpoint.

        Args:
            folder: Of the checkpoint.
            belongs_to: The training's fingerprint.
            every: Seconds between two checkpoints inside an epoch.
        """
        extra_states: dict[str, Stateful] = {"scaler": self.amp.scaler}
        if self.ema:
            extra_states["average"] = self.ema
        is_writer = self.replica.process_group.is_main
        checkpoints = CheckpointManager(
            folder, fingerprint, self.model, self.optimizer, self.schedule, extra_states, checkpoint_seconds, is_writer
        )
        self.replica.process_group.barrier()  # nobody saves a checkpoint that another has yet to read
        return checkpoints

    def ema_weights_applied(self) -> AbstractContextManager[None]:
        """The model has the weights that count, the average where there is one, as long as this is open."""
        return self.ema.average_parameters() if self.ema else nullcontext()

    def fused_frozen_blocks(self) -> AbstractContextManager[None]:
        """What no step moves is computed the quick way as long as this is open."""
        return fused_forward(
            module.eval()
            for module in self.frozen_modules
            if not any(tensor.requires_grad for tensor in module.parameters())
        )

    def eval_weights(self) -> Callable[[], dict[str, Any]]:
        """Gives the weights that count."""
        return self.ema.averaged_state_dict if self.ema else self.model.state_dict


def build_train_state(
    model: Embedder,
    settings: Finetune,
    steps_per_epoch: int,
    device: str,
    process_group: ProcessGroup,
    compile_backend: str,
) -> TrainState:
    """Put a model on its device and prepare everything that trains it.

    Raises:
        ModelError: The backbone has no module that `settings` freezes.
    """
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    local_slice = LocalSlice()
    frozen = freeze_modules(model.encoder, settings.frozen_modules, settings.freeze_batch_norm)
    if process_group.world_size > 1:
        convert_sync_layers(model, local_slice, frozen)
    rates = settings.optimizer
    groups = build_param_groups(model.encoder, rates.backbone_lr, rates.layerwise_lr_decay)
    if model.projection is not None:
        groups.append(([model.projection], rates.backbone_lr))
    optimizer = build_optimizer([*groups, (model.head_parameters(), rates.head_lr)], rates)
    schedule = LRSchedule(optimizer, settings.lr_schedule, settings.epochs, steps_per_epoch)
    ema = ExponentialMovingAverage(model, settings.ema_decay) if settings.ema_decay else None
    if compile_backend:
        model.compile(backend=compile_backend)
    replica = Replica(model, process_group, local_slice)
    return TrainState(model, replica, frozen, optimizer, schedule, MixedPrecision(settings.amp_dtype, device), ema)


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
    training: Training,
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
        model: The encoder with its first weights, W from train_head.
        training: The section training of params.yaml.
        settings: The section finetune of params.yaml.
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
    fingerprint = _compute_run_fingerprint(train, val, model, (training, settings), word_weights)
    sampler = build_sampler(train.bags, len(model.words), training, word_weights)
    word_counts = train.bags.count_words(len(model.words))
    objective = Objective(training.loss, training.logits, word_counts, settings.bag_similarity)
    steps_per_epoch = sampler.count_steps(settings.batch_size)
    train_state = build_train_state(model, settings, steps_per_epoch, device, process_group, compile_backend)
    checkpoints = train_state.open_checkpoints(checkpoint_dir, fingerprint, checkpoint_seconds)
    val_batches = train_state.replica.shard(list(sampler.eval_batches(val.bags, 4 * settings.batch_size)))
    oom_hint = f"finetune.batch_size = {settings.batch_size}, or prepare.height and prepare.width"
    with explain_oom(oom_hint), train_state.fused_frozen_blocks():
        if not checkpoints.history:
            initial_val_loss = _val_loss(train_state, val.store, val_batches, objective, workers)
            checkpoints.end_epoch(EpochMetrics(0, float("nan"), initial_val_loss, settings.optimizer.head_lr))
        while len(checkpoints.history) <= settings.epochs and not checkpoints.should_stop(
            settings.early_stopping_patience
        ):
            epoch, first_step = len(checkpoints.history), checkpoints.progress.steps
            sampled = sampler.sample_epoch(epoch, settings.batch_size)
            local_batches = epoch_batches(
                sampled, training.seed, epoch, first_step, process_group.rank, process_group.world_size
            )
            description = f"finetune, epoch {epoch} of {settings.epochs}"
            loaded = progress_bar(
                load_batches(train.store, local_batches, settings.augmentation, workers),
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
    train: StoredPhotos,
    val: StoredPhotos,
    model: Embedder,
    settings: tuple[Training, Finetune],
    word_weights: Doubles | None,
) -> str:
    """Of this very training: a checkpoint of another is none of its own."""
    weights = None if word_weights is None else word_weights.tolist()
    return compute_fingerprint(*settings, train.digest(), val.digest(), hash_weights(model), weights)


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
