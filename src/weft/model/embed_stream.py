"""Embed a stream of batches: batches are copied to the device ahead, and results come back while the next is computed.

On a GPU the network computes in the number format of WEFT_EMBED_DTYPE. A batch for which the memory does not suffice
is embedded in parts.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from weft import runtime
from weft.device_prefetch import prefetch_to_device
from weft.errors import InputError
from weft.model.fuse_batch_norm import fuse_batch_norm
from weft.model.mixed_precision import MixedPrecision

Item = TypeVar("Item")
Key = TypeVar("Key")
Floats = npt.NDArray[np.float32]

_MEMORY_SHARE = 0.5
"""Share of a GPU's free memory that a batch may take."""
_PROBED_PHOTOS = 8
"""Photos with which the memory of a photo is measured."""


@dataclass(frozen=True)
class PendingEmbeddings:
    """Embeddings that a device is still computing or copying."""

    z: torch.Tensor
    """(batch, embedding_dim) float32 on the CPU; on a GPU, in page-locked memory that is not yet filled."""
    copied: torch.cuda.Event | None
    """The end of the copy; None on a CPU."""
    dtype_name: str
    """The number format in which they are computed."""

    def wait(self) -> Floats:
        """Return the embeddings once they are there.

        Raises:
            InputError: An embedding is not finite, because float16 holds no numbers above 65,504.
        """
        if self.copied is not None:
            self.copied.synchronize()
        z: Floats = self.z.numpy()
        if self.dtype_name == "float16" and not np.isfinite(z).all():
            raise InputError(
                "WEFT_EMBED_DTYPE=float16: expected finite embeddings, got infinity or NaN, because an activation of "
                "this network is above 65,504; set WEFT_EMBED_DTYPE=float32"
            )
        return z


class BatchEmbedder:
    """A network in eval mode on its device; on a CPU with batch norms fused into convolutions.

    Attributes:
        max_photos: The largest number of photos that are embedded at once; None while any number is. On a GPU it is
            chosen from the free memory, and it is lowered when the memory runs out.
    """

    def __init__(self, model: nn.Module, device: str) -> None:
        """Move the network to the device.

        Args:
            model: Maps uint8 (batch, 3, height, width) to (batch, embedding_dim).
            device: The torch device.

        Raises:
            InputError: WEFT_EMBED_DTYPE or WEFT_COMPILE has a wrong value.
        """
        self._device = torch.device(device)
        network = fuse_batch_norm(model.to(device, memory_format=torch.channels_last).eval())  # type: ignore[call-overload]
        self._network: Callable[[torch.Tensor], torch.Tensor] = network
        # A compiled CPU network would give other digits than the one that trained.
        if self._device.type == "cuda" and (backend := runtime.compile_backend()):
            self._network = torch.compile(network, **runtime.compile_options(backend, device))
        self._dtype_name = runtime.embed_dtype() if self._device.type == "cuda" else "float32"
        self._precision = MixedPrecision(self._dtype_name, device)
        self.max_photos: int | None = None

    def start(self, pixels: torch.Tensor) -> PendingEmbeddings:
        """Start to embed photos, uint8 (batch, 3, height, width) on the device, and do not wait for the result.

        Raises:
            RuntimeError: The memory does not suffice for a single photo.
        """
        if self.max_photos is None and pixels.is_cuda and len(pixels) > _PROBED_PHOTOS:
            self.max_photos = self._measure_max_photos(pixels[:_PROBED_PHOTOS])
        with torch.inference_mode():
            z = self._embed_in_parts(pixels)
            if not z.is_cuda:
                return PendingEmbeddings(z, None, self._dtype_name)
            on_host = torch.empty(z.shape, dtype=z.dtype, pin_memory=True)
            on_host.copy_(z, non_blocking=True)
            copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            copied.record(torch.cuda.current_stream(z.device))
            return PendingEmbeddings(on_host, copied, self._dtype_name)

    def _embed_in_parts(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return z, (batch, embedding_dim), of as many photos at a time as the memory allows."""
        while True:
            try:
                parts = [self._embed(part) for part in torch.split(pixels, self.max_photos or len(pixels))]
                return parts[0] if len(parts) == 1 else torch.cat(parts)
            except (MemoryError, RuntimeError) as error:
                largest = min(self.max_photos or len(pixels), len(pixels))
                if not runtime.is_oom(error) or largest == 1:
                    raise
                runtime.free_traceback_memory(error)
                self.max_photos = largest // 2

    def _embed(self, pixels: torch.Tensor) -> torch.Tensor:
        with self._precision.autocast():
            z = self._network(pixels)
        return z.float()

    def _measure_max_photos(self, pixels: torch.Tensor) -> int:
        """Return the number of photos that fit into a share of the GPU's free memory, by what a few photos take."""
        with torch.inference_mode():
            self._embed(pixels)  # The first call also loads libraries, whose memory stays.
            runtime.restart_peak_memory(str(self._device))
            before = torch.cuda.memory_allocated(self._device)
            self._embed(pixels)
        bytes_per_photo = (torch.cuda.max_memory_allocated(self._device) - before) / len(pixels)
        free_bytes, _ = torch.cuda.mem_get_info(self._device)
        return max(1, int(_MEMORY_SHARE * free_bytes / max(1.0, bytes_per_photo)))


def embed_stream(
    load: Callable[[Item], tuple[torch.Tensor | None, Key]],
    items: Iterable[Item],
    embedder: BatchEmbedder,
    workers: int,
    device: str,
) -> Iterator[tuple[Floats | None, Key]]:
    """Yield the embeddings of each batch, (batch, embedding_dim) in float32, and its key, in order.

    On a GPU a batch is yielded after the next one was started, so that the GPU never waits for the reader.

    Args:
        load: Called in threads; returns the pixels of a batch, uint8 (batch, 3, height, width) on the CPU, or None for
            no photos, and a key of any type.
        items: What `load` takes, read lazily.
        embedder: The network on its device.
        workers: Number of threads that load.
        device: The torch device of the network.
    """
    max_started = 1 if device.startswith("cuda") else 0
    started: deque[tuple[PendingEmbeddings | None, Key]] = deque()
    for pixels, key in prefetch_to_device(load, items, workers, device):
        started.append((None if pixels is None else embedder.start(pixels), key))
        if len(started) > max_started:
            yield _finish(*started.popleft())
    while started:
        yield _finish(*started.popleft())


def _finish(pending: PendingEmbeddings | None, key: Key) -> tuple[Floats | None, Key]:
    return (None if pending is None else pending.wait()), key
