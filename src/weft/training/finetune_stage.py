"""The stage finetune: read the prepared photos and the W of stage 1, train the network, and write the model bundle.

After the training, `retrain_head` may train W once more on the embeddings z of the finetuned encoder. Word weights
improve the encoder, but they make the words with a large weight too likely in the predictions. So the encoder is
trained with word weights, and W is then trained without them (Kang et al. 2020, arXiv 1910.09217, section 4.1,
"classifier re-training"). `wise_ft` interpolates between the weights before and after the training.
"""

import shutil
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from weft import artefacts
from weft.bags import Documents, read_documents
from weft.contracts import files
from weft.contracts.arrays import Ints
from weft.data.photo_store import PhotoStore, read_product_ids
from weft.errors import ModelError
from weft.model.backbone import load_backbone
from weft.model.bundle import save_bundle
from weft.model.embed_stream import BatchEmbedder, embed_stream
from weft.model.embedder import Embedder, fold_projection_into_head, init_projection
from weft.params import CosineLogits, Finetune, Logits, Params, TrainHead, Training
from weft.process_group import ProcessGroup
from weft.progress import log_line, progress_bar
from weft.training.checkpoint import delete_checkpoint
from weft.training.epoch_selection import summarize_training
from weft.training.finetune import finetune
from weft.training.history import EpochMetrics, EpochTiming, log_epoch, write_history
from weft.training.objective import export_head_weights
from weft.training.run_context import RunContext
from weft.training.stored_photos import StoredPhotos
from weft.training.train_head import CachedEmbeddings, train_head
from weft.training.warm_start import start_from
from weft.training.word_weights import compute_word_weights
from weft.training_summary import TrainingSummary, write_training_summary

_EMBEDDINGS_FILE = "{}.z.npy"
"""File name of the embeddings of a split."""
_EMBED_BATCH_SIZE = 64
"""Photos that are embedded at once."""
_FLOAT16_MAX = 65_504.0
"""The largest float16; z is stored as float16 and clamped to this range."""


def run_finetune(
    photos: Path,
    documents: Path,
    words: Path,
    head_dir: Path,
    settings: Params,
    context: RunContext,
    out: Path,
    *,
    on_epoch_end: Callable[[EpochMetrics, EpochTiming], None],
    initial_model: Path | None = None,
) -> TrainingSummary:
    """Train the whole network, and write the model bundle, history.csv and training.json to the folder `out`.

    Args:
        photos: The folder of the prepared photos.
        documents: The words of the products, documents.parquet.
        words: The vocabulary, words.tsv.
        head_dir: The folder models/head, which holds the W to start from.
        settings: The sections model, prepare (its height and width), training and finetune are read, and train_head if
            `finetune.retrain_head`.
        context: Device, threads, processes, and the folder of the checkpoint and of the memory-mapped photos.
        out: The folder to write.
        on_epoch_end: Called at the end of each epoch.
        initial_model: The folder of the model to start from; None for the pretrained backbone and the W of stage 1.

    Returns:
        Which epoch is kept; only the main process writes files.

    Raises:
        ContractError: An input is missing or broken, or a product with photos has no document.
        ModelError: The W in `head_dir` does not fit the vocabulary or the backbone.
        ParamsError: The device ran out of memory; the message names the settings to lower.
    """
    state_dir, predictability = context.state_dir, head_dir / files.WORD_PREDICTABILITY
    model = _build_initial_model(settings, head_dir, words, initial_model)
    pretrained = deepcopy(model) if settings.finetune.wise_ft_weight else None
    word_bags = read_documents(documents, len(model.words))
    train, val = (
        _open_split(photos / split, word_bags, state_dir / f"{split}.arrow", settings, context.process_group)
        for split in ("train", "val")
    )
    weights = compute_word_weights(predictability, settings.finetune)
    sections = settings.training, settings.finetune
    history = finetune(train, val, model, *sections, context, on_epoch_end=on_epoch_end, word_weights=weights)
    summary = summarize_training("finetune", history, settings.finetune.keep_best_by)
    if not context.process_group.is_main:
        return summary
    _finalize_model(model, pretrained, settings.training.logits, settings.finetune)
    if settings.finetune.retrain_head:
        splits, head_context = {"train": train, "val": val}, replace(context, state_dir=state_dir / "head")
        retrain_head(model, splits, word_bags, settings.training, settings.train_head, head_context)
    size, loss = settings.prepare, settings.training.loss.name
    save_bundle(out, model, settings.model, size.height, size.width, words, loss)
    shutil.copyfile(predictability, out / predictability.name)  # text queries weight their words by it
    write_history(out / files.HISTORY, history)
    write_training_summary(out / files.TRAINING, summary)
    _delete_state(state_dir)
    log_line(summary.describe())
    return summary


def _delete_state(state_dir: Path) -> None:
    delete_checkpoint(state_dir)
    for split in ("train", "val"):
        (state_dir / f"{split}.arrow").unlink()


def _open_split(
    folder: Path, documents: Documents, cache_file: Path, settings: Params, process_group: ProcessGroup
) -> StoredPhotos:
    """Return the photos and words of one split.

    The main process copies the photos into the file `cache_file`, and every process then maps that file into memory.
    """
    if process_group.is_main:
        PhotoStore(folder, cache_file)
    process_group.barrier()
    products = documents.find(read_product_ids(folder))
    count_repeated_words = settings.training.sampling.count_repeated_words
    bags = documents.training_bags(products, count_repeated_words, settings.finetune.description_weight)
    return StoredPhotos(PhotoStore(folder, cache_file, copy=False), bags, products)


def _build_initial_model(settings: Params, head_dir: Path, words: Path, initial_model: Path | None) -> Embedder:
    """Return the backbone with W, its bias, and the projection that is computed from W.

    They are those of an earlier model, if there is one; else the pretrained ones and those of stage 1.
    """
    encoder, logits = settings.model, settings.training.logits
    unit_norm = isinstance(logits, CosineLogits)
    backbone = load_backbone(encoder.backbone, encoder.weights, encoder.feature_layer, encoder.pooling)
    head_weights = torch.from_numpy(artefacts.read_word_embeddings(head_dir / files.MODEL).copy())
    vocabulary = artefacts.read_words(words)["word"]
    if tuple(head_weights.shape) != (len(vocabulary), backbone.dim):
        raise ModelError(
            f"{head_dir}: expected W of shape {(len(vocabulary), backbone.dim)} for {words} and "
            f"{encoder.backbone}, got {tuple(head_weights.shape)}; run the stage train_head"
        )
    if not artefacts.read_words(head_dir / files.WORDS)["word"].equals(vocabulary):
        raise ModelError(
            f"{head_dir}: expected W for the words of {words} in their order, got {files.WORDS} with other words; run "
            "the stage train_head"
        )
    bias = torch.from_numpy(artefacts.read_word_bias(head_dir / files.MODEL)) if logits.word_bias else None
    if initial_model is not None:
        carried = start_from(initial_model, backbone.network, head_weights, vocabulary.tolist(), bias)
        head_weights, bias = carried.words, carried.bias
        log_line(
            f"finetune: starts from {initial_model}; {carried.num_known} of {len(vocabulary)} words are known to it"
        )
    projection = None
    if encoder.projection_dim:
        projection, head_weights = init_projection(head_weights, encoder.projection_dim)
    head_weights = torch.nn.functional.normalize(head_weights, dim=1) if unit_norm else head_weights
    return Embedder(backbone.network, head_weights, backbone.normalisation, projection, bias, unit_norm=unit_norm)


def _finalize_model(model: Embedder, pretrained: Embedder | None, logits: Logits, settings: Finetune) -> None:
    """Change `model` in place to the form in which it is saved.

    W is scaled for use with plain dot products. Depending on `settings`, the projection is folded into W and the
    weights are interpolated with those of `pretrained`.
    """
    for network in (model,) if pretrained is None else (model, pretrained):
        network.words.data = export_head_weights(network.words.data, logits)
        if settings.discard_projection_head:
            fold_projection_into_head(network)
    if pretrained is not None:
        wise_ft(model, pretrained, settings.wise_ft_weight)


def retrain_head(
    model: Embedder,
    splits: Mapping[str, StoredPhotos],
    documents: Documents,
    training: Training,
    settings: TrainHead,
    context: RunContext,
) -> None:
    """Replace the W and the bias of `model` by those that stage 1 trains on its z; the encoder stays the same.

    Args:
        model: A finetuned model, changed in place; only the number of words is read from its W.
        splits: The photos of "train", to train on, and of "val", to choose the best epoch.
        documents: The words of the products; `settings` says how much each word weighs.
        training: The section training of params.yaml.
        settings: The section train_head of params.yaml.
        context: Device, threads, and the folder of the checkpoint and of z, which may be larger than the memory. The
            folder is deleted at the end.

    Raises:
        ParamsError: The device ran out of memory; the message names the settings to lower.
    """
    device, state_dir = context.device, context.state_dir
    state_dir.mkdir(parents=True, exist_ok=True)
    count_repeated_words = training.sampling.count_repeated_words
    train, val = (
        CachedEmbeddings(
            _embed_store(model, stored.store, device, context.workers, state_dir / _EMBEDDINGS_FILE.format(split)),
            documents.training_bags(stored.products, count_repeated_words, settings.description_weight),
            stored.products,
        )
        for split, stored in ((name, splits[name]) for name in ("train", "val"))
    )
    on_epoch_end = partial(log_epoch, "finetune, retrain_head")
    head_weights, history = train_head(
        train, val, len(model.words), training, settings, context, on_epoch_end=on_epoch_end
    )
    log_line(f"finetune, retrain_head: {summarize_training('train_head', history, settings.keep_best_by).describe()}")
    model.words = nn.Parameter(head_weights["words"].to(device))
    model.bias = nn.Parameter(head_weights["bias"].to(device)) if "bias" in head_weights else None
    delete_checkpoint(state_dir)
    for split in ("train", "val"):
        (state_dir / _EMBEDDINGS_FILE.format(split)).unlink()
    state_dir.rmdir()


def _embed_store(model: Embedder, store: PhotoStore, device: str, workers: int, path: Path) -> npt.NDArray[np.float16]:
    """Embed all photos and return z, (photos, embedding_dim), mapped from the .npy file `path`."""
    shape = (len(store), model.words.shape[1])
    z: npt.NDArray[np.float16] = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
    starts = range(0, len(store), _EMBED_BATCH_SIZE)
    photo_ranges = (np.arange(start, min(start + _EMBED_BATCH_SIZE, len(store))) for start in starts)

    def load(photos: Ints) -> tuple[torch.Tensor, Ints]:
        return torch.from_numpy(store.decode(photos)), photos

    embedded = embed_stream(load, photo_ranges, BatchEmbedder(model, device), workers, device)
    for batch_z, photos in progress_bar(embedded, "finetune, embed for retrain_head", len(starts), "batches"):
        assert batch_z is not None
        z[photos] = batch_z.clip(-_FLOAT16_MAX, _FLOAT16_MAX).astype(np.float16)
    return z


@torch.no_grad()
def wise_ft(model: nn.Module, pretrained: nn.Module, pretrained_weight: float) -> None:
    """Interpolate linearly between the weights before and after a training, including running statistics.

    theta = (1 - w) * theta_finetuned + w * theta_pretrained (Wortsman et al. 2022, WiSE-FT, arXiv 2109.01903,
    section 3, with alpha = 1 - w). A small w restores much of the accuracy on other domains and costs little accuracy
    on the trained one.

    Args:
        model: The finetuned model; changed in place.
        pretrained: The same model before the training, on any device.
        pretrained_weight: w, in [0, 1].
    """
    pretrained_state = pretrained.state_dict()
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():  # Integer tensors count batches and are kept.
            tensor.lerp_(pretrained_state[name].to(tensor.device), pretrained_weight)
