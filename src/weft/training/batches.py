"""The training steps of an epoch, with their photos.

The random numbers of a step depend only on (seed, epoch, step). So a training that continues in the middle of an epoch,
or runs in several processes, uses the same random numbers as an uninterrupted training in one process.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from weft.contracts.arrays import Ints
from weft.data.photo_store import PhotoStore
from weft.data.samplers import Batch
from weft.device_prefetch import prefetch_to_device
from weft.params import Augmentation
from weft.training.augment import Photos, augment, sample_augment_params
from weft.training.targets import Targets


@dataclass(frozen=True)
class TrainBatch:
    """One step of an epoch, or one part of it if finetune.accumulate splits it."""

    step: int
    """Number of the step in the epoch, from 0."""
    seed: int
    """The seed of all random numbers in this step."""
    global_batch: Batch
    """The batch of the step, of all processes and parts together."""
    part: slice
    """The rows of the batch in this part."""
    local_rows: slice
    """The rows of the part that this process embeds."""

    @property
    def photo_indices(self) -> Ints:
        """The indices, in the store, of the photos that this process embeds."""
        return self.global_batch.photo_indices[self.part][self.local_rows]

    @property
    def part_size(self) -> int:
        """Number of photos in this part, of all processes together."""
        return int(self.part.stop - self.part.start)

    @property
    def share(self) -> float:
        """The share of the step's photos that are in this part; 1 if there is one part."""
        return self.part_size / len(self.global_batch.photo_indices)

    @property
    def is_first(self) -> bool:
        """Whether this is the first part of its step."""
        return bool(self.part.start == 0)

    @property
    def is_last(self) -> bool:
        """Whether this is the last part of its step, after which the weights are updated."""
        return bool(self.part.stop == len(self.global_batch.photo_indices))


@dataclass(frozen=True)
class LoadedBatch:
    """A batch with its photos and targets, on the device of the model."""

    train_batch: TrainBatch
    pixels: torch.Tensor
    """The photos of this process, uint8 (local batch, 3, height, width)."""
    targets: Targets
    """The targets of the part, of all processes."""


def derive_step_seed(seed: int, epoch: int, step: int) -> int:
    """Return the seed of a step, in [0, 2**63), the range that torch accepts."""
    return int(np.random.SeedSequence((seed, epoch, step)).generate_state(1, np.uint64)[0] >> np.uint64(1))


def epoch_batches(
    batches: Iterable[Batch],
    seed: int,
    epoch: int,
    first_step: int = 0,
    rank: int = 0,
    world_size: int = 1,
    accumulate: int = 1,
) -> Iterator[TrainBatch]:
    """Yield the steps of an epoch from `first_step` on; the photos of previous steps are not decoded.

    Args:
        batches: All batches of the epoch.
        seed: The seed of the training.
        epoch: Number of the epoch, from 1.
        first_step: Number of steps that are already done.
        rank: Rank of this process, from 0.
        world_size: Number of processes that share each batch; their parts differ by at most one photo.
        accumulate: Number of parts into which a step is split; fewer if a process would have less than two photos of a
            part, because batch norm cannot be trained on one.
    """
    for step, batch in enumerate(islice(batches, first_step, None), first_step):
        size = len(batch.photo_indices)
        parts = max(1, min(accumulate, size // (2 * world_size)))
        for n in range(parts):
            part = slice(size * n // parts, size * (n + 1) // parts)
            part_size = part.stop - part.start
            local_rows = slice(part_size * rank // world_size, part_size * (rank + 1) // world_size)
            yield TrainBatch(step, derive_step_seed(seed, epoch, step), batch, part, local_rows)


def load_batches(
    store: PhotoStore,
    batches: Iterable[TrainBatch],
    settings: Augmentation,
    prepare_targets: Callable[[Batch, torch.Generator], Targets],
    workers: int,
    device: str,
) -> Iterator[LoadedBatch]:
    """Yield each batch with its photos and targets on the device.

    Args:
        store: The photos.
        batches: The steps, or their parts.
        settings: The setting finetune.augmentation.
        prepare_targets: Returns the targets of a batch; it may draw negatives with the generator.
        workers: Number of threads that decode and augment photos before the training step needs them.
        device: The torch device of the model.
    """
    is_augmented = settings.horizontal_flip or settings.max_translate_px or settings.min_crop_scale < 1

    def load(batch: TrainBatch) -> LoadedBatch:
        photos = store.decode(batch.photo_indices)
        if is_augmented:
            photos = _augment_batch(photos, batch, settings)
        targets = prepare_targets(batch.global_batch, torch.Generator().manual_seed(batch.seed))
        return LoadedBatch(batch, torch.from_numpy(photos), targets.select(batch.part))

    return prefetch_to_device(load, batches, workers, device)


def _augment_batch(photos: Photos, batch: TrainBatch, settings: Augmentation) -> Photos:
    """Augment the photos of this process; the random numbers are drawn for the whole step."""
    random = np.random.default_rng(batch.seed)
    augment_params = sample_augment_params(
        len(batch.global_batch.photo_indices),
        settings.horizontal_flip,
        settings.max_translate_px,
        settings.min_crop_scale,
        random,
    )
    return augment(photos, augment_params.select(batch.part).select(batch.local_rows))
