"""A temporary file of prepared photos, in the order of the crawl, until it is known which of them stay."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from weft.photos.duplicates import Fingerprints, Indices
from weft.photos.fingerprint import COLOUR_BYTES, HASH_BYTES


@dataclass
class PhotoBuffer:
    """The photos' JPEG bytes on disk; of each photo only numbers and its fingerprint in memory (about 300 bytes)."""

    stream: BinaryIO
    product_indices: list[int] = field(default_factory=list)
    """Index of the product of each photo."""
    positions: list[int] = field(default_factory=list)
    colours: list[str | None] = field(default_factory=list)
    _end_offsets: list[int] = field(default_factory=lambda: [0])
    _fingerprint_bytes: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.product_indices)

    def append(
        self, product_index: int, position: int, colour: str | None, jpeg: bytes, fingerprint: Fingerprints
    ) -> None:
        """Add one photo."""
        self.stream.write(jpeg)
        self._end_offsets.append(self._end_offsets[-1] + len(jpeg))
        self._fingerprint_bytes += fingerprint.tobytes()
        self.product_indices.append(product_index)
        self.positions.append(position)
        self.colours.append(colour)

    def read_jpeg(self, photo: int) -> bytes:
        """The bytes of the photo of that index."""
        begin, end = self._end_offsets[photo], self._end_offsets[photo + 1]
        self.stream.seek(begin)
        return self.stream.read(end - begin)

    def get_fingerprint_array(self) -> Fingerprints:
        """(photos, 224)."""
        flat = np.frombuffer(bytes(self._fingerprint_bytes), np.uint8)
        return flat.reshape(-1, HASH_BYTES + COLOUR_BYTES)

    def get_product_array(self) -> Indices:
        """(photos,) index of the product of each."""
        return np.array(self.product_indices, np.int64)


@contextmanager
def open_photo_buffer(path: Path) -> Iterator[PhotoBuffer]:
    """An empty spool in the file `path`, gone when the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("w+b") as stream:
            yield PhotoBuffer(stream)
    finally:
        path.unlink(missing_ok=True)
