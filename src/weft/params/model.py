"""The section model: the image encoder before training."""

from typing import Literal

from pydantic.dataclasses import dataclass

from weft.params.types import STRICT_CONFIG, NonNegativeInt


@dataclass(frozen=True, config=STRICT_CONFIG)
class ModelParams:
    """The image encoder before training."""

    backbone: str
    """Name of a torchvision classification model; efficientnet_lite0, efficientnet_lite1, efficientnet_lite2; or
    "timm:<model>" or "open_clip:<model>", if that library is installed."""
    weights: str
    """"imagenet", "random" (for tests), or the path of a local .safetensors or .pth file. open_clip needs a path; the
    file may hold the whole CLIP model."""
    feature_layer: str
    """The layer whose feature map becomes the embedding z: the name of a module of the backbone (features.14, layer3),
    or "last"."""
    pooling: Literal["average", "gem"]
    """How the positions of the feature map become one vector: their mean, or the generalised mean (GeM), whose exponent
    is learned."""
    projection_dim: NonNegativeInt
    """Dimension of z behind a linear projection that finetune adds and trains. 0 adds no projection: z keeps the
    dimension of the backbone."""
