import threading
import time

import numpy as np
import pytest

from weft.data.loader import prefetch_photos
from weft.data.samplers import Batch


class FakePhotoStore:
    """Photo n is a pixel of value n; even photos take longer, so that threads finish out of order."""

    def __init__(self):
        self.threads = set()

    def decode(self, photos):
        self.threads.add(threading.get_ident())
        if photos[0] % 2 == 0:
            time.sleep(0.005)
        return photos.astype(np.uint8).reshape(-1, 1, 1, 1)


def iter_batches(count, yielded=None):
    for n in range(count):
        if yielded is not None:
            yielded.append(n)
        words = np.zeros((2, 1), np.int64)
        yield Batch(np.array([n, n + 100]), words, np.ones((2, 1), np.float32), words)


@pytest.mark.parametrize("workers", [1, 3, 20])
def test_order_is_kept(workers):
    seen = [
        (photos[0, 0, 0, 0], batch.photo_indices[0])
        for photos, batch in prefetch_photos(FakePhotoStore(), iter_batches(12), workers)
    ]
    assert seen == [(n, n) for n in range(12)]


@pytest.mark.parametrize("workers", [1, 3])
def test_only_a_few_batches_are_ahead(workers):
    taken = []
    for done, _ in enumerate(prefetch_photos(FakePhotoStore(), iter_batches(12, taken), workers)):
        assert len(taken) <= done + workers + 1
    assert len(taken) == 12


def test_decoding_happens_in_the_workers():
    store = FakePhotoStore()
    list(prefetch_photos(store, iter_batches(6), workers=2))
    assert threading.get_ident() not in store.threads


def test_no_batches_are_no_photos():
    assert list(prefetch_photos(FakePhotoStore(), [], workers=2)) == []


def test_a_photo_that_cannot_be_decoded_stops_the_training():
    class Broken(FakePhotoStore):
        def decode(self, photos):
            raise OSError("image file is truncated")

    with pytest.raises(OSError, match="truncated"):
        list(prefetch_photos(Broken(), iter_batches(3), workers=2))
