"""Any torchvision classification model as an image encoder f: its last linear layer taken off, z = f(x)."""

import difflib
from collections.abc import Iterable
from pathlib import Path

import torch
import torchvision
from torch import nn

from weft.errors import ModelError
from weft.model.weights import imagenet_weights, read_weights


def load_backbone(name: str, weights: str) -> tuple[nn.Module, int]:
    """A backbone with its weights, and the width of its z (embedding_dim).

    z is what the classifier's last linear layer took in: the pooled features of ResNet50 (2,048),
    of mobilenet_v2 (1,280). The paper does not say which layer it uses for retrieval; this is the usual one.

    Args:
        name: A torchvision classification model.
        weights: "imagenet", "random" (the same at every call), or the path of a local file.

    Raises:
        ModelError: The name or the weights cannot be used, or do not fit each other.
    """
    network = _network(name)
    if weights != "random":
        state = imagenet_weights(name) if weights == "imagenet" else read_weights(Path(weights))
        try:
            network.load_state_dict(dict(state), strict=True)
        except RuntimeError as error:
            first = "; ".join(line.strip() for line in str(error).splitlines()[1:3])
            raise ModelError(f"model.weights = {weights}: do not fit the backbone {name}: {first}") from error
    return _without_classifier(network, name)


def _network(name: str) -> nn.Module:
    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        close = ", ".join(difflib.get_close_matches(name, known))
        raise ModelError(f"model.backbone = {name}: not a torchvision classification model; near it: {close or 'none'}")
    # Features and finetune each load a backbone: random weights must be the same for both.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network: nn.Module = torchvision.models.get_model(name, weights=None)
    return network


def _without_classifier(network: nn.Module, name: str) -> tuple[nn.Module, int]:
    linear = [(path, module) for path, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise ModelError(f"model.backbone = {name}: has no linear classifier to take off; choose another")
    path, last = linear[-1]
    parent, _, child = path.rpartition(".")
    setattr(network.get_submodule(parent), child, nn.Identity())
    return network, last.in_features


def frozen_modules(network: nn.Module, names: Iterable[str], batch_norm: bool) -> list[nn.Module]:
    """The modules that training leaves as they are: keep them in eval mode.

    Args:
        network: A backbone; the parameters of the named modules stop asking for gradients.
        names: Modules by their torch names.
        batch_norm: Whether every batch norm keeps its statistics (its scale and shift are trained all the same).

    Raises:
        ModelError: The network has no module of that name.
    """
    modules = dict(network.named_modules())
    unknown = [name for name in names if name not in modules or not name]
    if unknown:
        known = ", ".join(name for name in modules if name and name.count(".") <= 1)
        raise ModelError(f"finetune.frozen: the backbone has no module {', '.join(unknown)}; it has {known}")
    frozen = [modules[name] for name in names]
    for module in frozen:
        module.requires_grad_(False)
    if batch_norm:
        frozen += [module for module in modules.values() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    return frozen
