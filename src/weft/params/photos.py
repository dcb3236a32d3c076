"""prepare: which photos are kept, and at what size."""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from weft.params.types import STRICT_CONFIG, ImageSide, PositiveInt, UnitInterval


@dataclass(frozen=True, config=STRICT_CONFIG)
class Prepare:
    """Which photos are kept, and at what size."""

    height: ImageSide
    width: ImageSide
    """The training size in pixels: photos are fitted inside and padded with their border colour."""
    min_side: PositiveInt
    """A photo with a shorter side, in pixels, is quarantined; 100 is better where photos are not thumbnails."""
    jpeg_quality: Annotated[int, Field(ge=50, le=100)]
    duplicate_distance: Annotated[int, Field(ge=0, le=16)]
    """Photos whose 256-bit perceptual hashes differ in at most this many bits are duplicates."""
    val_share: UnitInterval
    test_share: UnitInterval
    """Shares of products, by a hash of their id."""
    max_aspect: Annotated[float, Field(ge=1)] = 6.0
    """A photo whose longer side is more times the shorter one is quarantined; `min_side`, this and `max_pixels` are
    told by its header, before it is decoded."""
    max_pixels: Annotated[int, Field(gt=0, le=40_000_000)] = 40_000_000
    """So is one with more pixels."""
