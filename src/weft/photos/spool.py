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
class Spool:
    """The photos' JPEG bytes on disk; of each photo only numbers and its fingerprint in memory (about 300 bytes)."""

    stream: BinaryIO
    product: list[int] = field(default_factory=list)
    """Index of the product of each photo."""
    view: list[int] = field(default_factory=list)
    colour: list[str | None] = field(default_factory=list)
    _ends: list[int] = field(default_factory=lambda: [0])
    _fingerprints: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.product)

    def append(self, product: int, view: int, colour: str | None, jpeg: bytes, fingerprint: Fingerprints) -> None:
        """Add one photo."""
        self.stream.write(jpeg)
        self._ends.append(self._ends[-1] + len(jpeg))
        self._fingerprints += fingerprint.tobytes()
        self.product.append(product)
        self.view.append(view)
        self.colour.append(colour)

    def jpeg(self, photo: int) -> bytes:
        """The bytes of the photo of that index."""
        begin, end = self._ends[photo], self._ends[photo + 1]
        self.stream.seek(begin)
        return self.stream.read(end - begin)

    def fingerprints(self) -> Fingerprints:
        """(photos, 224)."""
        flat = np.frombuffer(bytes(self._fingerprints), np.uint8)
        return flat.reshape(-1, HASH_BYTES + COLOUR_BYTES)

    def products(self) -> Indices:
        """(photos,) index of the product of each."""
        return np.array(self.product, np.int64)


@contextmanager
def spooled(path: Path) -> Iterator[Spool]:
    """An empty spool in the file `path`, gone when the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("w+b") as stream:
            yield Spool(stream)
    finally:
        path.unlink(missing_ok=True)
