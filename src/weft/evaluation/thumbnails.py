"""Small JPEGs of a few photos of a benchmark."""

from collections.abc import Set as AbstractSet

import numpy as np
from PIL import Image

from weft.benchmarks.record import EvalDataset
from weft.photos.decode import decode
from weft.photos.fit import encode_jpeg

HEIGHT = 128
"""Pixels; a thumbnail is at most so high and twice as wide."""
_QUALITY = 88


def thumbnails(data: EvalDataset, wanted: AbstractSet[str]) -> dict[str, bytes]:
    """The wanted photos as JPEGs by photo_id, found in one pass over the benchmark.

    Raises:
        PhotoError: One of them cannot be decoded, though it could be when it was embedded.
    """
    small: dict[str, bytes] = {}
    if not wanted:
        return small
    for record, photo in data.photos():
        if record.photo_id in wanted:
            image = decode(photo, HEIGHT, HEIGHT)
            image.thumbnail((2 * HEIGHT, HEIGHT), Image.Resampling.BICUBIC)
            small[record.photo_id] = encode_jpeg(np.asarray(image), _QUALITY)
            if len(small) == len(wanted):
                break
    return small
