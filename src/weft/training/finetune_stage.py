"""Stage 2 from artefact to artefact: prepared photos and the W of stage 1 in, the model bundle out.

W once more, on the z that finetune ends with: stage 1 on another encoder.

What weighs much while the encoder learns (rare words, words that photos tell) moves it the right way, but also makes
these words too readily told. So the two are decoupled: the encoder by finetune's weights, W on its finished z without
them (Kang et al. 2020, arXiv 1910.09217, section 4.1, "classifier re-training").

Weights between those before a training and those after it, which remember some of what the training forgot.
"""

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from weft import artefacts
from weft.contracts import files
from weft.data.bags import Ints, read_bags
from weft.data.loader import prefetch_photos
from weft.data.photo_store import PhotoStore
from weft.errors import ModelError
from weft.model.backbone import load_backbone
from weft.model.bundle import save_bundle
from weft.model.embedder import Embedder, fold_projection_into_head, init_projection
from weft.model.fuse_batch_norm import fuse_batch_norm
from weft.params import CosineLogits, Finetune, Logits, Params, TrainHead, Training
from weft.process_group import SINGLE_PROCESS, ProcessGroup
from weft.progress import progress_bar
from weft.runtime import explain_oom
from weft.training.checkpoint import delete_checkpoint
from weft.training.finetune import StoredPhotos, finetune
from weft.training.history import EpochMetrics, EpochTiming, log_epoch, write_history
from weft.training.objective import export_head_weights
from weft.training.train_head import CachedEmbeddings, train_head
from weft.training.word_weights import compute_word_weights


def run_finetune(
    photos: Path,
    words: Path,
    head_dir: Path,
    settings: Params,
    device: str,
    workers: int,
    state_dir: Path,
    out: Path,
    on_epoch_end: Callable[[EpochMetrics, EpochTiming], None],
    process_group: ProcessGroup = SINGLE_PROCESS,
    checkpoint_seconds: float = math.inf,
    compile_backend: str = "",
) -> str:
    """Train the whole network and write the bundle `out`, history.csv beside it.

    Args:
        photos: Prepared photos.
        words: words.tsv.
        initial: models/head, for the first W.
        settings: The sections model, prepare (the size), training and finetune; train_head if W is trained again.
        device: Where to compute.
        workers: Threads that decode photos ahead.
        state: Folder of the checkpoint and of the mapped photos.
        out: Where the bundle goes.
        report: Told of each epoch as it ends.
        processes: Who trains together; the leader alone writes.
        checkpoint_seconds: How old a checkpoint may grow inside an epoch.
        compiler: A backend of torch.compile; empty for none.

    Returns:
        The digest of the bundle; empty where this process does not lead.

    Raises:
        ModelError: The first W does not fit the vocabulary or the backbone.
        ParamsError: The device has not memory enough; says what to lower.
    """
    model = _build_initial_model(settings, head_dir, words)
    pretrained = deepcopy(model) if settings.finetune.wise_ft_weight else None
    train, val = (
        _open_split(photos / split, state_dir / f"{split}.arrow", settings, process_group) for split in ("train", "val")
    )
    weights = compute_word_weights(head_dir / files.WORD_PREDICTABILITY, settings.finetune)
    history = finetune(
        train, val, model, settings.training, settings.finetune, device, workers, state_dir, on_epoch_end, weights,
        checkpoint_seconds, process_group, compile_backend,
    )  # fmt: skip
    if not process_group.is_main:
        return ""
    _finalize_model(model, pretrained, settings.training.logits, settings.finetune)
    if settings.finetune.retrain_head:
        stores = {"train": train.store, "val": val.store}
        head_state_dir = state_dir / "words"
        retrain_head(model, stores, photos, settings.training, settings.train_head, device, workers, head_state_dir)
    size = settings.prepare
    digest = save_bundle(out, model, settings.model, size.height, size.width, words)
    write_history(out / files.HISTORY, history)
    delete_checkpoint(state_dir)
    for split in ("train", "val"):
        (state_dir / f"{split}.arrow").unlink()
    return digest


def _open_split(folder: Path, cache_file: Path, settings: Params, process_group: ProcessGroup) -> StoredPhotos:
    """The leader copies the photos, then all map the copy."""
    if process_group.is_main:
        PhotoStore(folder, cache_file)
    process_group.barrier()
    count_repeated_words = settings.training.sampling.count_repeated_words
    bags = read_bags(folder, count_repeated_words, settings.finetune.description_weight)
    return StoredPhotos(PhotoStore(folder, cache_file, copy=False), bags)


def _build_initial_model(settings: Params, head_dir: Path, words: Path) -> Embedder:
    """The backbone as it comes, with the W of stage 1, its bias, and the projection made of W."""
    encoder, logits = settings.model, settings.training.logits
    unit_norm = isinstance(logits, CosineLogits)
    backbone = load_backbone(encoder.backbone, encoder.weights, encoder.feature_layer, encoder.pooling)
    head_weights = torch.from_numpy(artefacts.read_word_embeddings(head_dir / files.MODEL).copy())
    vocabulary = artefacts.read_words(words)["word"]
    if tuple(head_weights.shape) != (len(vocabulary), backbone.dim):
        raise ModelError(f"{head_dir}: W is {tuple(head_weights.shape)}, not of {words} and {encoder.backbone}")
    if not artefacts.read_words(head_dir / files.WORDS)["word"].equals(vocabulary):
        raise ModelError(f"{head_dir}: W is of other words than {words}; run the stage train_head")
    projection = None
    if encoder.projection_dim:
        projection, head_weights = init_projection(head_weights, encoder.projection_dim)
    bias = torch.from_numpy(artefacts.read_word_bias(head_dir / files.MODEL)) if logits.word_bias else None
    head_weights = torch.nn.functional.normalize(head_weights, dim=1) if unit_norm else head_weights
    return Embedder(backbone.network, head_weights, backbone.normalisation, projection, bias, unit_norm=unit_norm)


def _finalize_model(model: Embedder, pretrained: Embedder | None, logits: Logits, settings: Finetune) -> None:
    """From the model as it was trained to the one that is used: W alone, and a share of the model before training."""
    for network in (model,) if pretrained is None else (model, pretrained):
        network.words.data = export_head_weights(network.words.data, logits)
        if settings.discard_projection_head:
            fold_projection_into_head(network)
    if pretrained is not None:
        wise_ft(model, pretrained, settings.wise_ft_weight)


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
    training: Training,
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
        training: The section training of params.yaml.
        settings: The section train_head of params.yaml.
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
            read_bags(photos / split, training.sampling.count_repeated_words, settings.description_weight),
        )
        for split in ("train", "val")
    )
    with explain_oom(f"train_head.batch_size = {settings.batch_size}, or choose training.loss.name: sampled_softmax"):
        on_epoch_end = partial(log_epoch, "finetune, words again")
        head_weights, _ = train_head(train, val, len(model.words), training, settings, device, state_dir, on_epoch_end)
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


@torch.no_grad()
def wise_ft(model: nn.Module, pretrained: nn.Module, pretrained_weight: float) -> None:
    """Move the weights of `model`, statistics of batch norm included, towards those of `first`.

    theta = (1 - share) * theta_1 + share * theta_0 (Wortsman et al. 2022, WiSE-FT, arXiv 2109.01903, section 3, with
    alpha = 1 - share): other domains come back much faster than what was trained for goes.

    Args:
        model: As trained; changed in place.
        first: The same before its training, on any device.
        share: Of `first`, in [0, 1].
    """
    pretrained_state = pretrained.state_dict()
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():  # the rest counts batches
            tensor.lerp_(pretrained_state[name].to(tensor.device), pretrained_weight)
