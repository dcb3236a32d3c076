"""A photo cut to the box around the garment."""

import io

from weft.errors import PhotoError
from weft.photos.decode import decode

Box = tuple[int, int, int, int]
"""Left, upper, right and lower edge, in pixels of the photo."""


def crop_photo(photo: bytes, box: Box) -> bytes:
    """The part of the photo inside the box, as PNG without loss; the box is cut at the photo's edges.

    Bytes that are no photo, or have nothing inside the box, come back as they are: who decodes them counts them.
    """
    try:
        image = decode(photo)
    except PhotoError:
        return photo
    left, upper = max(box[0], 0), max(box[1], 0)
    right, lower = min(box[2], image.width), min(box[3], image.height)
    if right <= left or lower <= upper:
        return photo
    out = io.BytesIO()
    image.crop((left, upper, right, lower)).save(out, "PNG", compress_level=1)
    return out.getvalue()
