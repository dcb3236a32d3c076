"""Embed a stream of photos: threads decode ahead, the model embeds batches, memory does not grow with the stream."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from weft.errors import PhotoError
from weft.model.fuse_batch_norm import fuse_batch_norm
from weft.photos.prefetch import decode_and_letterbox

Key = TypeVar("Key")
Floats = npt.NDArray[np.float32]

BATCH_SIZE = 64


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

    A batch has BATCH_SIZE photos without those that cannot be decoded, and is never empty.

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
    fused_model = fuse_batch_norm(model.to(device, memory_format=torch.channels_last).eval())  # type: ignore[call-overload]
    decoded = decode_and_letterbox(photos, height, width, workers)
    while batch := list(islice(decoded, BATCH_SIZE)):
        usable = list(_iter_decoded(batch, skipped))
        if not usable:
            yield [], None
            continue
        pixels = np.stack([photo for _, photo in usable]).transpose(0, 3, 1, 2)
        with torch.inference_mode():
            z = fused_model(torch.from_numpy(np.ascontiguousarray(pixels)).to(device))
        yield [key for key, _ in usable], z.float().cpu().numpy()


def _iter_decoded(
    photos: Iterable[tuple[Key, npt.NDArray[np.uint8] | PhotoError]], skipped: list[tuple[Key, PhotoError]] | None
) -> Iterator[tuple[Key, npt.NDArray[np.uint8]]]:
    for key, photo in photos:
        if not isinstance(photo, PhotoError):
            yield key, photo
        elif skipped is None:
            raise photo
        else:
            skipped.append((key, photo))
