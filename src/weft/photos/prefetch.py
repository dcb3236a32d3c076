"""Decode a stream of photos in threads ahead of the reader: order kept, memory bounded."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from weft.errors import PhotoError
from weft.photos.decode import decode
from weft.photos.resize import Pixels, letterbox

Key = TypeVar("Key")
Item = TypeVar("Item")
Result = TypeVar("Result")

_PREFETCH_FACTOR = 8
"""Photos under way or waiting per worker."""


def decode_and_letterbox(
    photos: Iterable[tuple[Key, bytes]], height: int, width: int, workers: int
) -> Iterator[tuple[Key, Pixels | PhotoError]]:
    """Decode and fit each photo.

    Args:
        photos: Pairs of anything that names the photo and its bytes; read lazily.
        height: Of the box to fit into, in pixels.
        width: Likewise.
        workers: Threads, at least 1; the result does not depend on it.

    Yields:
        In the order given, the name and either the pixels (uint8, (height, width, 3)) or why there are none.
    """

    def process(photo: tuple[Key, bytes]) -> tuple[Key, Pixels | PhotoError]:
        key, data = photo
        try:
            return key, letterbox(decode(data, height, width), height, width)
        except PhotoError as error:
            return key, error

    return prefetch(process, photos, workers)


def prefetch(fn: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """`work` of each item, in order, computed by threads a bounded number of items ahead of the reader.

    Pillow decodes and encodes without Python's lock, so threads do run side by side.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="photos") as pool:
        pending: deque[Future[Result]] = deque()
        try:
            for item in items:
                pending.append(pool.submit(fn, item))
                if len(pending) >= workers * _PREFETCH_FACTOR:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
