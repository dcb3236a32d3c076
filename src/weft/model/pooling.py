"""From a feature map to z: which layer gives the map, and how its positions become one vector.

The paper does not say which layer it uses for retrieval. "average" over the last layer is what classifiers do; GeM
(Radenovic, Tolias and Chum 2019, "Fine-tuning CNN Image Retrieval with No Human Annotation", section 3.2) lies between
average (p = 1) and maximum (p to infinity), and learns p.
"""

import torch
from torch import nn

from weft.errors import ModelError

_INITIAL_P = 3.0
_PROBE_SIZE_PX = 224
"""Pixels; every torchvision backbone takes this size, some take no other."""


class GeM(nn.Module):
    """Generalised mean over the positions of a feature map, (batch, channels, height, width) to (batch, channels)."""

    def __init__(self) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor(_INITIAL_P))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Negative activations count as next to nothing. In float32: powers of halves overflow."""
        return x.float().clamp(min=1e-6).pow(self.p).mean((2, 3)).pow(1 / self.p)


class GlobalAveragePool(nn.Module):
    """The mean over the positions of a feature map, (batch, channels, height, width) to (batch, channels)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As said."""
        return x.mean((2, 3))


class PooledBackbone(nn.Module):
    """A network cut off behind one of its layers, and a pooling in place of what followed.

    Attributes:
        body: Gives {"map": (batch, channels, height, width)}; its modules keep their names in the network.
        pool: Makes (batch, channels) of it.
    """

    def __init__(self, body: nn.Module, pool: nn.Module) -> None:
        super().__init__()
        self.body, self.pool = body, pool

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised photos, (batch, 3, height, width), to z, (batch, channels)."""
        z: torch.Tensor = self.pool(self.body(x)["map"])
        return z


def with_pooling(network: nn.Module, layer: str, pooling: str, name: str) -> tuple[nn.Module, int]:
    """Another layer or pooling than the network's own.

    Args:
        network: A backbone without its classifier.
        layer: A module by its torch name that gives a feature map; "last" for the last one that does.
        pooling: "average" or "gem".
        name: Of the backbone, for messages.

    Returns:
        The new backbone and the channels of its map.

    Raises:
        ModelError: No such module, or it gives no feature map.
    """
    from torchvision.models.feature_extraction import create_feature_extractor

    shapes = _trace_output_shapes(network)
    feature_maps = [path for path, shape in shapes.items() if len(shape) == 4 and shape[2] * shape[3] > 1]
    chosen = layer if layer != "last" else (feature_maps or [""])[-1]
    if chosen not in feature_maps:
        known = ", ".join(path for path in feature_maps if path.count(".") <= 1)
        raise ModelError(
            f"model.feature_layer = {layer}: no layer of {name} that gives a feature map; those are {known}"
        )
    remaining_layers = list(shapes)[list(shapes).index(chosen) :]
    if layer == "last" and any(len(shapes[path]) == 3 for path in remaining_layers):
        raise ModelError(f"model.pooling = {pooling}: {name} ends in tokens, not in a feature map; set it to average")
    leaves = {type(part) for part in network.modules() if type(part).__module__.startswith("timm.layers")}
    try:
        body = create_feature_extractor(network, {chosen: "map"}, tracer_kwargs={"leaf_modules": list(leaves)})
    except Exception as error:  # the tracer raises whatever a network's code trips over
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"model.feature_layer = {layer}: {name} cannot be cut there: {reason}") from error
    return PooledBackbone(body, GeM() if pooling == "gem" else GlobalAveragePool()), shapes[chosen][1]


def _trace_output_shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    """What each module gives for one photo, in the order in which they end."""
    shapes: dict[str, tuple[int, ...]] = {}

    def make_hook(path: str) -> object:
        def hook(module: nn.Module, inputs: object, output: object) -> None:  # noqa: ARG001  torch names them
            if isinstance(output, torch.Tensor):
                shapes.pop(path, None)
                shapes[path] = tuple(output.shape)

        return hook

    hooks = [part.register_forward_hook(make_hook(path)) for path, part in network.named_modules() if path]
    was_training = network.training
    with torch.inference_mode():
        network.eval()(torch.zeros(1, 3, _PROBE_SIZE_PX, _PROBE_SIZE_PX))
    network.train(was_training)
    for hook in hooks:
        hook.remove()
    return shapes
