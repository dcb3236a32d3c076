"""Compare an exported model with its origin on photos: embeddings, word scores and the probabilities of tags."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weft import runtime
from weft.contracts import files
from weft.contracts.arrays import Matrix, Scores
from weft.errors import InputError, ModelError, PhotoError
from weft.inference.loaded_model import LoadedModel
from weft.inference.onnx_encoder import load_onnx_model
from weft.inference.torch_encoder import load_torch_model
from weft.tagging.platt_scaling import probabilities
from weft.tagging.tag_head import read_calibrated_head

TOLERANCE = 1e-4
"""The largest difference of any number, relative to the largest absolute value of its kind where that is above 1."""
MAX_PHOTOS = 200
"""Photos to compare."""


@dataclass(frozen=True)
class Parity:
    """How far the results of ONNX Runtime are from those of PyTorch, as `TOLERANCE` counts."""

    photos: int
    embeddings: float
    word_scores: float
    tag_probabilities: float | None
    """None without a calibration."""


def measure_parity(model: Path, exported: Path, photos: Iterable[tuple[str, bytes]]) -> Parity:
    """Compare both models, loaded from their files, on the first MAX_PHOTOS photos.

    Args:
        model: The model's folder.
        exported: The exported folder.
        photos: Names and bytes of photos; those that cannot be decoded are left out.

    Raises:
        ModelError: A difference exceeds TOLERANCE, or a model cannot be loaded.
        InputError: No photo can be decoded.
    """
    sample = list(itertools.islice(photos, MAX_PHOTOS))
    workers = runtime.workers()
    origin, copy = load_torch_model(model, "cpu", workers), load_onnx_model(exported, runtime.threads(), workers)
    expected, got = _embed(origin, sample), _embed(copy, sample)
    if not len(expected):
        raise InputError("parity cannot be checked: none of the photos can be decoded; name others with --photos")
    parity = Parity(
        len(expected),
        _relative_difference(expected, got),
        _relative_difference(origin.score_words(expected), copy.score_words(got)),
        _compare_tags(exported / files.EXPORTED_CALIBRATION, origin, expected, got),
    )
    for kind in ("embeddings", "word_scores", "tag_probabilities"):
        difference = getattr(parity, kind)
        if difference is not None and not difference <= TOLERANCE:
            raise ModelError(
                f"{model}: the {kind.replace('_', ' ')} of ONNX Runtime differ from those of PyTorch by "
                f"{difference:.1e} on {parity.photos} photos, expected at most {TOLERANCE:.0e}; nothing was written"
            )
    return parity


def _compare_tags(calibration: Path, model: LoadedModel, expected: Scores, got: Scores) -> float | None:
    if not calibration.is_dir():
        return None
    words, head = read_calibrated_head(calibration, model.digest, len(model.words), expected.shape[1])
    if not len(words.word_ids):
        return 0.0
    return _relative_difference(*(probabilities(head.score(z), words.slope, words.intercept) for z in (expected, got)))


def _embed(model: LoadedModel, photos: Iterable[tuple[str, bytes]]) -> Scores:
    skipped: list[tuple[str, PhotoError]] = []
    batches = [z for _, z in model.encoder.embed_stream(photos, skipped)]
    return np.concatenate(batches) if batches else np.empty((0, model.word_embeddings.shape[1]), np.float32)


def _relative_difference(expected: Matrix, got: Matrix) -> float:
    """Return the largest difference, relative to the largest expected value above 1; NaN if any number is NaN."""
    return float(np.abs(expected - got).max() / max(1.0, float(np.abs(expected).max())))
