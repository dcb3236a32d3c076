"""Photo bytes to an RGB image, or a `PhotoError` that says why not. What a shop serves is hostile input."""

import io
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image

from weft.errors import PhotoError

MOST_PIXELS = 40_000_000
"""The largest photo decoded; a phone's is 12 to 48 million, a decompression bomb's is more."""

# Named, so that no other parser of Pillow (EPS starts a program) ever sees a stranger's bytes.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
# A multi-page TIFF or a phone's MPO holds one photo and its extras, a GIF of two frames an animation.
_ANIMATED_FORMATS = ("GIF", "WEBP", "PNG", "AVIF")

_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)

_warnings_lock = threading.Lock()


def decode(data: bytes, height: int = 0, width: int = 0, min_side: int = 1) -> Image.Image:
    """The photo as an upright RGB image, transparency on white; its ICC profile is not applied.

    Args:
        data: The bytes of a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file.
        height: A larger JPEG may be decoded at a half, quarter or eighth of its size (3 x as fast), never below
            this height ...
        width: ... and this width, in pixels; 0 and 0 decode at full size.
        min_side: The least length of the shorter side, in pixels.

    Raises:
        PhotoError: "cannot be decoded", "too many pixels", "tiny" or "animated".
    """
    image, orientation = _open(data)
    if min(image.size) < min_side:
        raise PhotoError("tiny", f"{image.width} x {image.height} px, wanted {min_side} px on the shorter side")
    try:
        if height and width:
            image.draft(None, (height, width) if orientation in _SIDEWAYS else (width, height))
        image.load()
        rgb = _to_rgb(image)
    except PhotoError:
        raise
    except Exception as error:
        # Pillow's decoders answer broken bytes with nearly any exception (struct.error, IndexError, SyntaxError ...).
        raise PhotoError("cannot be decoded", _told(error)) from error
    return rgb.transpose(_TURNS[orientation]) if orientation in _TURNS else rgb


def _open(data: bytes) -> tuple[Image.Image, int]:
    """The image by its header alone, not yet decoded, and its EXIF orientation (1 to 8)."""
    try:
        with _without_warnings():
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
            pixels = image.width * image.height
            animated = image.format in _ANIMATED_FORMATS and getattr(image, "is_animated", False)
            orientation = image.getexif().get(_ORIENTATION_TAG, 1) if pixels <= MOST_PIXELS and not animated else 1
    except Image.DecompressionBombError as error:
        raise PhotoError("too many pixels", f"wanted at most {MOST_PIXELS:,}") from error
    except Exception as error:
        raise PhotoError("cannot be decoded", _guess(data) or _told(error)) from error
    if pixels > MOST_PIXELS:
        raise PhotoError("too many pixels", f"{image.width} x {image.height} px, wanted at most {MOST_PIXELS:,} pixels")
    if animated:
        raise PhotoError("animated", f"{image.format} of several frames, wanted one")
    return image, orientation if isinstance(orientation, int) else 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # convert() clips 16-bit greys at 255, which turns nearly all of them white.
        grey = np.clip(np.asarray(image).astype(np.int64), 0, 65_535) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise PhotoError("cannot be decoded", "floating-point pixels, wanted 8 or 16 bits")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Silence Pillow's remarks on odd metadata; filters are global to the process, so one thread at a time."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _guess(data: bytes) -> str:
    """What bytes that are no photo look like: shops answer with pages as often as with broken files."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return "no bytes"
    if b"<svg" in start:
        return "an SVG drawing, wanted a photo"
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page, wanted a photo"
    if not data.startswith((b"\xff\xd8", b"\x89PNG", b"RIFF", b"GIF8", b"BM", b"II*\0", b"MM\0*")):
        return f"unknown format, begins with {data[:12]!r}"
    return ""


def _told(error: Exception) -> str:
    """The error in one line without memory addresses, so that two runs report the same."""
    words = re.sub(r"<[^<>]* at 0x[0-9a-f]+>", "the bytes", " ".join(str(error).split()))
    return (words or type(error).__name__)[:200]
