"""JPEG files that lack their last bytes, as an interrupted upload or download leaves them."""

import io

import numpy as np
from PIL import Image

from weft.errors import PhotoError

MAX_MISSING_SHARE = 0.1
"""A photo is used if at most this share of its pixels is missing."""

_START_OF_IMAGE, _START_OF_SCAN, _END_OF_IMAGE = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
_MIN_SIDE = 256
_FILLERS = (b"\x55" * 20_000, b"\xaa" * 20_000)


def lacks_end(data: bytes) -> bool:
    """Return whether the bytes are a JPEG whose last scan has no end: pixel data never contains the end marker."""
    return data.startswith(_START_OF_IMAGE) and data.rfind(_END_OF_IMAGE) < data.rfind(_START_OF_SCAN)


def complete(data: bytes) -> bytes:
    """Return the JPEG with an end, so that decoders read it.

    Args:
        data: A JPEG that lacks its end.

    Raises:
        PhotoError: "cannot be decoded", because more pixels than MAX_MISSING_SHARE are missing.
    """
    data = data.removesuffix(b"\xff")  # half of a marker
    completed = data + _END_OF_IMAGE
    # The decoder fills what is missing. Where other bytes would have filled it with other pixels, the photo has none.
    try:
        pixels = _decode_small(completed)
        missing = [_decode_small(data + filler + _END_OF_IMAGE) != pixels for filler in _FILLERS]
    except Exception as error:
        # Pillow's decoders raise nearly any exception on broken bytes.
        raise PhotoError("cannot be decoded", "the JPEG is truncated and broken") from error
    share = float(np.any(missing, axis=(0, 3)).mean())
    if share > MAX_MISSING_SHARE:
        raise PhotoError("cannot be decoded", f"the JPEG is truncated: {100 * share:.0f} % of its pixels are missing")
    return completed


def _decode_small(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the pixels, a large photo at a fraction of its size, (height, width, 3)."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        image.draft("RGB", (_MIN_SIDE, _MIN_SIDE))
        return np.asarray(image.convert("RGB"))
