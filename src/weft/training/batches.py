"""The training steps of an epoch, with their photos.

The random numbers of a step depend only on (seed, epoch, step). So a training that continues in the middle of an epoch,
or runs in several processes, uses the same random numbers as an uninterrupted training in one process.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from weft.contracts.arrays import Ints
from weft.data.loader import Photos, prefetch_photos
from weft.data.photo_store import PhotoStore
from weft.data.samplers import Batch
from weft.params import Augmentation
from weft.training.augment import augment, sample_augment_params


@dataclass(frozen=True)
class TrainBatch:
    """One step of an epoch."""

    step: int
    """Number of the step in the epoch, from 0."""
    seed: int
    """The seed of all random numbers in this step."""
    global_batch: Batch
    """The batch of all processes together."""
    local_rows: slice
    """The rows of the batch that this process embeds."""

    @property
    def photo_indices(self) -> Ints:
        """The indices, in the store, of the photos that this process embeds."""
        return self.global_batch.photo_indices[self.local_rows]


def derive_step_seed(seed: int, epoch: int, step: int) -> int:
    """Return the seed of a step, in [0, 2**63), the range that torch accepts."""
    return int(np.random.SeedSequence((seed, epoch, step)).generate_state(1, np.uint64)[0] >> np.uint64(1))


def epoch_batches(
    batches: Iterable[Batch], seed: int, epoch: int, first_step: int = 0, rank: int = 0, world_size: int = 1
) -> Iterator[TrainBatch]:
    """Yield the steps of an epoch from `first_step` on; the photos of previous steps are not decoded.

    Args:
        batches: All batches of the epoch.
        seed: The seed of the training.
        epoch: Number of the epoch, from 1.
        first_step: Number of steps that are already done.
        rank: Rank of this process, from 0.
        world_size: Number of processes that share each batch; their parts differ by at most one photo.
    """
    for step, batch in enumerate(islice(batches, first_step, None), first_step):
        size = len(batch.photo_indices)
        local_rows = slice(size * rank // world_size, size * (rank + 1) // world_size)
        yield TrainBatch(step, derive_step_seed(seed, epoch, step), batch, local_rows)


def load_batches(
    store: PhotoStore, batches: Iterable[TrainBatch], settings: Augmentation, workers: int
) -> Iterator[tuple[Photos, TrainBatch]]:
    """Yield the photos of each step, uint8 (local batch, 3, height, width), and the step.

    Args:
        store: The photos.
        batches: The steps.
        settings: The setting finetune.augmentation.
        workers: Number of threads that decode and augment photos before the training step needs them.
    """

    def transform(photos: Photos, batch: TrainBatch) -> Photos:
        random = np.random.default_rng(batch.seed)
        augment_params = sample_augment_params(
            len(batch.global_batch.photo_indices),
            settings.horizontal_flip,
            settings.max_translate_px,
            settings.min_crop_scale,
            random,
        )
        return augment(photos, augment_params.select(batch.local_rows))

    is_augmented = settings.horizontal_flip or settings.max_translate_px or settings.min_crop_scale < 1
    return prefetch_photos(store, batches, workers, transform if is_augmented else None)
