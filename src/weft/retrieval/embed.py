"""Photos to embeddings in a stream: decoded ahead in threads, embedded in batches, never all in memory."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from weft.errors import PhotoError
from weft.photos.decode_ahead import fitted

Key = TypeVar("Key")

BATCH_SIZE = 64


def embed(
    photos: Iterable[tuple[Key, bytes]],
    model: nn.Module,
    height: int,
    width: int,
    device: str,
    workers: int,
    refused: list[tuple[Key, PhotoError]] | None = None,
) -> Iterator[tuple[list[Key], npt.NDArray[np.float32]]]:
    """Yield (keys, z) a batch at a time, in the order of `photos`; z is (batch, embedding_dim), not normalised.

    Args:
        photos: Keys and the original bytes of photos.
        model: Takes uint8 (batch, 3, height, width), gives (batch, embedding_dim).
        height: The size photos are fitted to, in pixels.
        width: Likewise.
        device: Where to compute.
        workers: Threads that decode.
        refused: Where photos that cannot be decoded are put; without it the first one raises.

    Raises:
        PhotoError: A photo cannot be decoded and `refused` is not given.
    """
    model.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    usable = _usable(fitted(photos, height, width, workers), refused)
    while batch := list(islice(usable, BATCH_SIZE)):
        keys = [key for key, _ in batch]
        pixels = np.stack([photo for _, photo in batch]).transpose(0, 3, 1, 2)
        with torch.inference_mode():
            z = model(torch.from_numpy(np.ascontiguousarray(pixels)).to(device))
        yield keys, z.float().cpu().numpy()


def _usable(
    photos: Iterable[tuple[Key, npt.NDArray[np.uint8] | PhotoError]], refused: list[tuple[Key, PhotoError]] | None
) -> Iterator[tuple[Key, npt.NDArray[np.uint8]]]:
    for key, photo in photos:
        if not isinstance(photo, PhotoError):
            yield key, photo
        elif refused is None:
            raise photo
        else:
            refused.append((key, photo))
