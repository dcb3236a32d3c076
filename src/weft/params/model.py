"""The image encoder before any training; features and finetune read it."""

from typing import Literal

from pydantic.dataclasses import dataclass

from weft.params.kinds import STRICT_CONFIG, NonNegativeInt


@dataclass(frozen=True, config=STRICT_CONFIG)
class Model:
    """The image encoder before any training."""

    backbone: str
    """A torchvision classification model by name, or efficientnet_lite0, efficientnet_lite1, efficientnet_lite2."""
    weights: str
    """"imagenet", "random" (for tests; never silently), or the path of a local .safetensors or .pth file."""
    layer: str
    """Whose feature map becomes z: a module of the backbone by its torch name (features.14, layer3), or last."""
    pooling: Literal["average", "gem"]
    """How the positions of the map become one vector: their mean, or a generalised mean that learns its power."""
    projection: NonNegativeInt
    """embedding_dim behind a linear layer that finetune adds and trains; 0 for none: z as the backbone has it."""
