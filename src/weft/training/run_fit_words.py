"""Stage 1 from artefact to artefact: cached embeddings and word bags in, models/words out."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from weft import artefacts, tables
from weft.contracts import files
from weft.contracts.tables import PREPARED
from weft.data.bags import Bags, bags_of, read_bags
from weft.errors import ContractError
from weft.params import FitWords
from weft.runtime import enough_memory
from weft.training.checkpoint import forget_checkpoint
from weft.training.explained import measure_explained
from weft.training.first_words import typical_length
from weft.training.fit_words import CachedPhotos, fit_words
from weft.training.record import EpochCost, EpochRecord, write_history
from weft.training.redundancy import measure_redundancy
from weft.training.visualness import MOST_PHOTOS, Matrix, measure_visualness


def run_fit_words(
    features: Path,
    photos: Path,
    words: Path,
    settings: FitWords,
    device: str,
    state: Path,
    out: Path,
    report: Callable[[EpochRecord, EpochCost], None],
) -> None:
    """Train W and write `out`: model.safetensors ("words", "bias" if any), words.tsv, history.csv, visualness.tsv.

    Args:
        features: Embeddings of the own catalogue with the untrained backbone.
        photos: Prepared photos; only their words are read.
        words: words.tsv.
        settings: The section fit_words of params.yaml.
        device: Where to compute.
        state: Folder of the checkpoint.
        out: Where the result goes.
        report: Told of each epoch as it ends.

    Raises:
        ContractError: The embeddings are not those of the prepared photos.
    """
    from safetensors.torch import save_file

    embeddings = artefacts.read_embeddings(features)
    train = _cached(embeddings, photos, "train", settings)
    val = _cached(embeddings, photos, "val", settings)
    vocabulary = artefacts.read_words(words)
    with enough_memory(f"fit_words.batch_size = {settings.batch_size}, or take loss: sampled_softmax"):
        fitted, history = fit_words(train, val, len(vocabulary), settings, device, state, report)
    with tables.atomic(out) as temporary:
        temporary.mkdir(parents=True)
        save_file({name: tensor.contiguous() for name, tensor in fitted.items()}, temporary / files.MODEL)
        shutil.copyfile(words, temporary / files.WORDS)
        write_history(temporary / files.HISTORY, history)
        artefacts.write_visualness(temporary / files.VISUALNESS, _visualness(train, val, vocabulary, fitted, settings))
    forget_checkpoint(state)


def _cached(embeddings: artefacts.Embeddings, photos: Path, split: str, settings: FitWords) -> CachedPhotos:
    """The rows of one split, which must be the prepared photos of that split in the same order."""
    ids = [name for table in tables.read_shards(photos / split, PREPARED, ["photo_id"]) for name in table["photo_id"]]
    rows = [n for n, name in enumerate(embeddings.photos["split"].to_pylist()) if name == split]
    embedded = embeddings.photos["photo_id"].take(rows).to_pylist() if rows else []
    if embedded != [name.as_py() for name in ids]:
        raise ContractError(f"{photos / split}: not the photos that were embedded; run `dvc repro features@catalogue`")
    first, last = (rows[0], rows[-1] + 1) if rows else (0, 0)
    return CachedPhotos(embeddings.z[first:last], read_bags(photos / split, settings.repeats, settings.described))


def _visualness(
    train: CachedPhotos,
    val: CachedPhotos,
    vocabulary: pd.DataFrame,
    fitted: dict[str, torch.Tensor],
    settings: FitWords,
) -> pd.DataFrame:
    words = fitted["words"].numpy()
    bias = fitted["bias"].numpy() if "bias" in fitted else np.zeros((len(words), 1), np.float32)
    seen, unseen = (_as_scored(cached, settings.normalise) for cached in (train, val))
    found = measure_visualness(*unseen, words, bias)
    return vocabulary.assign(
        val_photos=found.photos,
        visualness=found.measured,
        expected=found.expected,
        explained=measure_explained(seen, unseen, words, bias),
        redundancy=measure_redundancy(train.bags, len(vocabulary)),
    )


def _as_scored(cached: CachedPhotos, normalise: bool) -> tuple[npt.NDArray[np.float16] | Matrix, Bags]:
    """At most MOST_PHOTOS photos with words, as stage 1 scores them, and their words."""
    photos = np.flatnonzero(cached.bags.sizes)
    photos = photos[:: max(1, -(-len(photos) // MOST_PHOTOS))]
    z, bags = cached.z[photos], bags_of([cached.bags[int(photo)].tolist() for photo in photos])
    if not normalise:
        return z, bags
    # W is made for embeddings of their typical length, of which training saw the direction alone.
    whole = z.astype(np.float32)
    return whole * (typical_length(cached.z) / np.linalg.norm(whole, axis=1, keepdims=True).clip(1e-12)), bags
