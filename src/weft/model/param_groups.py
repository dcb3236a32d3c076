"""Freeze modules of a backbone, and group its parameters by their learning rates."""

import re
from collections.abc import Iterable

from torch import nn

from weft.errors import ModelError
from weft.model.pooling import PooledBackbone

_BLOCK_PATTERN = re.compile(r"(?:[^.]+\.)*?[^.]*\d(?=\.|$)")
"""Matches a name up to its first part that ends in a digit: features.3, layer1, encoder.layers.encoder_layer_5."""


def freeze_modules(network: nn.Module, names: Iterable[str], freeze_batch_norm: bool) -> list[nn.Module]:
    """Freeze modules of a backbone, and return all modules that the caller must keep in eval mode.

    Args:
        network: A backbone. The parameters of the named modules no longer require gradients.
        names: Names of modules, as in the network of torchvision or timm.
        freeze_batch_norm: Whether every batch norm keeps its running statistics; its scale and shift are still trained.

    Returns:
        The named modules and, with `freeze_batch_norm`, every batch norm.

    Raises:
        ModelError: The network has no module of a name.
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
    """Return the parameters that require gradients in groups, each with its learning rate.

    Args:
        network: A backbone. Its blocks are modules such as features.3 or layer1, in the order of their definition.
        lr: Learning rate of the last block, above 0.
        layer_decay: Ratio of the learning rate of a block to that of the next block, above 0 and at most 1. At 1 all
            parameters form one group.

    Returns:
        (parameters, learning rate) of each group, from the first block to the last. No group is empty.
    """
    trained = [(name, tensor) for name, tensor in network.named_parameters() if tensor.requires_grad]
    if layer_decay == 1.0:
        return [([tensor for _, tensor in trained], lr)] if trained else []
    # Frozen blocks are counted, so that freezing the first blocks does not change the rates of the others.
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
