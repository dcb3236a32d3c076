"""Decode the photos of the next batches while a training step runs.

Threads are enough, because Pillow decodes without holding Python's global interpreter lock.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from weft.contracts.arrays import Ints
from weft.data.photo_store import PhotoStore
from weft.prefetch import prefetch

Photos = npt.NDArray[np.uint8]


class PhotoSelection(Protocol):
    """An object that selects photos: a batch, or the part of a batch for one process."""

    @property
    def photo_indices(self) -> Ints:
        """Indices of the photos in the photo store, (batch,)."""


Item = TypeVar("Item", bound=PhotoSelection)


def prefetch_photos(
    store: PhotoStore, items: Iterable[Item], workers: int, transform: Callable[[Photos, Item], Photos] | None = None
) -> Iterator[tuple[Photos, Item]]:
    """Yield the photos of each item, uint8 (batch, 3, height, width), with the item, in the order of the items.

    Args:
        store: The store of the photos.
        items: Batches, or other objects that select photos. At most workers + 1 of them are taken ahead.
        workers: Number of threads.
        transform: Function that the threads apply to the decoded photos, such as augmentation.
    """

    def load(item: Item) -> tuple[Photos, Item]:
        photos = store.decode(item.photo_indices)
        return (transform(photos, item) if transform else photos), item

    return prefetch(load, items, workers)
