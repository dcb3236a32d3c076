import threading
import time

import numpy as np
import pytest

from weft.errors import PhotoError
from weft.serve.photo_batches import MAX_PHOTOS_PER_BATCH, PhotoBatches


class StoppedModel:
    """Embeds a photo as the number that it holds, after the test lets it; `is_busy` says that the first batch waits."""

    def __init__(self):
        self.is_busy, self.may_go_on = threading.Event(), threading.Event()
        self.batches = []

    def embed_stream(self, photos, skipped):
        photos = list(photos)
        self.batches.append(len(photos))
        self.is_busy.set()
        assert self.may_go_on.wait(30)
        if any(photo == b"fault" for _, photo in photos):
            raise RuntimeError("a fault of the model")
        skipped += [(key, PhotoError("cannot be decoded")) for key, photo in photos if photo == b"broken"]
        usable = [(key, photo) for key, photo in photos if photo != b"broken"]
        if usable:
            yield [key for key, _ in usable], np.array([[float(photo)] for _, photo in usable], np.float32)


@pytest.fixture
def embed_at_once():
    """Embeds photos in threads, of which all but the first wait while the model embeds the first."""

    def run(photos):
        model, found = StoppedModel(), {}
        batches = PhotoBatches(model)

        def embed(number, photo):
            try:
                found[number] = float(batches.embed(photo)[0])
            except (PhotoError, RuntimeError) as error:
                found[number] = str(error)

        threads = [threading.Thread(target=embed, args=item) for item in enumerate(photos)]
        threads[0].start()
        assert model.is_busy.wait(30)
        for thread in threads[1:]:
            thread.start()
        while batches._queue.qsize() < len(photos) - 1:
            time.sleep(0.001)
        model.may_go_on.set()
        for thread in threads:
            thread.join()
        return [found[number] for number in range(len(photos))], model.batches

    return run


def test_photos_that_wait_are_embedded_together_and_each_request_gets_its_own(embed_at_once):
    found, batches = embed_at_once([b"%d" % number for number in range(12)])
    assert found == [float(number) for number in range(12)]
    assert batches == [1, MAX_PHOTOS_PER_BATCH, 11 - MAX_PHOTOS_PER_BATCH]


def test_a_broken_photo_fails_only_its_own_request(embed_at_once):
    found, batches = embed_at_once([b"0", b"1", b"broken", b"3"])
    assert found == [0.0, 1.0, "cannot be decoded", 3.0]
    assert batches == [1, 3]


def test_a_photo_that_makes_the_model_fail_fails_only_its_own_request(embed_at_once):
    found, batches = embed_at_once([b"0", b"1", b"fault", b"3"])
    assert found == [0.0, 1.0, "a fault of the model", 3.0]
    assert batches == [1, 3, 1, 1, 1]


def test_embeddings_are_those_of_the_model(catalogue, upload):
    photo = upload("red")["photo"][1]
    assert PhotoBatches(catalogue.model).embed(photo) == pytest.approx(catalogue.model.embed(photo)[0], abs=1e-5)
