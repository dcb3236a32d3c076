"""The model folder: weights, vocabulary and preprocessing of one model, with a digest of its content.

model.safetensors   the tensors "words", (words, embedding_dim), "encoder.*", and, if the model has them, "bias",
                    (words, 1), and "projection", (embedding_dim, dimension of the backbone)
config.json         backbone, feature_layer, pooling, projection_dim: see weft.params.ModelParams;
                    embedding_dim: the dimension of z; words: the number of words; vocabulary: the sha256 of
                    words.tsv; unit: whether z has length 1; bias: whether each word has a bias; loss: the name of
                    the loss that trained W, see weft.word_scores
preprocess.json     height, width: the size of photos in pixels; mean, std: the normalisation of the three
                    channels, for pixels between 0 and 1
words.tsv           the vocabulary; word_id is the row of the tensor "words"
digest.txt          the sha256 of the sha256 of these four files

word_predictability.tsv may lie beside them. It weights the words of a text query and changes no embedding or score.
"""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from weft import artefacts, tables
from weft.contracts import files
from weft.errors import ModelError
from weft.model.backbone import Normalisation, load_backbone
from weft.model.embedder import Embedder
from weft.model.weights import read_weights
from weft.params import ModelParams

_CONTENT_FILES = (files.MODEL, files.CONFIG, files.PREPROCESS, files.WORDS)


@dataclass(frozen=True)
class Bundle:
    """The content of a model folder."""

    embedder: Embedder
    """The model, in eval mode on the CPU."""
    words: list[str]
    """The vocabulary; entry k belongs to row k of W."""
    height: int
    """Height in pixels to which photos are resized."""
    width: int
    """Width in pixels to which photos are resized."""
    digest: str
    """The content of digest.txt, which identifies the model."""
    query_weights: npt.NDArray[np.float32]
    """(words,): the weight of each word in a text query, 0 to 1."""
    loss: str
    """The name of the loss that trained W; empty where the folder does not say it."""


def save_bundle(
    folder: Path, embedder: Embedder, model: ModelParams, height: int, width: int, words: Path, loss: str = ""
) -> str:
    """Write a model folder; equal models give files of equal bytes.

    Args:
        folder: The model folder. It replaces a folder of this name with all its files.
        embedder: The model, on any device.
        model: The params with which its encoder was built.
        height: Height in pixels of the photos on which the model was trained.
        width: Width in pixels of the photos on which the model was trained.
        words: The words.tsv with which the model was trained; it is copied.
        loss: The name of the loss that trained W, which says how scores become probabilities.

    Returns:
        The digest of the model.

    Raises:
        ModelError: The number of words in `words` is not the number of rows of W.
    """
    from safetensors.torch import save_file

    count, dim = embedder.words.shape
    num_words = len(artefacts.read_words(words))
    if num_words != count:
        raise ModelError(f"{words}: expected the {count} words of the model, got {num_words} words")
    with tables.atomic_write(folder) as temporary:
        temporary.mkdir(parents=True)
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in embedder.state_dict().items()}
        save_file(state, temporary / files.MODEL)
        config = {name: value for name, value in asdict(model).items() if name != "weights"}
        config |= {"embedding_dim": dim, "words": count, "vocabulary": _hash_file(words)}
        config |= {"unit": embedder.unit_norm, "bias": embedder.bias is not None}
        if loss:
            config["loss"] = loss
        # finetune may have folded the projection of `model` into W; the model then has none.
        config |= {"projection_dim": 0 if embedder.projection is None else dim}
        _write_json(temporary / files.CONFIG, config)
        size = {"height": height, "width": width}
        _write_json(temporary / files.PREPROCESS, size | embedder.normalisation._asdict())
        shutil.copyfile(words, temporary / files.WORDS)
        digest = _digest_folder(temporary)
        (temporary / files.DIGEST).write_text(digest + "\n")
    return digest


def load_bundle(folder: Path) -> Bundle:
    """Return the content of a model folder.

    Raises:
        ContractError: word_predictability.tsv is broken.
        ModelError: A file is missing, was changed, or does not fit the other files.
    """
    for name in (*_CONTENT_FILES, files.DIGEST):
        if not (folder / name).is_file():
            raise ModelError(
                f"{folder / name}: missing; a model is a folder with {', '.join(_CONTENT_FILES)} and {files.DIGEST}; "
                "run dvc repro"
            )
    digest = (folder / files.DIGEST).read_text(encoding="utf-8", errors="replace").strip()
    content_digest = _digest_folder(folder)
    if digest != content_digest:
        raise ModelError(
            f"{folder}: a file was changed after training: expected the digest {digest[:12]}..., "
            f"got {content_digest[:12]}...; run dvc repro"
        )
    config, preprocess = _read_json(folder / files.CONFIG), _read_json(folder / files.PREPROCESS)
    words = [str(word) for word in artefacts.read_words(folder / files.WORDS)["word"]]
    try:
        if config["vocabulary"] != _hash_file(folder / files.WORDS):
            raise ModelError(f"{folder / files.WORDS}: not the vocabulary that the model was trained on; run dvc repro")
        embedder = _build_model(config, preprocess, len(words))
        embedder.load_state_dict(dict(read_weights(folder / files.MODEL)), strict=True)
        height, width = int(preprocess["height"]), int(preprocess["width"])
    except KeyError as error:
        raise ModelError(f"{folder}: {files.CONFIG} or {files.PREPROCESS} lacks the key {error}") from error
    except (TypeError, ValueError, RuntimeError) as error:
        # The first line of torch's message only says that loading failed; the second one says why.
        reason = " ".join(line.strip() for line in str(error).splitlines()[:2])
        raise ModelError(f"{folder}: config, vocabulary and weights do not fit each other: {reason}") from error
    return Bundle(
        embedder.eval(),
        words,
        height,
        width,
        digest,
        artefacts.read_query_weights(folder, words),
        str(config.get("loss", "")),
    )


def _build_model(config: dict[str, Any], preprocess: dict[str, Any], words: int) -> Embedder:
    """Return the model that config.json and preprocess.json describe, with tensors of the right shapes."""
    model = ModelParams(
        str(config["backbone"]), "random", config["feature_layer"], config["pooling"], config["projection_dim"]
    )
    backbone = load_backbone(model.backbone, model.weights, model.feature_layer, model.pooling)
    mean, std = (tuple(float(value) for value in preprocess[key]) for key in ("mean", "std"))
    if len(mean) != 3 or len(std) != 3 or not all(value > 0 for value in std):
        raise ValueError(f"expected mean and std of three channels with std above 0, got mean {mean} and std {std}")
    projection = torch.zeros(model.projection_dim, backbone.dim) if model.projection_dim else None
    dim = model.projection_dim or backbone.dim
    bias = torch.zeros(words, 1) if config["bias"] else None
    unit_norm = bool(config["unit"])
    return Embedder(backbone.network, torch.zeros(words, dim), Normalisation(mean, std), projection, bias, unit_norm)


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
        raise ModelError(f"{path}: expected JSON: {error}") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path}: expected an object, got {type(values).__name__}")
    return values
