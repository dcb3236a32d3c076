"""W once more, on the z that finetune ends with: stage 1 on another encoder.

What weighs much while the encoder learns (rare words, words that photos tell) moves it the right way, but also makes
these words too readily told. So the two are decoupled: the encoder by finetune's weights, W on its finished z without
them (Kang et al. 2020, arXiv 1910.09217, section 4.1, "classifier re-training").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from weft.data.bags import Ints, read_bags
from weft.data.loader import decoded
from weft.data.photo_store import PhotoStore
from weft.model.embedder import Embedder
from weft.model.folded import folded
from weft.params import FitWords
from weft.progress import track
from weft.runtime import enough_memory
from weft.training.checkpoint import forget_checkpoint
from weft.training.fit_words import CachedPhotos, fit_words
from weft.training.record import describe

_Z = "{}.z.npy"
_BATCH_SIZE = 64
_LARGEST = 65_504.0
"""Of float16, which z is kept in on disk here as in the artefacts."""


@dataclass(frozen=True)
class _Some:
    """Photos next to each other in the store."""

    photos: Ints


def refit_words(
    model: Embedder,
    stores: Mapping[str, PhotoStore],
    photos: Path,
    settings: FitWords,
    device: str,
    workers: int,
    state: Path,
) -> None:
    """Give `model` the W, and the bias if any, that stage 1 fits to its z; the encoder stays as it is.

    Args:
        model: Finished; of its W the number of words alone is read.
        stores: "train" to fit on, "val" to choose the best epoch by.
        photos: The prepared photos in these stores, for their words.
        settings: Of stage 1.
        device: Where to compute.
        workers: Threads that decode photos ahead.
        state: Folder of the checkpoint and of z, which may be larger than the memory; gone in the end.

    Raises:
        ParamsError: The device has not memory enough; says what to lower.
    """
    state.mkdir(parents=True, exist_ok=True)
    train, val = (
        CachedPhotos(
            _finished_z(model, stores[split], device, workers, state / _Z.format(split)),
            read_bags(photos / split, settings.repeats, settings.described),
        )
        for split in ("train", "val")
    )
    with enough_memory(f"fit_words.batch_size = {settings.batch_size}, or take loss: sampled_softmax"):
        told = partial(describe, "finetune, words again")
        fitted, _ = fit_words(train, val, len(model.words), settings, device, state, told)
    model.words = nn.Parameter(fitted["words"].to(device))
    model.bias = nn.Parameter(fitted["bias"].to(device)) if "bias" in fitted else None
    forget_checkpoint(state)
    for split in ("train", "val"):
        (state / _Z.format(split)).unlink()
    state.rmdir()


def _finished_z(model: Embedder, store: PhotoStore, device: str, workers: int, place: Path) -> npt.NDArray[np.float16]:
    """Z of all photos, (photos, embedding_dim), written to `place` as it comes."""
    quick = folded(model.to(device, memory_format=torch.channels_last).eval())  # type: ignore[call-overload]
    shape = (len(store), model.words.shape[1])
    z: npt.NDArray[np.float16] = np.lib.format.open_memmap(place, mode="w+", dtype=np.float16, shape=shape)
    starts = range(0, len(store), _BATCH_SIZE)
    some = (_Some(np.arange(start, min(start + _BATCH_SIZE, len(store)))) for start in starts)
    for pixels, photos in track(decoded(store, some, workers), "finetune, finished z", len(starts), "batches"):
        with torch.inference_mode():
            embedded = quick(torch.from_numpy(pixels).to(device))
        z[photos.photos] = embedded.clamp(-_LARGEST, _LARGEST).half().cpu().numpy()
    return z
