"""The image encoder before any training; features and finetune read it."""

from pydantic.dataclasses import dataclass

from weft.params.kinds import STRICT


@dataclass(frozen=True, config=STRICT)
class Model:
    """The image encoder before any training."""

    backbone: str
    """A torchvision classification model by name."""
    weights: str
    """"imagenet", "random" (for tests; never silently), or the path of a local .safetensors or .pth file."""
