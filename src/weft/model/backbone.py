"""The backbone: a classification network without its last linear layer, used as the image encoder z = f(x).

The pixels of each channel are normalised with the mean and the standard deviation that the weights were trained with.
"""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torchvision
from torch import nn

from weft.errors import ModelError
from weft.model.library_backbones import PREFIXES, load_library_backbone
from weft.model.pooling import with_pooling
from weft.model.weights import LITE_TO_TIMM, build_lite_network, load_imagenet_weights, read_weights, rename_state_dict


class Normalisation(NamedTuple):
    """Mean and standard deviation of the red, green and blue channels, for pixels between 0 and 1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""The statistics of ImageNet, with which torchvision's weights were trained."""

PLUS_MINUS_ONE = Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
"""Maps pixels to the range -1 to 1, with which weights that come from TensorFlow were trained."""

_TENSORFLOW_BACKBONES = {*LITE_TO_TIMM, "googlenet", "inception_v3"}
"""torchvision normalises the input of the last two with ImageNet's statistics and converts it inside the network. Weft
builds them without that conversion and normalises to the range -1 to 1 directly."""


@dataclass(frozen=True)
class Backbone:
    """An image encoder before Weft trains it."""

    network: nn.Module
    """Maps normalised photos, (batch, 3, height, width), to z, (batch, dim)."""
    dim: int
    """Dimension of z."""
    normalisation: Normalisation
    """The normalisation that the weights expect."""

    def check_size(self, height: int, width: int) -> None:
        """Check that the network accepts photos of this size; transformers accept only one size.

        Args:
            height: Height of the photos in pixels.
            width: Width of the photos in pixels.

        Raises:
            ModelError: The network does not accept this size.
        """
        self.network.eval()
        try:
            with torch.inference_mode():
                self.network(torch.zeros(1, 3, height, width))
        except (RuntimeError, AssertionError, ValueError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelError(
                f"model.backbone: the network does not accept photos of prepare.height = {height} and "
                f"prepare.width = {width} ({reason}); nearly every backbone accepts 224 x 224"
            ) from error


def load_backbone(name: str, weights: str, layer: str = "last", pooling: str = "average") -> Backbone:
    """Return a backbone with its weights.

    By default z is the input of the classifier's last linear layer: the pooled features, of dimension 2,048 for
    ResNet50 and 1,280 for mobilenet_v2. The paper does not say which layer it uses for retrieval; this one is the
    usual choice.

    Args:
        name: Name of a torchvision classification model; efficientnet_lite0, efficientnet_lite1 or efficientnet_lite2;
            or "timm:<model>" or "open_clip:<model>".
        weights: "imagenet", "random" (the same values at every call), or the path of a local file.
        layer: Name of the module whose feature map is pooled, or "last" for the last feature map.
        pooling: "average" or "gem".

    Raises:
        ModelError: The backbone, its weights or the layer do not exist, or the weights do not fit the backbone.
    """
    if name.startswith(PREFIXES):
        network, dim, mean, std = load_library_backbone(name, weights)
        if (layer, pooling) != ("last", "average"):
            network, dim = with_pooling(network, layer, pooling, name)
        return Backbone(network, dim, Normalisation(mean, std))
    network = _build_network(name)
    if weights != "random":
        state = load_imagenet_weights(name) if weights == "imagenet" else read_weights(Path(weights))
        try:
            network.load_state_dict(
                rename_state_dict(state, network) if name in LITE_TO_TIMM else dict(state), strict=True
            )
        except RuntimeError as error:
            reason = "; ".join(line.strip() for line in str(error).splitlines()[1:3])
            raise ModelError(f"model.weights = {weights}: they do not fit the backbone {name}: {reason}") from error
    _drop_auxiliary(network)
    network, dim = _remove_classifier(network, name)
    if (layer, pooling) != ("last", "average"):
        network, dim = with_pooling(network, layer, pooling, name)
    return Backbone(network, dim, PLUS_MINUS_ONE if name in _TENSORFLOW_BACKBONES else IMAGENET)


def _build_network(name: str) -> nn.Module:
    available = [*torchvision.models.list_models(module=torchvision.models), *LITE_TO_TIMM]
    if name not in available:
        close = ", ".join(difflib.get_close_matches(name, available))
        raise ModelError(
            f"model.backbone = {name}: not a torchvision classification model; similar names: {close or 'none'}"
        )
    # The stages features and finetune each load the backbone, and need the same random weights.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if name in LITE_TO_TIMM:
            return build_lite_network(name)
        # Without this argument, torchvision warns that its default will change.
        options = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        network: nn.Module = torchvision.models.get_model(name, weights=None, **options)
    return network


def _drop_auxiliary(network: nn.Module) -> None:
    """Remove the auxiliary classifiers of GoogLeNet and Inception, which the weights contain and z does not need."""
    if getattr(network, "aux_logits", False):
        network.aux_logits = False  # type: ignore[assignment]
        for head in ("aux1", "aux2", "AuxLogits"):
            if hasattr(network, head):
                setattr(network, head, None)


def _remove_classifier(network: nn.Module, name: str) -> tuple[nn.Module, int]:
    """Replace the last linear layer by the identity; return the network and the dimension of its output."""
    linear = [(path, module) for path, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise ModelError(
            f"model.backbone = {name}: the network has no linear classifier that could be removed; "
            "choose another backbone"
        )
    path, last = linear[-1]
    parent, _, child = path.rpartition(".")
    setattr(network.get_submodule(parent), child, nn.Identity())
    return network, last.in_features
