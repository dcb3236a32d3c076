"""The first pass of prepare: each photo is decoded once, resized and fingerprinted, or quarantined.

The resized photos wait in a temporary file, in the order of the crawl, until the duplicates are known.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from weft import progress, runtime, tables
from weft.contracts.tables import PHOTOS
from weft.errors import PhotoError
from weft.params import Prepare
from weft.photos.decode import decode
from weft.photos.duplicates import COLOUR_BYTES, HASH_BYTES, Fingerprints, Indices, compute_fingerprint
from weft.photos.prefetch import prefetch_photos
from weft.photos.resize import encode_jpeg, letterbox
from weft.photos.split_dedup import DUPLICATE_IN_PRODUCT
from weft.photos.truncated_jpeg import lacks_end


@dataclass
class PhotoBuffer:
    """Photos whose JPEG bytes are on disk; memory holds about 300 bytes per photo: numbers and its fingerprint."""

    stream: BinaryIO
    product_ids: list[str] = field(default_factory=list)
    """The products with crawled photos, in the order of the shards, whether or not they have usable photos."""
    product_indices: list[int] = field(default_factory=list)
    """The index in `product_ids` of each photo's product."""
    positions: list[int] = field(default_factory=list)
    colours: list[str | None] = field(default_factory=list)
    num_truncated: int = 0
    """Photos whose file lacked its last bytes."""
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
        """Return the JPEG bytes of the photo with that index."""
        begin, end = self._end_offsets[photo], self._end_offsets[photo + 1]
        self.stream.seek(begin)
        return self.stream.read(end - begin)

    def get_fingerprint_array(self) -> Fingerprints:
        """Return the fingerprints, (photos, 224)."""
        flat = np.frombuffer(bytes(self._fingerprint_bytes), np.uint8)
        return flat.reshape(-1, HASH_BYTES + COLOUR_BYTES)

    def get_product_array(self) -> Indices:
        """Return the index of each photo's product, (photos,)."""
        return np.array(self.product_indices, np.int64)


@contextmanager
def open_photo_buffer(path: Path) -> Iterator[PhotoBuffer]:
    """Open an empty buffer in the file `path`, which is deleted when the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("w+b") as stream:
            yield PhotoBuffer(stream)
    finally:
        path.unlink(missing_ok=True)


@dataclass(frozen=True)
class _IngestedPhoto:
    jpeg: bytes
    fingerprint: Fingerprints
    was_truncated: bool


class Quarantine:
    """The quarantined photos, as rows of QUARANTINE."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, product_id: str, position: int, reason: str, detail: str) -> None:
        """Quarantine one photo."""
        self.rows.append({"product_id": product_id, "position": position, "reason": reason, "detail": detail})


def ingest_photos(photos: Path, buffer: PhotoBuffer, quarantine: Quarantine, settings: Prepare) -> int:
    """Fill `buffer` with the usable photos and `quarantine` with the others.

    Args:
        photos: Folder of shards of PHOTOS.
        buffer: Receives the usable photos in the order of the shards.
        quarantine: Receives the other photos with their reasons.
        settings: The section `prepare` of params.yaml.

    Returns:
        The number of photos read.
    """

    def process_row(row: dict[str, Any]) -> tuple[dict[str, Any], _IngestedPhoto | PhotoError]:
        data = row.pop("bytes")
        try:
            return row, _process_photo(data, settings)
        except PhotoError as error:
            return row, error

    total = tables.count_rows(photos)
    rows = _iter_unrepeated_rows(photos, buffer.product_ids, quarantine)
    for row, result in progress.progress_bar(
        prefetch_photos(process_row, rows, runtime.workers()), "prepare photos", total, "photos"
    ):
        if isinstance(result, PhotoError):
            quarantine.add(row["product_id"], row["position"], result.reason, result.detail)
        else:
            buffer.append(row["product_index"], row["position"], row["colour"], result.jpeg, result.fingerprint)
            buffer.num_truncated += result.was_truncated
    return total


def _process_photo(data: bytes, settings: Prepare) -> _IngestedPhoto:
    limits = settings.min_side, settings.max_aspect_ratio, settings.max_pixels
    image = decode(data, settings.height, settings.width, *limits)
    pixels = letterbox(image, settings.height, settings.width)
    return _IngestedPhoto(encode_jpeg(pixels, settings.jpeg_quality), compute_fingerprint(pixels), lacks_end(data))


def _iter_unrepeated_rows(photos: Path, product_ids: list[str], quarantine: Quarantine) -> Iterator[dict[str, Any]]:
    """Yield the rows of PHOTOS with a product_index; a product's repeated file is quarantined.

    `product_ids` receives every product at its product_index. The photos of one product are consecutive rows.
    """
    position_by_digest: dict[str, int] = {}
    columns = ["product_id", "position", "colour", "sha256", "bytes"]
    for table in tables.read_shards(photos, PHOTOS, columns):
        for row in table.to_pylist():
            product_id, position, digest = row["product_id"], row["position"], row["sha256"]
            if not product_ids or product_id != product_ids[-1]:
                product_ids.append(product_id)
                position_by_digest = {}
            if digest in position_by_digest:
                detail = f"the same bytes as the photo at position {position_by_digest[digest]}"
                quarantine.add(product_id, position, DUPLICATE_IN_PRODUCT, detail)
                continue
            position_by_digest[digest] = position
            row["product_index"] = len(product_ids) - 1
            row["colour"] = sys.intern(row["colour"]) if row["colour"] else None
            yield row
