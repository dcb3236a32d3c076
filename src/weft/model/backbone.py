"""A classification model as an image encoder f: its last linear layer taken off, z = f(x).

What a backbone's weights were trained on: each channel less its mean, by its standard deviation.
"""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torchvision
from torch import nn

from weft.errors import ModelError
from weft.model.pooling import with_pooling
from weft.model.weights import LITE_TO_TIMM, build_lite_network, load_imagenet_weights, read_weights, rename_state_dict


class Normalisation(NamedTuple):
    """Mean and standard deviation of the channels red, green and blue, of pixels between 0 and 1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""The statistics of ImageNet: what torchvision's weights want."""

PLUS_MINUS_ONE = Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
"""Pixels from -1 to 1: what weights that come from TensorFlow want."""


_TENSORFLOW_BACKBONES = {*LITE_TO_TIMM, "googlenet", "inception_v3"}
"""torchvision feeds the last two ImageNet's statistics and lets the networks undo them; ours take -1 to 1 at once."""


@dataclass(frozen=True)
class Backbone:
    """An image encoder before any training of ours."""

    network: nn.Module
    """Normalised photos, (batch, 3, height, width), to z, (batch, dim)."""
    dim: int
    """The width of its z."""
    normalisation: Normalisation

    def check_size(self, height: int, width: int) -> None:
        """See that the network takes photos of this size, in pixels; transformers take one size alone.

        Raises:
            ModelError: It does not.
        """
        self.network.eval()
        try:
            with torch.inference_mode():
                self.network(torch.zeros(1, 3, height, width))
        except (RuntimeError, AssertionError, ValueError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelError(
                f"model.backbone: takes no photos of prepare.height = {height} and prepare.width = {width} ({reason}); "
                "224 x 224 suits nearly every backbone"
            ) from error


def load_backbone(name: str, weights: str, layer: str = "last", pooling: str = "average") -> Backbone:
    """A backbone with its weights.

    z is what the classifier's last linear layer took in: the pooled features of ResNet50 (2,048),
    of mobilenet_v2 (1,280). The paper does not say which layer it uses for retrieval; this is the usual one.

    Args:
        name: A torchvision classification model, or efficientnet_lite0, 1 or 2.
        weights: "imagenet", "random" (the same at every call), or the path of a local file.
        layer: A module by its torch name whose feature map is pooled instead; "last" for the network's own.
        pooling: "average" or "gem".

    Raises:
        ModelError: The name or the weights cannot be used, or do not fit each other; no such layer.
    """
    network = _build_network(name)
    if weights != "random":
        state = load_imagenet_weights(name) if weights == "imagenet" else read_weights(Path(weights))
        try:
            network.load_state_dict(
                rename_state_dict(state, network) if name in LITE_TO_TIMM else dict(state), strict=True
            )
        except RuntimeError as error:
            reason = "; ".join(line.strip() for line in str(error).splitlines()[1:3])
            raise ModelError(f"model.weights = {weights}: do not fit the backbone {name}: {reason}") from error
    _drop_auxiliary(network)
    network, dim = _remove_classifier(network, name)
    if (layer, pooling) != ("last", "average"):
        network, dim = with_pooling(network, layer, pooling, name)
    return Backbone(network, dim, PLUS_MINUS_ONE if name in _TENSORFLOW_BACKBONES else IMAGENET)


def _build_network(name: str) -> nn.Module:
    available = [*torchvision.models.list_models(module=torchvision.models), *LITE_TO_TIMM]
    if name not in available:
        close = ", ".join(difflib.get_close_matches(name, available))
        raise ModelError(f"model.backbone = {name}: not a torchvision classification model; near it: {close or 'none'}")
    # Features and finetune each load a backbone: random weights must be the same for both.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if name in LITE_TO_TIMM:
            return build_lite_network(name)
        # Left open, these two warn that their default will change.
        options = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        network: nn.Module = torchvision.models.get_model(name, weights=None, **options)
    return network


def _drop_auxiliary(network: nn.Module) -> None:
    """The second classifiers of GoogLeNet and Inception, which the weights hold, are of no use for z."""
    if getattr(network, "aux_logits", False):
        network.aux_logits = False  # type: ignore[assignment]
        for head in ("aux1", "aux2", "AuxLogits"):
            if hasattr(network, head):
                setattr(network, head, None)


def _remove_classifier(network: nn.Module, name: str) -> tuple[nn.Module, int]:
    linear = [(path, module) for path, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise ModelError(f"model.backbone = {name}: has no linear classifier to take off; choose another")
    path, last = linear[-1]
    parent, _, child = path.rpartition(".")
    setattr(network.get_submodule(parent), child, nn.Identity())
    return network, last.in_features
