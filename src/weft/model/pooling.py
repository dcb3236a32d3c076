"""Pooling: the layer whose feature map is used, and how the positions of the map become one vector z.

The paper does not say which layer it uses for retrieval. Classifiers average the last feature map. The generalised mean
(GeM; Radenovic, Tolias and Chum 2019, "Fine-tuning CNN Image Retrieval with No Human Annotation", section 3.2) has a
trained exponent p: it is the average at p = 1 and approaches the maximum as p grows.
"""

import torch
from torch import nn

from weft.errors import ModelError

_INITIAL_P = 3.0
"""Initial exponent p of GeM."""
_PROBE_SIZE_PX = 224
"""Height and width in pixels of a photo that every torchvision backbone accepts; some accept no other size."""


class GeM(nn.Module):
    """The generalised mean over the positions of a feature map."""

    def __init__(self) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor(_INITIAL_P))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the generalised mean, (batch, channels), of a map, (batch, channels, height, width).

        Activations are clamped to at least 1e-6. The result is float32, because powers of float16 values overflow.
        """
        return x.float().clamp(min=1e-6).pow(self.p).mean((2, 3)).pow(1 / self.p)


class GlobalAveragePool(nn.Module):
    """The mean over the positions of a feature map."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean, (batch, channels), of a map, (batch, channels, height, width)."""
        return x.mean((2, 3))


class PooledBackbone(nn.Module):
    """A network that ends after one of its layers, with a pooling instead of the remaining layers.

    Attributes:
        body: Returns {"map": (batch, channels, height, width)}. Its modules keep the names they have in the network.
        pool: Maps (batch, channels, height, width) to (batch, channels).
    """

    def __init__(self, body: nn.Module, pool: nn.Module) -> None:
        super().__init__()
        self.body, self.pool = body, pool

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return z, (batch, channels), of normalised photos, (batch, 3, height, width)."""
        z: torch.Tensor = self.pool(self.body(x)["map"])
        return z


def with_pooling(network: nn.Module, layer: str, pooling: str, name: str) -> tuple[nn.Module, int]:
    """Return the network with another layer or another pooling than its own.

    Args:
        network: A backbone without its classifier.
        layer: Name of the module whose output is the feature map, or "last" for the last module that has one.
        pooling: "average" or "gem".
        name: Name of the backbone, for messages.

    Returns:
        The new backbone and the number of channels of its feature map.

    Raises:
        ModelError: There is no module of this name, or its output is not a feature map.
    """
    from torchvision.models.feature_extraction import create_feature_extractor

    shapes = _trace_output_shapes(network)
    feature_maps = [path for path, shape in shapes.items() if len(shape) == 4 and shape[2] * shape[3] > 1]
    chosen = layer if layer != "last" else (feature_maps or [""])[-1]
    if chosen not in feature_maps:
        known = ", ".join(path for path in feature_maps if path.count(".") <= 1)
        raise ModelError(
            f"model.feature_layer = {layer}: expected a layer of {name} whose output is a feature map: {known}"
        )
    remaining_layers = list(shapes)[list(shapes).index(chosen) :]
    if layer == "last" and any(len(shapes[path]) == 3 for path in remaining_layers):
        raise ModelError(
            f"model.pooling = {pooling}: the output of {name} is a sequence of tokens, not a feature map; "
            "set model.pooling to average"
        )
    leaves = {type(part) for part in network.modules() if type(part).__module__.startswith("timm.layers")}
    try:
        body = create_feature_extractor(network, {chosen: "map"}, tracer_kwargs={"leaf_modules": list(leaves)})
    except Exception as error:  # the tracer passes on any error of the network's code
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"model.feature_layer = {layer}: torchvision cannot extract this layer of {name}: {reason}"
        ) from error
    return PooledBackbone(body, GeM() if pooling == "gem" else GlobalAveragePool()), shapes[chosen][1]


def _trace_output_shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the output shape of each module for one photo, in the order in which the modules finish."""
    shapes: dict[str, tuple[int, ...]] = {}

    def make_hook(path: str) -> object:
        def hook(module: nn.Module, inputs: object, output: object) -> None:  # noqa: ARG001  torch passes all three
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
