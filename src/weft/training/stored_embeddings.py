"""The cached embeddings z of a split, where training reads them: on the GPU if they fit, or else on the host."""

import numpy as np
import numpy.typing as npt
import torch

from weft.contracts.arrays import Ints

_COPIED_AT_ONCE = 16_384
"""Rows that are copied to the GPU at once; z may be a memory map that is larger than the host's memory."""


class StoredEmbeddings:
    """Embeddings z, of which each step gathers some rows.

    On the GPU a step sends only the numbers of its photos and gathers the rows there. 1.3 million photos of 2,048
    float16 numbers take 5.3 GB. On the host, threads gather the rows, and the prefetcher copies them.
    """

    def __init__(self, z: npt.NDArray[np.float16], device: str, *, on_device: bool) -> None:
        """Copy z to the device, or keep it where it is.

        Args:
            z: (photos, embedding_dim); may be a memory map.
            device: The torch device of the model.
            on_device: Whether z is copied to the device; `weft.runtime.fits_on_gpu` says whether it fits.
        """
        self._z, self._resident = z, None
        if on_device:
            self._resident = torch.empty(z.shape, dtype=torch.float16, device=device)
            for start in range(0, len(z), _COPIED_AT_ONCE):
                rows = slice(start, start + _COPIED_AT_ONCE)
                # The copy avoids a warning of torch about read-only memory, such as that of a memory map.
                self._resident[rows].copy_(torch.from_numpy(np.array(z[rows], np.float16)))

    def load(self, photo_indices: Ints) -> torch.Tensor:
        """Return what the device needs to gather these photos, on the CPU: their numbers, or their rows in float16."""
        if self._resident is not None:
            return torch.from_numpy(photo_indices)
        return torch.from_numpy(self._z[photo_indices])

    def gather(self, loaded: torch.Tensor) -> torch.Tensor:
        """Return the embeddings, (batch, embedding_dim) in float32, for the result of `load` on the device."""
        rows = loaded if self._resident is None else self._resident.index_select(0, loaded)
        return rows.float()
