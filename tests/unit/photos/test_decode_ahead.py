import threading
from collections.abc import Iterator

import numpy as np
import pytest

from weft.errors import PhotoError
from weft.photos.prefetch import decode_and_letterbox, prefetch
from weft.photos.resize import encode_jpeg


def make_jpeg(level: int) -> bytes:
    return encode_jpeg(np.full((20, 20, 3), level, np.uint8), 95)


@pytest.mark.parametrize("workers", [1, 3])
def test_the_order_is_kept_and_a_broken_photo_stays_in_its_place(workers: int) -> None:
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


def test_the_source_is_read_only_a_little_ahead() -> None:
    drawn = 0

    def source() -> Iterator[tuple[int, bytes]]:
        nonlocal drawn
        for n in range(10_000):
            drawn += 1
            yield n, make_jpeg(9)

    stream = decode_and_letterbox(source(), 16, 16, 2)
    for _ in range(5):
        next(stream)
    assert drawn <= 5 + 2 * 8
    stream.close()


def test_an_error_that_is_no_photo_error_reaches_the_reader() -> None:
    def work(item: int) -> float:
        return 1 / item

    with pytest.raises(ZeroDivisionError):
        list(prefetch(work, [2, 1, 0, 1], 2))


def test_the_threads_end_with_the_stream() -> None:
    list(decode_and_letterbox([(0, make_jpeg(1))], 16, 16, 2))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("photos")]


def test_no_photos_give_no_photos() -> None:
    assert list(decode_and_letterbox([], 16, 16, 1)) == []
