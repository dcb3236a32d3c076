"""The steps of an epoch, fed with photos.

All that is random in a step is a function of (seed, epoch, step): a training that goes on in the middle of an epoch, or
in several processes, draws what it would have drawn.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from weft.data.bags import Ints
from weft.data.loader import Photos, decoded
from weft.data.photo_store import PhotoStore
from weft.data.samplers import Batch
from weft.params import Finetune
from weft.training.augment import augment, draw_moves


@dataclass(frozen=True)
class Step:
    """One step of an epoch."""

    number: int
    """From 0."""
    seed: int
    """Of all that is drawn in this step."""
    batch: Batch
    """The whole batch, all processes' parts."""
    rows: slice
    """The part of the batch whose photos this process embeds."""

    @property
    def photos(self) -> Ints:
        """Places in the store of this process's photos."""
        return self.batch.photos[self.rows]


def step_seed(seed: int, epoch: int, step: int) -> int:
    """One seed for each step of each epoch, fit for torch."""
    return int(np.random.SeedSequence((seed, epoch, step)).generate_state(1, np.uint64)[0] >> np.uint64(1))


def steps(
    batches: Iterable[Batch], seed: int, epoch: int, first: int = 0, process: int = 0, processes: int = 1
) -> Iterator[Step]:
    """The steps of an epoch from number `first` on; photos of those before are never decoded.

    Args:
        batches: Of the whole epoch.
        seed: The training's.
        epoch: From 1.
        first: Steps already done.
        process: Which one this is, from 0.
        processes: How many share each batch; parts differ by at most one photo.
    """
    for number, batch in enumerate(islice(batches, first, None), first):
        size = len(batch.photos)
        rows = slice(size * process // processes, size * (process + 1) // processes)
        yield Step(number, step_seed(seed, epoch, number), batch, rows)


def fed(store: PhotoStore, wanted: Iterable[Step], settings: Finetune, workers: int) -> Iterator[tuple[Photos, Step]]:
    """Yield each step with its photos, decoded and augmented by threads ahead of it."""

    def change(photos: Photos, step: Step) -> Photos:
        random = np.random.default_rng(step.seed)
        moves = draw_moves(len(step.batch.photos), settings.flip, settings.shift, settings.crop, random)
        return augment(photos, moves.of(step.rows))

    moves_at_all = settings.flip or settings.shift or settings.crop < 1
    return decoded(store, wanted, workers, change if moves_at_all else None)
