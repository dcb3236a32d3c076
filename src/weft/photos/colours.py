"""Pixels of any kind to RGB, a strip at a time, so that a large photo is never in memory twice at full size."""

import numpy as np
from PIL import Image

from weft.errors import PhotoError

STRIP_PIXELS = 1_000_000
"""About so many are converted at once."""

_ALPHA_MODES = ("RGBA", "LA", "PA", "RGBa", "La")


def to_rgb(image: Image.Image, factor: int = 1) -> Image.Image:
    """`image`, decoded, as RGB; transparency lies on white, 16 bits become 8.

    Args:
        image: Of any of Pillow's modes.
        factor: Each square of so many pixels a side becomes one, their mean.

    Raises:
        PhotoError: Its pixels are floating-point numbers.
    """
    if image.mode == "F":
        raise PhotoError("cannot be decoded", "floating-point pixels, wanted 8 or 16 bits")
    width, height = image.size
    rows = max(1, STRIP_PIXELS // (width * factor)) * factor
    if rows >= height:
        return _reduce(_convert_mode(image), factor)
    rgb = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        rgb.paste(_reduce(_convert_mode(strip), factor), (0, top // factor))
    return rgb


def _reduce(rgb: Image.Image, factor: int) -> Image.Image:
    return rgb.reduce(factor) if factor > 1 else rgb


def _convert_mode(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # convert() clips 16-bit greys at 255, which turns nearly all of them white.
        grey = np.clip(np.asarray(image).astype(np.int64), 0, 65_535) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")
