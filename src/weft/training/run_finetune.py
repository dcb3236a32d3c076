"""Stage 2 from artefact to artefact: prepared photos and the W of stage 1 in, the model bundle out."""

import math
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import torch

from weft import artefacts
from weft.contracts import files
from weft.data.bags import read_bags
from weft.data.photo_store import PhotoStore
from weft.errors import ModelError
from weft.model.backbone import load_backbone
from weft.model.bundle import save_bundle
from weft.model.embedder import Embedder
from weft.model.projection import fold_projection_into_head, init_projection
from weft.params import Finetune, Params
from weft.processes import SINGLE_PROCESS, ProcessGroup
from weft.training.checkpoint import delete_checkpoint
from weft.training.finetune import StoredPhotos, finetune
from weft.training.interpolate import wise_ft
from weft.training.objective import export_head_weights
from weft.training.record import EpochMetrics, EpochTiming, write_history
from weft.training.refit import retrain_head
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
        initial: models/words, for the first W.
        settings: The sections model, prepare (the size) and finetune are read; fit_words where W is fitted again.
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
    pretrained = deepcopy(model) if settings.finetune.first_share else None
    train, val = (
        _open_split(photos / split, state_dir / f"{split}.arrow", settings, process_group) for split in ("train", "val")
    )
    weights = compute_word_weights(head_dir / files.VISUALNESS, settings.finetune)
    history = finetune(
        train, val, model, settings.finetune, device, workers, state_dir, on_epoch_end, weights,
        checkpoint_seconds, process_group, compile_backend,
    )  # fmt: skip
    if not process_group.is_main:
        return ""
    _finalize_model(model, pretrained, settings.finetune)
    if settings.finetune.refit_words:
        stores = {"train": train.store, "val": val.store}
        retrain_head(model, stores, photos, settings.fit_words, device, workers, state_dir / "words")
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
    bags = read_bags(folder, settings.finetune.repeats, settings.finetune.described)
    return StoredPhotos(PhotoStore(folder, cache_file, copy=False), bags)


def _build_initial_model(settings: Params, head_dir: Path, words: Path) -> Embedder:
    """The backbone as it comes, with the W of stage 1, its bias, and the projection made of W."""
    encoder, training = settings.model, settings.finetune
    backbone = load_backbone(encoder.backbone, encoder.weights, encoder.layer, encoder.pooling)
    head_weights = torch.from_numpy(artefacts.read_word_embeddings(head_dir / files.MODEL).copy())
    vocabulary = artefacts.read_words(words)["word"]
    if tuple(head_weights.shape) != (len(vocabulary), backbone.dim):
        raise ModelError(f"{head_dir}: W is {tuple(head_weights.shape)}, not of {words} and {encoder.backbone}")
    if not artefacts.read_words(head_dir / files.WORDS)["word"].equals(vocabulary):
        raise ModelError(f"{head_dir}: W is of other words than {words}; run the stage fit_words")
    projection = None
    if encoder.projection:
        projection, head_weights = init_projection(head_weights, encoder.projection)
    bias = torch.from_numpy(artefacts.read_word_bias(head_dir / files.MODEL)) if training.bias else None
    head_weights = torch.nn.functional.normalize(head_weights, dim=1) if training.normalise else head_weights
    return Embedder(
        backbone.network, head_weights, backbone.normalisation, projection, bias, unit_norm=training.normalise
    )


def _finalize_model(model: Embedder, pretrained: Embedder | None, settings: Finetune) -> None:
    """From the model as it was trained to the one that is used: W alone, and a share of the model before training."""
    for network in (model,) if pretrained is None else (model, pretrained):
        network.words.data = export_head_weights(network.words.data, settings)
        if settings.fold_projection:
            fold_projection_into_head(network)
    if pretrained is not None:
        wise_ft(model, pretrained, settings.first_share)
