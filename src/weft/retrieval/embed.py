"""Embed a stream of photos: threads decode ahead, the model embeds batches, memory does not grow with the stream."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from weft.errors import PhotoError
from weft.model.embed_stream import BatchEmbedder, Floats, embed_stream
from weft.photos.prefetch import decode_and_letterbox

Key = TypeVar("Key")

BATCH_SIZE = 64
GPU_BATCH_SIZE = 256
"""Photos; a GPU embeds them in parts if its memory does not suffice for all."""


def embed(
    photos: Iterable[tuple[Key, bytes]],
    model: nn.Module,
    height: int,
    width: int,
    device: str,
    workers: int,
    skipped: list[tuple[Key, PhotoError]] | None = None,
) -> Iterator[tuple[list[Key], Floats]]:
    """Yield (keys, z) batch by batch, in the order of `photos`; z is (batch, embedding_dim), not normalised.

    A batch has the photos of `photos_per_batch` without those that cannot be decoded, and is never empty.

    Args:
        photos: Keys and encoded photos.
        model: Maps uint8 (batch, 3, height, width) to (batch, embedding_dim).
        height: The height of the model's input in pixels; photos are letterboxed to it.
        width: The width of the model's input in pixels.
        device: The torch device.
        workers: The number of threads that decode.
        skipped: Receives the photos that cannot be decoded; without it the first of them raises.

    Raises:
        PhotoError: A photo cannot be decoded and `skipped` is not given.
    """
    for keys, z in embed_batches(photos, model, height, width, device, workers, skipped):
        if z is not None:
            yield keys, z


def embed_batches(
    photos: Iterable[tuple[Key, bytes]],
    model: nn.Module,
    height: int,
    width: int,
    device: str,
    workers: int,
    skipped: list[tuple[Key, PhotoError]] | None = None,
) -> Iterator[tuple[list[Key], Floats | None]]:
    """Yield batches as `embed` does, and ([], None) for a batch in which no photo can be decoded."""
    embedder = BatchEmbedder(model, device)
    decoded = decode_and_letterbox(photos, height, width, workers)
    size = photos_per_batch(device)
    batches = iter(lambda: list(islice(decoded, size)), [])
    for z, (keys, errors) in embed_stream(_stack, batches, embedder, 1, device):
        for key, error in errors:
            if skipped is None:
                raise error
            skipped.append((key, error))
        yield keys, z


def photos_per_batch(device: str) -> int:
    """Return the number of photos that are read and copied to the device at once."""
    return GPU_BATCH_SIZE if device.startswith("cuda") else BATCH_SIZE


def _stack(
    batch: list[tuple[Key, npt.NDArray[np.uint8] | PhotoError]],
) -> tuple[torch.Tensor | None, tuple[list[Key], list[tuple[Key, PhotoError]]]]:
    """Return the pixels of the decoded photos, uint8 (batch, 3, height, width), their keys, and the errors."""
    usable = [(key, photo) for key, photo in batch if not isinstance(photo, PhotoError)]
    errors = [(key, photo) for key, photo in batch if isinstance(photo, PhotoError)]
    if not usable:
        return None, ([], errors)
    pixels = np.ascontiguousarray(np.stack([photo for _, photo in usable]).transpose(0, 3, 1, 2))
    return torch.from_numpy(pixels), ([key for key, _ in usable], errors)
