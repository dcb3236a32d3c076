"""Photos of concurrent requests are embedded together: a batch costs less than its photos one by one."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol

from weft.contracts.arrays import Scores
from weft.errors import PhotoError

MAX_PHOTOS_PER_BATCH = 8
"""A larger batch is hardly faster for each photo, and its first photo waits for all."""


class PhotoEmbedder(Protocol):
    """The part of a model that embeds photos."""

    def embed_stream(
        self, photos: Iterable[tuple[int, bytes]], skipped: list[tuple[int, PhotoError]] | None = None
    ) -> Iterator[tuple[list[int], Scores]]:
        """Yield (keys, embeddings), and put photos that cannot be decoded into `skipped`."""


@dataclass(frozen=True)
class _Request:
    photo: bytes
    embedding: "Future[Scores]"


class PhotoBatches:
    """Embeds the photos of several threads, one batch at a time.

    One thread calls the model: when each thread of the server did, each kept memory of its own for it. A photo that
    finds the model free does not wait for others. The number of photos that wait is bounded by the limit on requests in
    flight.
    """

    def __init__(self, model: PhotoEmbedder) -> None:
        self._model = model
        self._queue: SimpleQueue[_Request] = SimpleQueue()
        threading.Thread(target=self._run, name="weft-embed", daemon=True).start()

    def embed(self, photo: bytes) -> Scores:
        """Return the embedding of a photo, (embedding_dim,), not normalised.

        Raises:
            PhotoError: The bytes are no photo that can be used.
        """
        request = _Request(photo, Future())
        self._queue.put(request)
        return request.embedding.result()

    def _run(self) -> None:
        while True:
            batch = [self._queue.get()]
            with suppress(Empty):
                while len(batch) < MAX_PHOTOS_PER_BATCH:
                    batch.append(self._queue.get_nowait())
            try:
                self._embed(batch)
            except Exception:  # noqa: BLE001 - one photo must not fail the requests of others
                for request in batch:
                    self._embed_alone(request)

    def _embed_alone(self, request: _Request) -> None:
        try:
            if not request.embedding.done():
                self._embed([request])
        except Exception as error:  # noqa: BLE001 - its own request raises it
            request.embedding.set_exception(error)

    def _embed(self, batch: list[_Request]) -> None:
        skipped: list[tuple[int, PhotoError]] = []
        photos = ((number, request.photo) for number, request in enumerate(batch))
        for numbers, embeddings in self._model.embed_stream(photos, skipped):
            for number, embedding in zip(numbers, embeddings, strict=True):
                batch[number].embedding.set_result(embedding)
        for number, error in skipped:
            batch[number].embedding.set_exception(error)
