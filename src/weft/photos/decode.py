"""Decode photo bytes to an RGB image, or raise a `PhotoError` with the reason. The bytes are untrusted input.

Pixels are converted to RGB one strip at a time, so that a large photo is never in memory twice at full size.
"""

import io
import math
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image

from weft.errors import PhotoError
from weft.photos import truncated_jpeg
from weft.photos.resize import REDUCING_GAP

MAX_PIXELS = 40_000_000
"""Larger photos are not decoded. A phone takes photos of 12 to 48 million pixels; a decompression bomb has more."""

# An explicit list, so that no other parser of Pillow ever sees untrusted bytes (EPS starts a program).
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
# A GIF of two frames is an animation; a multi-page TIFF or the MPO of a phone is one photo with extras.
_ANIMATED_FORMATS = ("GIF", "WEBP", "PNG", "AVIF")

_ORIENTATION_TAG = 0x0112
_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ROTATED_ORIENTATIONS = (5, 6, 7, 8)
# The orientation of a PNG may follow its pixels, so Pillow must decode the photo to read it.
_LATE_EXIF_FORMATS = ("PNG",)
_MIN_REDUCED_PIXELS = 4_000_000

STRIP_PIXELS = 1_000_000
"""About this many pixels are converted at once."""

_ALPHA_MODES = ("RGBA", "LA", "PA", "RGBa", "La")


_warnings_lock = threading.Lock()


def decode(
    data: bytes,
    height: int = 0,
    width: int = 0,
    min_side: int = 1,
    max_aspect_ratio: float = math.inf,
    max_pixels: int = MAX_PIXELS,
) -> Image.Image:
    """Return the photo as an upright RGB image on white; its ICC profile is not applied.

    The three limits are checked on the header, before any pixel is decoded. A JPEG that lacks only its last bytes is
    used; `truncated_jpeg.lacks_end` recognises it.

    Args:
        data: The bytes of a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file.
        height: A large photo may be decoded at a fraction of its size (a JPEG three times as fast), but never below
            this height in pixels. If height and width are 0, it is decoded at full size.
        width: The same for the width.
        min_side: Minimum length of the shorter side in pixels.
        max_aspect_ratio: Maximum ratio of the longer to the shorter side.
        max_pixels: Maximum number of pixels, at most MAX_PIXELS.

    Raises:
        PhotoError: "cannot be decoded", "too many pixels", "tiny", "long and narrow" or "animated".
    """
    image = _open_image(data)
    _check_limits(image, min_side, max_aspect_ratio, min(max_pixels, MAX_PIXELS))
    if image.format == "JPEG" and truncated_jpeg.lacks_end(data):
        image = _open_image(truncated_jpeg.complete(data))
    orientation = 1 if image.format in _LATE_EXIF_FORMATS else _read_orientation(image)
    target_size = (height, width) if orientation in _ROTATED_ORIENTATIONS else (width, height)
    try:
        if height and width:
            image.draft(None, target_size)
        image.load()
        if image.format in _LATE_EXIF_FORMATS:
            orientation = _read_orientation(image)
        # If the photo may still be rotated, reduce it only as far as both orientations allow.
        min_target_side = max(target_size) if image.format in _LATE_EXIF_FORMATS else 0
        rgb = to_rgb(
            image,
            _compute_reduction(image.size, max(target_size[0], min_target_side), max(target_size[1], min_target_side)),
        )
    except PhotoError:
        raise
    except Exception as error:
        # Pillow's decoders raise nearly any exception on broken bytes (struct.error, IndexError, SyntaxError ...).
        raise PhotoError("cannot be decoded", _summarise_error(error)) from error
    return rgb.transpose(_TRANSPOSES[orientation]) if orientation in _TRANSPOSES else rgb


def _open_image(data: bytes) -> Image.Image:
    """Read the header of the image; its pixels are not decoded yet."""
    try:
        with _suppress_warnings():
            return Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise PhotoError("too many pixels", f"expected at most {MAX_PIXELS:,} pixels") from error
    except Exception as error:
        raise PhotoError("cannot be decoded", _guess_content(data) or _summarise_error(error)) from error


def _check_limits(image: Image.Image, min_side: int, max_aspect_ratio: float, max_pixels: int) -> None:
    size, short_side, long_side = f"{image.width} x {image.height} px", min(image.size), max(image.size)
    if image.width * image.height > max_pixels:
        raise PhotoError("too many pixels", f"expected at most {max_pixels:,} pixels, got {size}")
    if short_side < min_side:
        raise PhotoError("tiny", f"expected a shorter side of at least {min_side} px, got {size}")
    if long_side > max_aspect_ratio * short_side:
        raise PhotoError("long and narrow", f"expected an aspect ratio of at most {max_aspect_ratio:g} : 1, got {size}")
    if image.format in _ANIMATED_FORMATS and _is_animated(image):
        raise PhotoError("animated", f"expected one frame, got several in a {image.format}")


def _is_animated(image: Image.Image) -> bool:
    try:
        with _suppress_warnings():
            return bool(getattr(image, "is_animated", False))
    except Exception as error:
        # Pillow raises if junk follows the first frame.
        raise PhotoError("cannot be decoded", _summarise_error(error)) from error


def _read_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if it is missing or invalid."""
    try:
        with _suppress_warnings():
            orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - broken EXIF data raise anything, and the photo itself may be intact
        return 1
    return orientation if isinstance(orientation, int) else 1


def _compute_reduction(size: tuple[int, int], width: int, height: int) -> int:
    """Return the factor by which a large image can be reduced first without a visible difference after `letterbox`."""
    if not (width and height) or size[0] * size[1] < _MIN_REDUCED_PIXELS:
        return 1
    return max(1, int(min(size[0] / width, size[1] / height) / REDUCING_GAP))


@contextmanager
def _suppress_warnings() -> Iterator[None]:
    """Silence Pillow's warnings about odd metadata; warning filters are global, so one thread at a time."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _guess_content(data: bytes) -> str:
    """Describe bytes that are no photo: shops serve web pages as often as broken files."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return "no bytes"
    if b"<svg" in start:
        return "expected a photo, got an SVG drawing"
    if start.startswith((b"<!doctype html", b"<html")):
        return "expected a photo, got an HTML page"
    if not data.startswith((b"\xff\xd8", b"\x89PNG", b"RIFF", b"GIF8", b"BM", b"II*\0", b"MM\0*")):
        return f"unknown format that begins with {data[:12]!r}"
    return ""


def _summarise_error(error: Exception) -> str:
    """Return the error in one line without memory addresses, so that two runs give the same report."""
    message = re.sub(r"<[^<>]* at 0x[0-9a-f]+>", "the bytes", " ".join(str(error).split()))
    return (message or type(error).__name__)[:200]


def to_rgb(image: Image.Image, factor: int = 1) -> Image.Image:
    """Return a decoded image as RGB, with 8 bits per channel and transparent pixels on white.

    Args:
        image: An image of any of Pillow's modes.
        factor: Each square of `factor` x `factor` pixels becomes one pixel, their mean.

    Raises:
        PhotoError: The pixels are floating-point numbers.
    """
    if image.mode == "F":
        raise PhotoError("cannot be decoded", "expected pixels of 8 or 16 bits, got floating-point numbers")
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
        # convert() clips 16-bit grey values at 255, which turns nearly all of them white.
        grey = np.clip(np.asarray(image).astype(np.int64), 0, 65_535) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")
