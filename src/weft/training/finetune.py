"""Stage 2: the whole network, starting from the W of stage 1."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from weft.data.bags import Bags, Doubles
from weft.data.loader import Photos, decoded
from weft.data.photo_store import PhotoStore
from weft.data.samplers import Batch
from weft.model.embedder import Embedder
from weft.params import Finetune
from weft.processes import ALONE, Processes
from weft.progress import track
from weft.runtime import enough_memory
from weft.training.checkpoint import fingerprint, weights_digest
from weft.training.distributed import photos_of
from weft.training.feed import Step, fed, steps
from weft.training.journal import Journal, Progress
from weft.training.moving import Moving, moving
from weft.training.objective import Objective, training_sampler
from weft.training.record import EpochCost, EpochRecord


@dataclass(frozen=True)
class StoredPhotos:
    """The prepared photos of a split and their words; photo n of one is photo n of the other."""

    store: PhotoStore
    bags: Bags

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
    state: Path,
    report: Callable[[EpochRecord, EpochCost], None],
    word_weights: Doubles | None = None,
    checkpoint_seconds: float = math.inf,
    processes: Processes = ALONE,
    compiler: str = "",
) -> list[EpochRecord]:
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
    belongs_to = _name(train, val, model, settings, word_weights)
    sampler = training_sampler(train.bags, len(model.words), settings, word_weights)
    said = train.bags.photo_counts(len(model.words))
    objective = Objective(settings, said, settings.similarity, settings.similarity_temperature)
    count = sampler.steps(settings.batch_size)
    moved = moving(model, settings, count, device, processes, compiler)
    journal = moved.open_journal(state, belongs_to, checkpoint_seconds)
    yardstick = moved.replica.share(list(sampler.expected(val.bags, 4 * settings.batch_size)))
    lower = f"finetune.batch_size = {settings.batch_size}, or prepare.height and prepare.width"
    with enough_memory(lower), moved.settled():
        if not journal.history:
            untrained = _val_loss(moved, val.store, yardstick, objective, workers)
            journal.add(EpochRecord(0, float("nan"), untrained, settings.word_learning_rate))
        while len(journal.history) <= settings.epochs and not journal.gives_up(settings.early_stop):
            epoch, first = len(journal.history), journal.progress.steps
            drawn = sampler.epoch(epoch, settings.batch_size)
            plan = steps(drawn, settings.seed, epoch, first, processes.rank, processes.count)
            name = f"finetune, epoch {epoch} of {settings.epochs}"
            shown = track(fed(train.store, plan, settings, workers), name, count - first, "steps")
            train_loss, cost = _train_epoch(moved, shown, objective, journal, len(sampler))
            val_loss = _val_loss(moved, val.store, yardstick, objective, workers)
            drawn_most, rate = sampler.most_drawn(epoch), moved.optimizer.param_groups[-1]["lr"]
            journal.add(EpochRecord(epoch, train_loss, val_loss, rate, drawn_most, sampler.capped), moved.weights())
            report(journal.history[-1], cost)
    model.load_state_dict(journal.best)
    return journal.history


def _name(
    train: StoredPhotos, val: StoredPhotos, model: Embedder, settings: Finetune, word_weights: Doubles | None
) -> str:
    """Of this very training: a checkpoint of another is none of its own."""
    worth = None if word_weights is None else word_weights.tolist()
    return fingerprint(settings, train.digest(), val.digest(), weights_digest(model), worth)


def _train_epoch(
    moved: Moving, batches: Iterable[tuple[Photos, Step]], objective: Objective, journal: Journal, photos: int
) -> tuple[float, EpochCost]:
    """Take the steps that are left of an epoch; the mean loss of all its `photos`, and what these steps cost."""
    moved.replica.agree()
    model, scaler = moved.model.train(), moved.precision.scaler
    for module in moved.frozen:
        module.eval()
    device = model.words.device
    # On the device and in double: nobody waits for a number that is read once an epoch, and parts add up exactly.
    total = torch.tensor(journal.progress.loss, dtype=torch.float64, device=device)
    began = asked = time.monotonic()
    seen, waited = 0, 0.0
    for pixels, step in batches:
        waited += time.monotonic() - asked
        # A backbone's dropout draws from the global generator.
        torch.manual_seed(step.seed)
        with moved.precision.autocast():
            own = torch.from_numpy(pixels).to(device)
            z = moved.replica.embed(own, step.rows, len(step.batch.photos))
        loss = objective(z, model, step.batch, torch.Generator().manual_seed(step.seed))
        moved.optimizer.zero_grad()
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        scaler.step(moved.optimizer)
        scaler.update()
        moved.schedule.after_step()
        if moved.average:
            moved.average.update()
        total += loss.detach().double() * len(z)
        seen += len(z)
        if journal.is_due():
            journal.save(Progress(step.number + 1, float(total)))
        asked = time.monotonic()
    mean = float(total) / photos
    seconds = time.monotonic() - began
    return mean, EpochCost(seconds, waited, seen / seconds)


@torch.no_grad()
def _val_loss(moved: Moving, store: PhotoStore, batches: list[Batch], objective: Objective, workers: int) -> float:
    """The loss on all val photos, of which this process embeds those of `batches`."""

    def embedded() -> Iterator[tuple[torch.Tensor, Batch]]:
        model = moved.model.eval()
        for pixels, batch in decoded(store, batches, workers):
            with moved.precision.autocast():
                z = model(torch.from_numpy(pixels).to(model.words.device))
            yield z, batch

    with moved.as_used():
        mine = objective.validate(embedded(), moved.model)
    return moved.replica.mean(mine, photos_of(batches))
