"""Photos decoded and resized in threads."""

from collections.abc import Iterator

import numpy as np
import pytest

from weft.errors import PhotoError
from weft.photos.prefetch import decode_and_letterbox
from weft.photos.resize import encode_jpeg


def make_jpeg(level: int) -> bytes:
    return encode_jpeg(np.full((20, 20, 3), level, np.uint8), 95)


@pytest.mark.parametrize("workers", [1, 3])
def test_order_is_kept_and_a_broken_photo_keeps_its_place(workers: int) -> None:
    photos = [(n, make_jpeg(n) if n % 7 else b"<html>") for n in range(60)]
    results = list(decode_and_letterbox(photos, 24, 16, workers))
    assert [key for key, _ in results] == list(range(60))
    for key, pixels in results:
        if key % 7:
            assert isinstance(pixels, np.ndarray)
            assert pixels.shape == (24, 16, 3)
            assert abs(int(pixels[12, 8, 0]) - key) <= 2
        else:
            assert isinstance(pixels, PhotoError)


def test_photos_are_read_at_most_eight_per_worker_ahead() -> None:
    n_read = 0

    def iter_photos() -> Iterator[tuple[int, bytes]]:
        nonlocal n_read
        for n in range(10_000):
            n_read += 1
            yield n, make_jpeg(9)

    stream = decode_and_letterbox(iter_photos(), 16, 16, 2)
    for _ in range(5):
        next(stream)
    assert n_read <= 5 + 2 * 8
    stream.close()


def test_no_photos_give_no_photos() -> None:
    assert list(decode_and_letterbox([], 16, 16, 1)) == []
