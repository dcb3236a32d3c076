"""Stage 2: the whole network, starting from the W of stage 1."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from weft.data.bags import Bags
from weft.data.balance import Doubles
from weft.data.loader import Photos, decoded
from weft.data.photo_store import PhotoStore
from weft.data.samplers import Batch, uniform_targets
from weft.model.embedder import Embedder
from weft.model.parts import frozen_modules, layer_rates
from weft.params import Finetune
from weft.processes import ALONE, Processes
from weft.progress import track
from weft.runtime import enough_memory
from weft.training.average import WeightAverage
from weft.training.checkpoint import fingerprint, weights_digest
from weft.training.distributed import Replica, photos_of
from weft.training.feed import Step, fed, steps
from weft.training.journal import Journal, Progress
from weft.training.objective import Objective, training_sampler
from weft.training.precision import Precision
from weft.training.record import EpochCost, EpochRecord
from weft.training.schedule import Schedule, build_optimizer
from weft.training.synced_layers import Part, sync_layers


@dataclass(frozen=True)
class StoredPhotos:
    """The prepared photos of a split and their words; photo n of one is photo n of the other."""

    store: PhotoStore
    bags: Bags

    def digest(self) -> str:
        """Names these very photos."""
        return self.store.digest() + self.bags.digest()


@dataclass(frozen=True)
class _Moving:
    """What a step moves."""

    model: Embedder
    replica: Replica
    frozen: list[nn.Module]
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    precision: Precision
    average: WeightAverage | None


def finetune(
    train: StoredPhotos,
    val: StoredPhotos,
    model: Embedder,
    settings: Finetune,
    device: str,
    workers: int,
    state: Path,
    report: Callable[[EpochRecord, EpochCost], None],
    word_weights: Doubles | None = None,
    checkpoint_seconds: float = math.inf,
    processes: Processes = ALONE,
    compiler: str = "",
) -> list[EpochRecord]:
    """Train encoder and W together; `model` ends with the weights of the epoch with the lowest val_loss.

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
        compiler: A backend of torch.compile for the encoder, "inductor"; empty for none.

    Returns:
        The history.

    Raises:
        ModelError: The backbone has no module that `settings` freezes.
        ParamsError: The device has not memory enough; says what to lower.
    """
    worth = None if word_weights is None else word_weights.tolist()
    belongs_to = fingerprint(settings, train.digest(), val.digest(), weights_digest(model), worth)
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    sampler = training_sampler(train.bags, len(model.words), settings, word_weights)
    objective = Objective(settings, train.bags.photo_counts(len(model.words)))
    count = sampler.steps(settings.batch_size)
    yardstick = list(uniform_targets(val.bags, 4 * settings.batch_size, word_weights))
    moving = _moving(model, settings, count, device, processes)
    if compiler:
        model.compile(backend=compiler)
    mine = moving.replica.share(yardstick)

    def val_loss() -> float:
        with moving.average.in_place() if moving.average else nullcontext():
            loss = objective.validate(_embedded(moving, val.store, mine, workers), model)
        return moving.replica.mean(loss, photos_of(mine))

    also = {"scaler": moving.precision.scaler} | ({"average": moving.average} if moving.average else {})
    journal = Journal(
        state, belongs_to, model, moving.optimizer, moving.schedule, also, checkpoint_seconds, processes.leads
    )
    processes.wait()  # nobody saves a checkpoint that another has yet to read
    if not journal.history:
        journal.add(EpochRecord(0, float("nan"), val_loss(), settings.word_learning_rate))
    lower = f"finetune.batch_size = {settings.batch_size}, or prepare.height and prepare.width"
    while len(journal.history) <= settings.epochs and not journal.gives_up(settings.early_stop):
        began, epoch = time.monotonic(), len(journal.history)
        first = journal.progress.steps
        moving.replica.agree()
        batch_plan = sampler.epoch(epoch, settings.batch_size)
        wanted = steps(batch_plan, settings.seed, epoch, first, processes.rank, processes.count)
        batches = fed(train.store, wanted, settings, workers)
        shown = track(batches, f"finetune, epoch {epoch} of {settings.epochs}", count - first, "steps")
        with enough_memory(lower):
            total, photos, waited = _train_epoch(moving, shown, objective, journal)
        seconds = time.monotonic() - began
        record = EpochRecord(epoch, total / len(sampler), val_loss(), moving.optimizer.param_groups[-1]["lr"])
        journal.add(record, moving.average.weights if moving.average else None)
        report(record, EpochCost(seconds, waited, photos / seconds))
    model.load_state_dict(journal.best)
    return journal.history


def _moving(model: Embedder, settings: Finetune, steps_per_epoch: int, device: str, processes: Processes) -> _Moving:
    part = Part()
    if processes.count > 1:
        sync_layers(model, part)
    frozen = frozen_modules(model.encoder, settings.frozen, settings.freeze_batch_norm)
    groups = layer_rates(model.encoder, settings.learning_rate, settings.layer_decay)
    if model.projection is not None:
        groups.append(([model.projection], settings.learning_rate))
    optimizer = build_optimizer([*groups, (model.head(), settings.word_learning_rate)], settings)
    schedule = Schedule(optimizer, settings, steps_per_epoch)
    average = WeightAverage(model, settings.ema) if settings.ema else None
    replica = Replica(model, processes, part)
    return _Moving(model, replica, frozen, optimizer, schedule, Precision(settings.precision, device), average)


def _train_epoch(
    moving: _Moving, batches: Iterable[tuple[Photos, Step]], objective: Objective, journal: Journal
) -> tuple[float, int, float]:
    """What is left of an epoch.

    Returns:
        The sum of the losses of all photos of the epoch, the photos seen here, the seconds spent waiting for photos.
    """
    model, scaler = moving.model.train(), moving.precision.scaler
    for module in moving.frozen:
        module.eval()
    device = model.words.device
    # On the device and in double: nobody waits for a number that is read once an epoch, and parts add up exactly.
    total = torch.tensor(journal.progress.loss, dtype=torch.float64, device=device)
    photos, waited, asked = 0, 0.0, time.monotonic()
    for pixels, step in batches:
        waited += time.monotonic() - asked
        # A backbone's dropout draws from the global generator.
        torch.manual_seed(step.seed)
        with moving.precision.autocast():
            own = torch.from_numpy(pixels).to(device)
            z = moving.replica.embed(own, step.rows, len(step.batch.photos))
        loss = objective(z, model, step.batch, torch.Generator().manual_seed(step.seed))
        moving.optimizer.zero_grad()
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        scaler.step(moving.optimizer)
        scaler.update()
        moving.schedule.after_step()
        if moving.average:
            moving.average.update()
        total += loss.detach().double() * len(z)
        photos += len(z)
        if journal.is_due():
            journal.save(Progress(step.number + 1, float(total)))
        asked = time.monotonic()
    return float(total), photos, waited


@torch.no_grad()
def _embedded(
    moving: _Moving, store: PhotoStore, batches: Iterable[Batch], workers: int
) -> Iterator[tuple[torch.Tensor, Batch]]:
    model = moving.model.eval()
    for pixels, batch in decoded(store, batches, workers):
        with moving.precision.autocast():
            z = model(torch.from_numpy(pixels).to(model.words.device))
        yield z, batch
