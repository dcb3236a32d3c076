"""Stage 2: the whole network, starting from the W of stage 1."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from weft.data.bags import Bags
from weft.data.loader import Photos, decoded
from weft.data.photo_store import PhotoStore
from weft.data.samplers import Batch, Sampler, uniform_targets
from weft.model.embedder import Embedder
from weft.model.parts import frozen_modules
from weft.params import Finetune
from weft.progress import track
from weft.training.augment import augment
from weft.training.checkpoint import fingerprint, weights_digest
from weft.training.journal import Journal
from weft.training.objective import objective, validation_loss
from weft.training.record import EpochCost, EpochRecord
from weft.training.schedule import Schedule, build_optimizer


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
) -> list[EpochRecord]:
    """Train encoder and W together; `model` ends with the weights of the epoch with the lowest val_loss.

    Args:
        train: Photos to train on.
        val: Photos the best epoch is chosen by.
        model: The encoder with its first weights, W from fit_words.
        settings: Schedule, loss, sampling, augmentation.
        device: Where to compute.
        workers: Threads that decode photos ahead.
        state: Folder of the checkpoint; a killed training goes on from its last whole epoch.
        report: Told of each epoch as it ends.

    Returns:
        The history.
    """
    belongs_to = fingerprint(settings, train.digest(), val.digest(), weights_digest(model))
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    sampler = Sampler(train.bags, len(model.words), settings.target, settings.sampling, settings.seed)
    frozen = frozen_modules(model.encoder, settings.frozen, settings.freeze_batch_norm)
    encoder = [parameter for parameter in model.encoder.parameters() if parameter.requires_grad]
    optimizer = build_optimizer(
        [(encoder, settings.learning_rate), ([model.words], settings.word_learning_rate)], settings
    )
    steps = sampler.steps(settings.batch_size)
    schedule = Schedule(optimizer, settings, steps)
    yardstick = list(uniform_targets(val.bags, 4 * settings.batch_size))

    journal = Journal(state, belongs_to, model, optimizer, schedule)
    if not journal.history:
        untrained = validation_loss(_embedded(model, val.store, yardstick, device, workers), model.words)
        journal.add(EpochRecord(0, float("nan"), untrained, settings.word_learning_rate))
    for epoch in range(len(journal.history), settings.epochs + 1):
        began = time.monotonic()
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + epoch)
        # A backbone's dropout draws from the global generator: seeded by epoch, so that a resumed training is the same.
        torch.manual_seed(settings.seed * 1_000_003 + epoch)
        batches = decoded(train.store, sampler.epoch(epoch, settings.batch_size), workers)
        shown = track(batches, f"finetune, epoch {epoch} of {settings.epochs}", steps, "steps")
        total, waited = _train_epoch(model, frozen, shown, settings, optimizer, schedule, generator)
        seconds = time.monotonic() - began
        val_loss = validation_loss(_embedded(model, val.store, yardstick, device, workers), model.words)
        journal.add(EpochRecord(epoch, total / len(sampler), val_loss, optimizer.param_groups[-1]["lr"]))
        report(journal.history[-1], EpochCost(seconds, waited, len(sampler) / seconds))
    model.load_state_dict(journal.best)
    return journal.history


def _train_epoch(
    model: Embedder,
    frozen: list[nn.Module],
    batches: Iterable[tuple[Photos, Batch]],
    settings: Finetune,
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
    generator: torch.Generator,
) -> tuple[float, float]:
    """One pass over `batches`; the sum of the photos' losses and the seconds spent waiting for photos."""
    model.train()
    for module in frozen:
        module.eval()
    device = model.words.device
    total, waited, asked = 0.0, 0.0, time.monotonic()
    for pixels, batch in batches:
        waited += time.monotonic() - asked
        photos = augment(torch.from_numpy(pixels).to(device), settings.flip, settings.shift, generator)
        with _autocast(device.type):
            z = model(photos)
        loss = objective(z, model.words, batch, settings, generator)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.after_step()
        total += float(loss.detach()) * len(z)
        asked = time.monotonic()
    return total, waited


@torch.no_grad()
def _embedded(
    model: Embedder, store: PhotoStore, batches: Iterable[Batch], device: str, workers: int
) -> Iterator[tuple[torch.Tensor, Batch]]:
    model.eval()
    for pixels, batch in decoded(store, batches, workers):
        with _autocast(device):
            z = model(torch.from_numpy(pixels).to(device))
        yield z, batch


def _autocast(device: str) -> torch.autocast:
    """bf16 where the device gains by it: CUDA. On a CPU with avx512_bf16 it gained nothing when measured."""
    on_gpu = device.startswith("cuda") and torch.cuda.is_bf16_supported()
    return torch.autocast("cuda" if on_gpu else "cpu", torch.bfloat16, enabled=on_gpu)
