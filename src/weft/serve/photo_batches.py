"""Photos of concurrent requests are embedded together: a batch costs less than its photos one by one."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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


@dataclass(eq=False)
class _Waiting:
    photo: bytes
    embedding: Scores | None = None
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.embedding is not None or self.error is not None


class PhotoBatches:
    """Embeds the photos of several threads, one batch at a time.

    There is no thread of its own: of the threads that wait for the model, the one that gets it embeds the oldest photos
    of all. The number of photos that wait is bounded by the limit on requests in flight.
    """

    def __init__(self, model: PhotoEmbedder) -> None:
        self._model = model
        self._queue: deque[_Waiting] = deque()
        self._model_lock = threading.Lock()

    def embed(self, photo: bytes) -> Scores:
        """Return the embedding of a photo, (embedding_dim,), not normalised.

        Raises:
            PhotoError: The bytes are no photo that can be used.
        """
        waiting = _Waiting(photo)
        self._queue.append(waiting)
        while not waiting.is_done:
            with self._model_lock:
                if not waiting.is_done:
                    self._embed_next()
        if waiting.embedding is None:
            raise waiting.error or RuntimeError("the model returned no embedding")
        return waiting.embedding

    def _embed_next(self) -> None:
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_PHOTOS_PER_BATCH))]
        try:
            self._embed(batch)
        except Exception:  # noqa: BLE001 - one photo must not fail the requests of others
            for waiting in batch:
                try:
                    self._embed([waiting])
                except Exception as error:  # noqa: BLE001 - its own request raises it
                    waiting.error = error

    def _embed(self, batch: list[_Waiting]) -> None:
        skipped: list[tuple[int, PhotoError]] = []
        photos = ((number, waiting.photo) for number, waiting in enumerate(batch))
        for numbers, embeddings in self._model.embed_stream(photos, skipped):
            for number, embedding in zip(numbers, embeddings, strict=True):
                batch[number].embedding = embedding
        for number, error in skipped:
            batch[number].error = error
