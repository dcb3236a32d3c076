"""The model bundle: weights, vocabulary and preprocessing in one folder, with a digest over all of it.

model.safetensors   "words" (words, embedding_dim), "bias" (words, 1) if any, and "encoder.*"
config.json         backbone, layer, pooling, projection, embedding_dim, words, vocabulary (sha256 of words.tsv), unit
                    (whether z has length 1), bias (whether words have one)
preprocess.json     height, width in pixels; mean, std of the channels of pixels between 0 and 1
words.tsv           the vocabulary; word_id is the row of "words"
digest.txt          sha256 over the four
"""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from weft import artefacts, tables
from weft.contracts import files
from weft.errors import ModelError
from weft.model.backbone import Normalisation, load_backbone
from weft.model.embedder import Embedder
from weft.model.weights import read_weights
from weft.params import ModelParams

_CONTENT_FILES = (files.MODEL, files.CONFIG, files.PREPROCESS, files.WORDS)

_DEFAULTS: dict[str, Any] = {"feature_layer": "last", "pooling": "average", "projection_dim": 0}
"""What bundles are that were written before config.json told."""
_OLD_KEYS = {"feature_layer": "layer", "projection_dim": "projection"}
"""Keys of config.json by their names in earlier versions."""


@dataclass(frozen=True)
class Bundle:
    """A loaded model and what goes with it."""

    embedder: Embedder
    words: list[str]
    height: int
    width: int
    """The size in pixels that photos are fitted to."""
    digest: str
    """Names this very model: sha256 of its files."""


def save_bundle(folder: Path, embedder: Embedder, model: ModelParams, height: int, width: int, words: Path) -> str:
    """Write a bundle; equal content gives equal bytes.

    Args:
        folder: Taken over whole; files that a stage added later are lost.
        embedder: The model, on any device.
        model: What its encoder is.
        height: Of the photos it was trained on, in pixels.
        width: Likewise.
        words: The words.tsv the model was trained on; copied.

    Returns:
        The digest.
    """
    from safetensors.torch import save_file

    count, dim = embedder.words.shape
    if len(artefacts.read_words(words)) != count:
        raise ModelError(f"{words}: does not hold the {count} words the model was trained on")
    with tables.atomic_write(folder) as temporary:
        temporary.mkdir(parents=True)
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in embedder.state_dict().items()}
        save_file(state, temporary / files.MODEL)
        config = {name: value for name, value in asdict(model).items() if name != "weights"}
        config |= {"embedding_dim": dim, "words": count, "vocabulary": _hash_file(words)}
        config |= {"unit": embedder.unit_norm, "bias": embedder.bias is not None}
        # One that was folded into W is no more.
        config |= {"projection_dim": 0 if embedder.projection is None else dim}
        _write_json(temporary / files.CONFIG, config)
        size = {"height": height, "width": width}
        _write_json(temporary / files.PREPROCESS, size | embedder.normalisation._asdict())
        shutil.copyfile(words, temporary / files.WORDS)
        digest = _digest_folder(temporary)
        (temporary / files.DIGEST).write_text(digest + "\n")
    return digest


def load_bundle(folder: Path) -> Bundle:
    """Load a bundle for use: eval mode, on the CPU.

    Raises:
        ModelError: A file is missing, was changed, or does not fit the others.
    """
    for name in (*_CONTENT_FILES, files.DIGEST):
        if not (folder / name).is_file():
            raise ModelError(
                f"{folder / name}: missing; a model is a folder with {', '.join(_CONTENT_FILES)}: run dvc repro"
            )
    digest = (folder / files.DIGEST).read_text(encoding="utf-8", errors="replace").strip()
    if digest != _digest_folder(folder):
        raise ModelError(f"{folder}: a file was changed after training (its digest is not {digest[:12]}...)")
    config, preprocess = _read_json(folder / files.CONFIG), _read_json(folder / files.PREPROCESS)
    # Absent from the first bundles; they say so by their digest, which is of their words too.
    if config.get("vocabulary") not in (None, _hash_file(folder / files.WORDS)):
        raise ModelError(f"{folder / files.WORDS}: not the vocabulary that the model was trained on; run dvc repro")
    words = [str(word) for word in artefacts.read_words(folder / files.WORDS)["word"]]
    try:
        embedder = _build_model(config, preprocess, len(words))
        embedder.load_state_dict(dict(read_weights(folder / files.MODEL)), strict=True)
        height, width = int(preprocess["height"]), int(preprocess["width"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        # torch says in its first line only that something is wrong.
        reason = " ".join(line.strip() for line in str(error).splitlines()[:2])
        raise ModelError(f"{folder}: config, vocabulary and weights do not fit: {reason}") from error
    return Bundle(embedder.eval(), words, height, width, digest)


def _build_model(config: dict[str, Any], preprocess: dict[str, Any], words: int) -> Embedder:
    """The network that `config` tells of, to be filled with weights."""
    options = {key: config.get(key, config.get(_OLD_KEYS.get(key, key), default)) for key, default in _DEFAULTS.items()}
    model = ModelParams(str(config["backbone"]), "random", **options)
    backbone = load_backbone(model.backbone, model.weights, model.feature_layer, model.pooling)
    normalisation = backbone.normalisation
    if "mean" in preprocess:
        mean, std = (tuple(float(value) for value in preprocess[key]) for key in ("mean", "std"))
        if len(mean) != 3 or len(std) != 3 or not all(value > 0 for value in std):
            raise ValueError(f"mean {mean} and std {std} are not of three channels")
        normalisation = Normalisation(mean, std)
    projection = torch.zeros(model.projection_dim, backbone.dim) if model.projection_dim else None
    dim = model.projection_dim or backbone.dim
    bias = torch.zeros(words, 1) if config.get("bias") else None
    unit = bool(config.get("unit"))
    return Embedder(backbone.network, torch.zeros(words, dim), normalisation, projection, bias, unit)


def _digest_folder(folder: Path) -> str:
    hasher = hashlib.sha256()
    for name in _CONTENT_FILES:
        hasher.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return hasher.hexdigest()


def _hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path}: not JSON: {error}") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path}: expected an object, got {type(values).__name__}")
    return values
