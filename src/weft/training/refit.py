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
from weft.data.loader import prefetch_photos
from weft.data.photo_store import PhotoStore
from weft.model.embedder import Embedder
from weft.model.folded import fuse_batch_norm
from weft.params import TrainHead
from weft.progress import progress_bar
from weft.runtime import explain_oom
from weft.training.checkpoint import delete_checkpoint
from weft.training.fit_words import CachedEmbeddings, train_head
from weft.training.record import log_epoch

_EMBEDDINGS_FILE = "{}.z.npy"
_EMBED_BATCH_SIZE = 64
_FLOAT16_MAX = 65_504.0
"""Of float16, which z is kept in on disk here as in the artefacts."""


@dataclass(frozen=True)
class _PhotoRange:
    """Photos next to each other in the store."""

    photo_indices: Ints


def retrain_head(
    model: Embedder,
    stores: Mapping[str, PhotoStore],
    photos: Path,
    settings: TrainHead,
    device: str,
    workers: int,
    state_dir: Path,
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
    state_dir.mkdir(parents=True, exist_ok=True)
    train, val = (
        CachedEmbeddings(
            _embed_store(model, stores[split], device, workers, state_dir / _EMBEDDINGS_FILE.format(split)),
            read_bags(photos / split, settings.repeats, settings.described),
        )
        for split in ("train", "val")
    )
    with explain_oom(f"fit_words.batch_size = {settings.batch_size}, or take loss: sampled_softmax"):
        on_epoch_end = partial(log_epoch, "finetune, words again")
        head_weights, _ = train_head(train, val, len(model.words), settings, device, state_dir, on_epoch_end)
    model.words = nn.Parameter(head_weights["words"].to(device))
    model.bias = nn.Parameter(head_weights["bias"].to(device)) if "bias" in head_weights else None
    delete_checkpoint(state_dir)
    for split in ("train", "val"):
        (state_dir / _EMBEDDINGS_FILE.format(split)).unlink()
    state_dir.rmdir()


def _embed_store(model: Embedder, store: PhotoStore, device: str, workers: int, path: Path) -> npt.NDArray[np.float16]:
    """Z of all photos, (photos, embedding_dim), written to `place` as it comes."""
    fused = fuse_batch_norm(model.to(device, memory_format=torch.channels_last).eval())  # type: ignore[call-overload]
    shape = (len(store), model.words.shape[1])
    z: npt.NDArray[np.float16] = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
    starts = range(0, len(store), _EMBED_BATCH_SIZE)
    photo_ranges = (_PhotoRange(np.arange(start, min(start + _EMBED_BATCH_SIZE, len(store)))) for start in starts)
    for pixels, photo_range in progress_bar(
        prefetch_photos(store, photo_ranges, workers), "finetune, finished z", len(starts), "batches"
    ):
        with torch.inference_mode():
            embedded = fused(torch.from_numpy(pixels).to(device))
        z[photo_range.photo_indices] = embedded.clamp(-_FLOAT16_MAX, _FLOAT16_MAX).half().cpu().numpy()
    return z
