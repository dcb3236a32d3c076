"""Decode and resize a stream of photos in threads ahead of the reader."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from weft.errors import PhotoError
from weft.photos.decode import decode
from weft.photos.resize import Pixels, letterbox
from weft.prefetch import prefetch

Key = TypeVar("Key")
Item = TypeVar("Item")
Result = TypeVar("Result")

_PENDING_PER_WORKER = 8
"""A slow photo must not leave the other threads idle, and photos are small enough to hold eight for each."""


def decode_and_letterbox(
    photos: Iterable[tuple[Key, bytes]], height: int, width: int, workers: int
) -> Iterator[tuple[Key, Pixels | PhotoError]]:
    """Decode each photo and resize it to fit a box.

    Args:
        photos: Pairs of a key of any type and the bytes of the photo; read lazily.
        height: Height of the box in pixels.
        width: Width of the box in pixels.
        workers: Threads, at least 1; the result does not depend on it.

    Yields:
        In the given order, the key and either the pixels (uint8, (height, width, 3)) or the error.
    """

    def process(photo: tuple[Key, bytes]) -> tuple[Key, Pixels | PhotoError]:
        key, data = photo
        try:
            return key, letterbox(decode(data, height, width), height, width)
        except PhotoError as error:
            return key, error

    return prefetch_photos(process, photos, workers)


def prefetch_photos(fn: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield `fn(item)` of each item, in order, with up to eight photos per thread in memory."""
    return prefetch(fn, items, workers, max_pending=workers * _PENDING_PER_WORKER)
