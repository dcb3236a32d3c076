"""The parts of a backbone by name: which ones stay as they are, and how fast the others learn."""

import re
from collections.abc import Iterable

from torch import nn

from weft.errors import ModelError
from weft.model.pooling import PooledBackbone

_BLOCK_PATTERN = re.compile(r"(?:[^.]+\.)*?[^.]*\d(?=\.|$)")
"""A name up to its first part that ends in a digit: features.3, layer1, encoder.layers.encoder_layer_5."""


def freeze_modules(network: nn.Module, names: Iterable[str], freeze_batch_norm: bool) -> list[nn.Module]:
    """The modules that training leaves as they are: keep them in eval mode.

    Args:
        network: A backbone; the parameters of the named modules stop asking for gradients.
        names: Modules by their torch names in the backbone as its library has it.
        batch_norm: Whether every batch norm keeps its statistics (its scale and shift are trained all the same).

    Raises:
        ModelError: The network has no module of that name.
    """
    modules = dict(_unwrap_body(network).named_modules())
    unknown = [name for name in names if name not in modules or not name]
    if unknown:
        known = ", ".join(name for name in modules if name and name.count(".") <= 1)
        raise ModelError(f"finetune.frozen_modules: the backbone has no module {', '.join(unknown)}; it has {known}")
    frozen = [modules[name] for name in names]
    for module in frozen:
        module.requires_grad_(False)
    if freeze_batch_norm:
        frozen += [module for module in modules.values() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    return frozen


def build_param_groups(network: nn.Module, lr: float, layer_decay: float) -> list[tuple[list[nn.Parameter], float]]:
    """Groups of parameters that ask for gradients, each with its learning rate, from the first block to the last.

    Args:
        network: A backbone.
        rate: Of the last block, in its order of definition.
        decay: Each block before learns at this share of the rate of the block after it; 1 for one group at one rate.

    Returns:
        (parameters, learning rate), none of them empty; blocks are modules such as features.3 or layer1.
    """
    trained = [(name, tensor) for name, tensor in network.named_parameters() if tensor.requires_grad]
    if layer_decay == 1.0:
        return [([tensor for _, tensor in trained], lr)] if trained else []
    # Frozen blocks count: freezing the first ones does not move the rates of the others.
    blocks = list(dict.fromkeys(_block_name(name) for name, _ in network.named_parameters()))
    groups: dict[str, list[nn.Parameter]] = {}
    for name, tensor in trained:
        groups.setdefault(_block_name(name), []).append(tensor)
    return [(groups[b], lr * layer_decay ** (len(blocks) - 1 - n)) for n, b in enumerate(blocks) if b in groups]


def _unwrap_body(network: nn.Module) -> nn.Module:
    return network.body if isinstance(network, PooledBackbone) else network


def _block_name(name: str) -> str:
    body_name = name.removeprefix("body.")
    match = _BLOCK_PATTERN.match(body_name)
    return match[0] if match else body_name.partition(".")[0]
