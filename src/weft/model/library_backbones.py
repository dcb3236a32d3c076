"""Backbones of the libraries timm and open_clip, named "timm:<model>" and "open_clip:<model>".

Only the libraries' own model definitions are used. A name never leads to a hub whose files would define a network, and
weights are plain tensors: those of a local file or, for timm, the library's own download.
"""

import difflib
import re
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from weft.errors import ModelError, get_first_line
from weft.model.weights import Weights, read_weights

PREFIXES = ("timm:", "open_clip:")
_VISUAL = "visual."
"""The prefix of the image encoder's tensors in a CLIP model."""


class LibraryBackbone(NamedTuple):
    """An image encoder without its classifier, with the normalisation that the library states for it."""

    network: nn.Module
    dim: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def load_library_backbone(name: str, weights: str) -> LibraryBackbone:
    """Return a backbone with its weights.

    z is the pooled features before the classifier with timm, and the image embedding with open_clip.

    Args:
        name: "timm:<model>" or "open_clip:<model>", as the library lists it.
        weights: "imagenet" (timm only: the library's pretrained weights), "random" (the same values at every call), or
            the path of a local file. A file for open_clip may hold the whole CLIP model.

    Raises:
        ModelError: The library is not installed or does not have the model, or the weights cannot be used.
    """
    library, _, model = name.partition(":")
    # The stages features and finetune each load the backbone, and need the same random weights.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        load = _load_timm if library == "timm" else _load_open_clip
        return load(model, weights, name)


def _load_timm(model: str, weights: str, name: str) -> LibraryBackbone:
    try:
        import timm
        import timm.data
    except ImportError as error:
        raise ModelError(f"model.backbone = {name}: this backbone needs timm; pip install timm") from error
    # A model may have a tag for its weights: "resnet50.a1_in1k".
    _check_name(name, model.partition(".")[0], timm.list_models())
    if not re.fullmatch(r"[\w.]+", model):
        raise ModelError(
            f"model.backbone = {name}: expected a model of timm with at most a tag, such as resnet50.a1_in1k"
        )
    try:
        network: Any = timm.create_model(model, pretrained=weights == "imagenet")
    except Exception as error:  # timm and the library that downloads raise many kinds of errors
        reason = get_first_line(error)
        raise ModelError(
            f"model.backbone = {name}: it cannot be made ({reason}); if its weights cannot be downloaded, set "
            "model.weights to the path of a .safetensors or .pth file"
        ) from error
    if weights not in ("imagenet", "random"):
        _load_state(network, read_weights(Path(weights)), name, weights)
    data: Any = timm.data
    config = data.resolve_model_data_config(network)
    network.reset_classifier(0)
    size = config["input_size"][1:]
    return LibraryBackbone(network, _measure_dim(network, size, name), tuple(config["mean"]), tuple(config["std"]))


def _load_open_clip(model: str, weights: str, name: str) -> LibraryBackbone:
    try:
        import open_clip
    except ImportError as error:
        raise ModelError(
            f"model.backbone = {name}: this backbone needs open_clip; pip install open_clip_torch"
        ) from error
    _check_name(name, model, open_clip.list_models())
    if weights == "imagenet":
        raise ModelError(
            f"model.weights = imagenet: {name} has no such weights; set model.weights to the path of a .safetensors or "
            ".pth file with the weights of the CLIP model"
        )
    try:
        visual: Any = open_clip.create_model(model, load_weights=False, pretrained_text=False).visual
    except Exception as error:  # a text encoder of another library may be missing
        reason = get_first_line(error)
        raise ModelError(f"model.backbone = {name}: open_clip cannot make it: {reason}") from error
    if weights != "random":
        state = read_weights(Path(weights))
        of_visual = {key.removeprefix(_VISUAL): value for key, value in state.items() if key.startswith(_VISUAL)}
        _load_state(visual, of_visual or state, name, weights)
    size = visual.image_size if isinstance(visual.image_size, tuple) else (visual.image_size,) * 2
    return LibraryBackbone(visual, _measure_dim(visual, size, name), tuple(visual.image_mean), tuple(visual.image_std))


def _check_name(name: str, model: str, available: list[str]) -> None:
    if model not in available:
        library = name.partition(":")[0]
        similar = ", ".join(difflib.get_close_matches(model, available)) or "none"
        raise ModelError(f"model.backbone = {name}: not a model of {library}; similar names: {similar}")


def _load_state(network: nn.Module, state: Weights, name: str, weights: str) -> None:
    try:
        network.load_state_dict(dict(state), strict=True)
    except RuntimeError as error:
        reason = "; ".join(line.strip() for line in str(error).splitlines()[1:3])
        raise ModelError(f"model.weights = {weights}: they do not fit the backbone {name}: {reason}") from error


def _measure_dim(network: nn.Module, size: tuple[int, int], name: str) -> int:
    """Return the dimension of the embedding of a photo of the size for which the network was made."""
    was_training = network.training
    with torch.inference_mode():
        z = network.eval()(torch.zeros(1, 3, *size))
    network.train(was_training)
    if not isinstance(z, torch.Tensor) or z.ndim != 2:
        raise ModelError(f"model.backbone = {name}: expected one embedding for each photo, got another output")
    return int(z.shape[1])
