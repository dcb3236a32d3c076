"""Decoded batches, a few ahead of the training step. Pillow decodes outside Python's lock, so threads suffice."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from weft.data.bags import Ints
from weft.data.photo_store import PhotoStore
from weft.prefetch import prefetch

Photos = npt.NDArray[np.uint8]


class PhotoSelection(Protocol):
    """Anything that says which photos it is about: a batch, or one process's part of it."""

    @property
    def photo_indices(self) -> Ints:
        """Places in the store."""


Item = TypeVar("Item", bound=PhotoSelection)


def prefetch_photos(
    store: PhotoStore, items: Iterable[Item], workers: int, transform: Callable[[Photos, Item], Photos] | None = None
) -> Iterator[tuple[Photos, Item]]:
    """Yield each item with its photos, (batch, 3, height, width), in order; at most workers + 1 are ahead.

    Args:
        store: Where the photos are.
        items: Batches, or whatever names photos.
        workers: Threads.
        transform: Applied to the photos by the same threads, such as augmentation.
    """

    def load(item: Item) -> tuple[Photos, Item]:
        photos = store.decode(item.photo_indices)
        return (transform(photos, item) if transform else photos), item

    return prefetch(load, items, workers)
