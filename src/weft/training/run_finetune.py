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
from weft.model.projection import first_projection, fold_projection
from weft.params import Finetune, Params
from weft.processes import ALONE, Processes
from weft.training.checkpoint import forget_checkpoint
from weft.training.finetune import StoredPhotos, finetune
from weft.training.interpolate import interpolate
from weft.training.objective import finished_words
from weft.training.record import EpochCost, EpochRecord, write_history
from weft.training.refit import refit_words
from weft.training.word_weights import word_weights


def run_finetune(
    photos: Path,
    words: Path,
    initial: Path,
    settings: Params,
    device: str,
    workers: int,
    state: Path,
    out: Path,
    report: Callable[[EpochRecord, EpochCost], None],
    processes: Processes = ALONE,
    checkpoint_seconds: float = math.inf,
    compiler: str = "",
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
    model = _first_model(settings, initial, words)
    first = deepcopy(model) if settings.finetune.first_share else None
    train, val = (_stored(photos / split, state / f"{split}.arrow", settings, processes) for split in ("train", "val"))
    worth = word_weights(initial / files.VISUALNESS, settings.finetune)
    history = finetune(
        train, val, model, settings.finetune, device, workers, state, report, worth,
        checkpoint_seconds, processes, compiler,
    )  # fmt: skip
    if not processes.leads:
        return ""
    _finish(model, first, settings.finetune)
    if settings.finetune.refit_words:
        stores = {"train": train.store, "val": val.store}
        refit_words(model, stores, photos, settings.fit_words, device, workers, state / "words")
    size = settings.prepare
    digest = save_bundle(out, model, settings.model, size.height, size.width, words)
    write_history(out / files.HISTORY, history)
    forget_checkpoint(state)
    for split in ("train", "val"):
        (state / f"{split}.arrow").unlink()
    return digest


def _stored(folder: Path, scratch: Path, settings: Params, processes: Processes) -> StoredPhotos:
    """The leader copies the photos, then all map the copy."""
    if processes.leads:
        PhotoStore(folder, scratch)
    processes.wait()
    bags = read_bags(folder, settings.finetune.repeats, settings.finetune.described)
    return StoredPhotos(PhotoStore(folder, scratch, copy=False), bags)


def _first_model(settings: Params, initial: Path, words: Path) -> Embedder:
    """The backbone as it comes, with the W of stage 1, its bias, and the projection made of W."""
    encoder, training = settings.model, settings.finetune
    backbone = load_backbone(encoder.backbone, encoder.weights, encoder.layer, encoder.pooling)
    first = torch.from_numpy(artefacts.read_word_embeddings(initial / files.MODEL).copy())
    wanted = artefacts.read_words(words)["word"]
    if tuple(first.shape) != (len(wanted), backbone.dim):
        raise ModelError(f"{initial}: W is {tuple(first.shape)}, not of {words} and {encoder.backbone}")
    if not artefacts.read_words(initial / files.WORDS)["word"].equals(wanted):
        raise ModelError(f"{initial}: W is of other words than {words}; run the stage fit_words")
    projection = None
    if encoder.projection:
        projection, first = first_projection(first, encoder.projection)
    bias = torch.from_numpy(artefacts.read_word_bias(initial / files.MODEL)) if training.bias else None
    first = torch.nn.functional.normalize(first, dim=1) if training.normalise else first
    return Embedder(backbone.network, first, backbone.normalisation, projection, bias, unit=training.normalise)


def _finish(model: Embedder, first: Embedder | None, settings: Finetune) -> None:
    """From the model as it was trained to the one that is used: W alone, and a share of the model before training."""
    for each in (model,) if first is None else (model, first):
        each.words.data = finished_words(each.words.data, settings)
        if settings.fold_projection:
            fold_projection(each)
    if first is not None:
        interpolate(model, first, settings.first_share)
