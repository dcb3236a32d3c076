"""The section prepare: which photos are kept, and at what size."""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from weft.params.types import STRICT_CONFIG, ImageSide, PositiveInt, UnitInterval


@dataclass(frozen=True, config=STRICT_CONFIG)
class Prepare:
    """Which photos are kept, and at what size."""

    height: ImageSide
    """Height of the training photos, in pixels. Photos are resized to fit inside and padded with their border
    colour."""
    width: ImageSide
    """Width of the training photos, in pixels."""
    min_side: PositiveInt
    """A photo whose shorter side has fewer pixels is quarantined. 100 is better where photos are not thumbnails."""
    jpeg_quality: Annotated[int, Field(ge=50, le=100)]
    """Quality of the JPEG files that prepare writes."""
    phash_max_distance: Annotated[int, Field(ge=0, le=16)]
    """Photos whose 256-bit perceptual hashes differ in at most this many bits are duplicates."""
    val_share: UnitInterval
    """Share of the products in val. A product's split depends on the hash of its id."""
    test_share: UnitInterval
    """Share of the products in test."""
    max_aspect_ratio: Annotated[float, Field(ge=1)] = 6.0
    """A photo whose longer side is more than this many times the shorter one is quarantined. This limit, `min_side` and
    `max_pixels` are checked on the file's header, before the photo is decoded."""
    max_pixels: Annotated[int, Field(gt=0, le=40_000_000)] = 40_000_000
    """A photo with more pixels is quarantined."""
