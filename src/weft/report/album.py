"""The photos of the page: small, each stored once however often it is shown."""

import base64
import hashlib
import io
from dataclasses import dataclass, field

from weft.errors import ContractError

LONGEST_SIDE = 256
"""Pixels; larger photos are scaled down, since the page shows them at about 100 and screens have up to 3 for one."""
_JPEG_QUALITY = 80


@dataclass(frozen=True)
class Thumbnail:
    """One photo as the page holds it."""

    name: str
    """The id of its <symbol>: every place that shows the photo refers to it."""
    width: int
    height: int
    data: str
    """A data URI."""


@dataclass
class Album:
    """Collects the photos of a page."""

    _kept: dict[str, Thumbnail] = field(default_factory=dict)

    def add(self, jpeg: bytes, place: str) -> Thumbnail:
        """Keep a photo, or find it again.

        Args:
            jpeg: The bytes of the file.
            place: Where they come from, for the error.

        Raises:
            ContractError: The bytes are no photo.
        """
        digest = hashlib.sha256(jpeg).hexdigest()
        if digest not in self._kept:
            width, height, small = _thumbnail(jpeg, place)
            data = "data:image/jpeg;base64," + base64.b64encode(small).decode("ascii")
            self._kept[digest] = Thumbnail(f"photo-{len(self._kept) + 1}", width, height, data)
        return self._kept[digest]

    @property
    def photos(self) -> tuple[Thumbnail, ...]:
        """All photos, in the order in which they were first added."""
        return tuple(self._kept.values())


def _thumbnail(jpeg: bytes, place: str) -> tuple[int, int, bytes]:
    """Width, height in pixels and bytes; a JPEG that is small enough keeps its bytes."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(jpeg)) as photo:
            kind = photo.format
            photo.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            photo.load()
            if kind == "JPEG" and max(photo.size) <= LONGEST_SIDE:
                return photo.width, photo.height, jpeg
            small = photo.convert("RGB")
    # Pillow raises whatever the broken format's plugin meets, SyntaxError and struct.error among it.
    except Exception as error:
        raise ContractError(f"{place}: the photo cannot be decoded: {error}; run the stage evaluate again") from error
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=_JPEG_QUALITY, optimize=True)
    return small.width, small.height, buffer.getvalue()
