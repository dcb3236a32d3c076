"""The stage train_head: read cached embeddings and bags of words, train W, and write the folder models/head."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from weft import artefacts, tables
from weft.bags import Documents, WordBags, read_documents
from weft.contracts import files
from weft.params import CosineLogits, TrainHead, Training
from weft.progress import log_line
from weft.training.checkpoint import delete_checkpoint
from weft.training.epoch_selection import summarize_training
from weft.training.head_init import rms_norm
from weft.training.history import EpochMetrics, EpochTiming, write_history
from weft.training.run_context import RunContext
from weft.training.train_head import CachedEmbeddings, train_head
from weft.training.visualness import MAX_SCORED_PHOTOS, Matrix, measure_visualness
from weft.training.word_weights import measure_redundancy, measure_uncertainty_coefficients
from weft.training_summary import TrainingSummary, write_training_summary


def run_train_head(
    features: Path,
    documents: Path,
    words: Path,
    training: Training,
    settings: TrainHead,
    context: RunContext,
    out: Path,
    *,
    on_epoch_end: Callable[[EpochMetrics, EpochTiming], None],
) -> TrainingSummary:
    """Train W and write the folder `out`.

    The folder holds model.safetensors (the tensor "words", and "bias" if it is trained), words.tsv, history.csv,
    training.json and word_predictability.tsv.

    Args:
        features: The folder of the embeddings of the catalogue, computed by the pretrained backbone.
        documents: The words of the products, documents.parquet.
        words: The vocabulary, words.tsv.
        training: The section training of params.yaml.
        settings: The section train_head of params.yaml.
        context: Device, threads and folder of the checkpoint.
        out: The folder to write, models/head.
        on_epoch_end: Called at the end of each epoch.

    Returns:
        Which epoch is kept.

    Raises:
        ContractError: An input is missing or broken, or a product with photos has no document.
        ModelError: The initial loss is not close to ln(number of words).
        ParamsError: The device ran out of memory; the message names the settings to lower.
    """
    from safetensors.torch import save_file

    embeddings = artefacts.read_embeddings(features)
    vocabulary = artefacts.read_words(words)
    word_bags = read_documents(documents, len(vocabulary))
    train = _load_cached_split(embeddings, word_bags, "train", training, settings)
    val = _load_cached_split(embeddings, word_bags, "val", training, settings)
    head_weights, history = train_head(
        train, val, len(vocabulary), training, settings, context, on_epoch_end=on_epoch_end
    )
    with tables.atomic_write(out) as temporary:
        temporary.mkdir(parents=True)
        save_file({name: tensor.contiguous() for name, tensor in head_weights.items()}, temporary / files.MODEL)
        shutil.copyfile(words, temporary / files.WORDS)
        write_history(temporary / files.HISTORY, history)
        summary = summarize_training("train_head", history, settings.keep_best_by)
        write_training_summary(temporary / files.TRAINING, summary)
        table = _build_predictability_table(train, val, vocabulary, head_weights, training)
        artefacts.write_word_predictability(temporary / files.WORD_PREDICTABILITY, table)
    delete_checkpoint(context.state_dir)
    log_line(summary.describe())
    return summary


def _load_cached_split(
    embeddings: artefacts.Embeddings, documents: Documents, split: str, training: Training, settings: TrainHead
) -> CachedEmbeddings:
    """Return the embeddings and words of the photos of one split, which are consecutive rows."""
    rows = np.flatnonzero(np.array(embeddings.photos["split"].to_pylist(), np.str_) == split)
    first, last = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
    products = documents.find(embeddings.photos["product_id"].slice(first, last - first).to_pylist())
    count_repeated_words = training.sampling.count_repeated_words
    bags = documents.training_bags(products, count_repeated_words, settings.description_weight)
    return CachedEmbeddings(embeddings.z[first:last], bags, products)


def _build_predictability_table(
    train: CachedEmbeddings,
    val: CachedEmbeddings,
    vocabulary: pd.DataFrame,
    head_weights: dict[str, torch.Tensor],
    training: Training,
) -> pd.DataFrame:
    """Return the vocabulary with the columns of word_predictability.tsv, one row per word."""
    words = head_weights["words"].numpy()
    bias = head_weights["bias"].numpy() if "bias" in head_weights else np.zeros((len(words), 1), np.float32)
    train_scored, val_scored = (
        _scale_for_scoring(cached, isinstance(training.logits, CosineLogits)) for cached in (train, val)
    )
    visualness = measure_visualness(*val_scored, words, bias)
    return vocabulary.assign(
        val_photos=visualness.val_photo_counts,
        somers_d=visualness.somers_d,
        somers_d_shrunk=visualness.somers_d_shrunk,
        uncertainty_coefficient=measure_uncertainty_coefficients(train_scored, val_scored, words, bias),
        redundancy=measure_redundancy(train.bags, len(vocabulary)),
    )


def _scale_for_scoring(cached: CachedEmbeddings, normalise: bool) -> tuple[npt.NDArray[np.float16] | Matrix, WordBags]:
    """Return z, scaled as in the scores of stage 1, and the words of at most MAX_SCORED_PHOTOS photos with words."""
    photos = cached.bags.sample_nonempty(MAX_SCORED_PHOTOS)
    z, bags = cached.z[photos], cached.bags.take(photos)
    if not normalise:
        return z, bags
    # Cosine logits ignore the norm of z, and the exported W assumes that every z has the typical norm.
    z_float32 = z.astype(np.float32)
    return z_float32 * (rms_norm(cached.z) / np.linalg.norm(z_float32, axis=1, keepdims=True).clip(1e-12)), bags
