"""Decoded batches, a few ahead of the training step. Pillow decodes outside Python's lock, so threads suffice."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from weft.data.bags import Ints
from weft.data.photo_store import PhotoStore

Photos = npt.NDArray[np.uint8]


class Wanted(Protocol):
    """Anything that says which photos it is about: a batch, or one process's part of it."""

    @property
    def photos(self) -> Ints:
        """Places in the store."""


Item = TypeVar("Item", bound=Wanted)


def decoded(
    store: PhotoStore, items: Iterable[Item], workers: int, change: Callable[[Photos, Item], Photos] | None = None
) -> Iterator[tuple[Photos, Item]]:
    """Yield each item with its photos, (batch, 3, height, width), in order; at most workers + 1 are ahead.

    Args:
        store: Where the photos are.
        items: Batches, or whatever names photos.
        workers: Threads.
        change: Done to the photos by the same threads: augmentation.
    """

    def work(item: Item) -> Photos:
        photos = store.decode(item.photos)
        return change(photos, item) if change else photos

    ahead: deque[tuple[Future[Photos], Item]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            ahead.append((pool.submit(work, item), item))
            if len(ahead) > workers:
                photos, due = ahead.popleft()
                yield photos.result(), due
        for photos, due in ahead:
            yield photos.result(), due
