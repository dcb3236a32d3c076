"""Decoded batches, a few ahead of the training step. Pillow decodes outside Python's lock, so threads suffice."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from weft.data.photo_store import PhotoStore
from weft.data.samplers import Batch

Photos = npt.NDArray[np.uint8]


def decoded(store: PhotoStore, batches: Iterable[Batch], workers: int) -> Iterator[tuple[Photos, Batch]]:
    """Yield each batch with its photos, (batch, 3, height, width), in order; at most workers + 1 are ahead."""
    ahead: deque[tuple[Future[Photos], Batch]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for batch in batches:
            ahead.append((pool.submit(store.decode, batch.photos), batch))
            if len(ahead) > workers:
                photos, due = ahead.popleft()
                yield photos.result(), due
        for photos, due in ahead:
            yield photos.result(), due
