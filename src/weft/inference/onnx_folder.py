"""The folder of an exported model: a network in ONNX with all that embedding, tagging and search need beside it.

model.onnx         photos, uint8 (batch, 3, height, width), RGB -> embeddings, float32 (batch, embedding_dim), not
                   normalised; the normalisation of the pixels is part of the graph
head.safetensors   the tensors "words", W (words, embedding_dim), and "bias" (words,): W z + bias are the word scores;
                   and "query_weights" (words,): how much each word counts in a text query
words.json         the vocabulary as a list; its order is that of the rows of W
preprocess.json    how a photo becomes the input of the graph
calibration/       the tag head and the thresholds of the calibrated words, if the model was calibrated
export.json        the digest of the model, the loss that trained W, opset, input, output, parity, and the sha256 of
                   every other file
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from weft.contracts import files
from weft.contracts.arrays import Scores
from weft.errors import ModelError

FORMAT_VERSION = 1
INPUT, OUTPUT = "photos", "embeddings"
"""Names of the input and the output of the graph."""
WORDS, BIAS, QUERY_WEIGHTS = "words", "bias", "query_weights"
"""Names of the tensors of the head."""
CALIBRATION_FILES = (files.CALIBRATION, files.CALIBRATED_WORDS, files.TAG_HEAD)
"""What tags need of the output of calibrate."""

_Json = TypeVar("_Json", dict[str, Any], list[Any])


@dataclass(frozen=True)
class OnnxFolder:
    """The content of an exported folder, without the network."""

    network: Path
    """The file of the network."""
    words: list[str]
    word_embeddings: Scores
    """W, (words, embedding_dim)."""
    word_bias: Scores
    """(words,)."""
    query_weights: Scores
    """(words,)."""
    height: int
    """Height in pixels to which photos are resized."""
    width: int
    """Width in pixels to which photos are resized."""
    digest: str
    """The digest of the model that was exported."""
    loss: str
    """The name of the loss that trained W; empty where the folder does not say it."""


def is_onnx_folder(folder: Path) -> bool:
    """Return whether `weft export onnx` wrote a folder."""
    return (folder / files.EXPORT).is_file()


def read_onnx_folder(folder: Path) -> OnnxFolder:
    """Read and check an exported folder.

    Raises:
        ModelError: A file is missing, was changed, or does not fit the others.
    """
    export = _read_json(folder / files.EXPORT, dict)
    if export.get("format") != FORMAT_VERSION:
        raise ModelError(
            f"{folder / files.EXPORT}: expected the format {FORMAT_VERSION}, got {export.get('format')!r}; "
            "export the model again with `weft export onnx`"
        )
    _check_files(folder, export.get("files"))
    try:
        words = [str(word) for word in _read_json(folder / files.WORD_LIST, list)]
        preprocess = _read_json(folder / files.PREPROCESS, dict)
        head = _read_tensors(folder / files.HEAD)
        height, width, digest = int(preprocess["height"]), int(preprocess["width"]), str(export["model"])
        loss = str(export.get("loss", ""))
        w, bias, query_weights = head[WORDS], head[BIAS], head[QUERY_WEIGHTS]
    except KeyError as error:
        raise ModelError(f"{folder}: a file lacks the key {error}; export the model again") from error
    except (TypeError, ValueError) as error:
        raise ModelError(f"{folder / files.PREPROCESS}: {error}; export the model again") from error
    has_shapes = w.ndim == 2 and len(w) == len(words) and bias.shape == query_weights.shape == (len(words),)
    if not has_shapes or any(tensor.dtype != np.float32 for tensor in (w, bias, query_weights)):
        raise ModelError(
            f"{folder / files.HEAD}: expected float32 {WORDS} ({len(words)}, embedding_dim), and {BIAS} and "
            f"{QUERY_WEIGHTS} ({len(words)},), got {w.dtype} {w.shape}, {bias.dtype} {bias.shape} and "
            f"{query_weights.dtype} {query_weights.shape}; export the model again"
        )
    return OnnxFolder(folder / files.NETWORK, words, w, bias, query_weights, height, width, digest, loss)


def hash_files(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file of a folder but export.json, by its path in the folder."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name: _hash_file(folder / name) for name in names if name != files.EXPORT}


def _check_files(folder: Path, digests: object) -> None:
    """Check that the files are those that were exported; files that are not named are never read."""
    required = {files.NETWORK, files.HEAD, files.WORD_LIST, files.PREPROCESS}
    if not isinstance(digests, Mapping) or not required <= set(digests):
        raise ModelError(f"{folder / files.EXPORT}: expected the sha256 of {', '.join(sorted(required))}")
    for name, digest in digests.items():
        path = folder / str(name)
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise ModelError(f"{path}: missing; export the model again with `weft export onnx`")
        if _hash_file(path) != digest:
            raise ModelError(f"{path}: changed after the export; export the model again with `weft export onnx`")


def _hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_json(path: Path, kind: type[_Json]) -> _Json:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: expected JSON: {error}") from error
    if not isinstance(values, kind):
        raise ModelError(f"{path}: expected a JSON {kind.__name__}, got {type(values).__name__}")
    return values


def _read_tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors: dict[str, npt.NDArray[Any]] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: not readable safetensors: {error}; export the model again") from error
    return tensors
