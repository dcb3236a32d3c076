"""What tells a photo from another one after it was re-encoded or resized: shapes in 32 bytes, colours in 192."""

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from weft.photos.fit import Pixels

HASH_BYTES = 32
COLOUR_BYTES = 192
_HASH_SIDE = 16
_COLOUR_SIDE = 8


def compute_fingerprint(pixels: Pixels) -> npt.NDArray[np.uint8]:
    """The fingerprint of a fitted photo; the same pixels always have the same.

    The perceptual hash sees brightness alone, and product photos on white look alike to it: 29 pairs of one shop's
    715 photos had the same hash, most of them one garment in two colours. So the mean colours of an 8 x 8 grid are
    part of the fingerprint.

    Returns:
        uint8 array (224,): 32 bytes of 256 hash bits, then the grid's (8, 8, 3) colours.
    """
    image = Image.fromarray(pixels)
    bits = imagehash.phash(image, hash_size=_HASH_SIDE).hash
    colours = np.asarray(image.resize((_COLOUR_SIDE, _COLOUR_SIDE), Image.Resampling.BOX))
    return np.concatenate([np.packbits(bits), colours.ravel()])
