"""The first pass of prepare: each photo is decoded once, resized and fingerprinted, or quarantined.

The resized photos wait in temporary files, one for each shard, until the duplicates of all shards are known.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft import tables
from weft.contracts.tables import PHOTOS, PREPARED_PHOTOS, QUARANTINE
from weft.engine.table_shards import TableShard, read_shard
from weft.errors import PhotoError
from weft.params import Prepare
from weft.photos.decode import decode
from weft.photos.duplicates import COLOUR_BYTES, HASH_BYTES, Fingerprints, compute_fingerprint
from weft.photos.resize import encode_jpeg, letterbox
from weft.photos.split_dedup import DUPLICATE_IN_PRODUCT
from weft.photos.truncated_jpeg import lacks_end

_COLUMNS = ("product_id", "position", "colour", "sha256", "bytes")


@dataclass(frozen=True)
class PhotoShard:
    """All photos of some products, which may be in two files of the table PHOTOS."""

    number: int
    parts: tuple[TableShard, ...]


@dataclass(frozen=True)
class IngestedPhoto:
    """A photo that passed the checks."""

    jpeg: bytes
    """The resized photo."""
    fingerprint: Fingerprints
    was_truncated: bool
    """Whether the file lacked its last bytes."""


@dataclass(frozen=True)
class IngestedShard:
    """What the main process needs to know of a shard; arrays have one row for each usable photo."""

    num_photos: int
    """Photos read, usable or not."""
    num_truncated: int
    """Usable photos whose file lacked its last bytes."""
    product_ids: list[str]
    """The products of the shard, whether or not they have usable photos."""
    products: npt.NDArray[np.int32]
    """(photos,): the index in `product_ids` of each photo's product."""
    positions: npt.NDArray[np.int32]
    """(photos,)."""
    fingerprints: Fingerprints
    """(photos, 224)."""
    quarantined: pa.Table
    """The other photos, as rows of QUARANTINE in the order of the shard."""


@dataclass(frozen=True)
class IngestShard:
    """Writes the usable photos of a shard into a file of `folder`, as rows of PREPARED_PHOTOS."""

    folder: Path
    settings: Prepare

    def __call__(self, shard: PhotoShard) -> IngestedShard:
        """Ingest one shard."""
        products: list[int] = []
        rows: list[dict[str, Any]] = []
        fingerprints: list[Fingerprints] = []
        quarantined: list[dict[str, Any]] = []
        product_ids: list[str] = []
        num_photos = num_truncated = 0
        for row, repeats in _iter_rows(shard, product_ids):
            num_photos += 1
            key = {"product_id": row["product_id"], "position": row["position"]}
            try:
                if repeats is not None:
                    raise PhotoError(DUPLICATE_IN_PRODUCT, f"the same bytes as the photo at position {repeats}")
                photo = process_photo(row["bytes"], self.settings)
            except PhotoError as error:
                quarantined.append({**key, "reason": error.reason, "detail": error.detail})
                continue
            photo_id = f"{row['product_id']}#{row['position']}"
            rows.append({**key, "photo_id": photo_id, "colour": row["colour"], "jpeg": photo.jpeg})
            fingerprints.append(photo.fingerprint)
            products.append(len(product_ids) - 1)
            num_truncated += photo.was_truncated
        _write_photos(get_buffer_file(self.folder, shard.number), rows)
        return IngestedShard(
            num_photos,
            num_truncated,
            product_ids,
            np.array(products, np.int32),
            np.array([row["position"] for row in rows], np.int32),
            np.array(fingerprints, np.uint8).reshape(-1, HASH_BYTES + COLOUR_BYTES),
            pa.Table.from_pylist(quarantined, schema=QUARANTINE.schema),
        )


def process_photo(data: bytes, settings: Prepare) -> IngestedPhoto:
    """Check, decode, resize and fingerprint one photo.

    Raises:
        PhotoError: The photo cannot be used.
    """
    limits = settings.min_side, settings.max_aspect_ratio, settings.max_pixels
    pixels = letterbox(decode(data, settings.height, settings.width, *limits), settings.height, settings.width)
    return IngestedPhoto(encode_jpeg(pixels, settings.jpeg_quality), compute_fingerprint(pixels), lacks_end(data))


def _iter_rows(shard: PhotoShard, product_ids: list[str]) -> Iterator[tuple[dict[str, Any], int | None]]:
    """Yield each row of PHOTOS with the position of an earlier photo of the same product with the same bytes.

    `product_ids` receives the products; the last one is that of the row.
    """
    position_by_digest: dict[str, int] = {}
    for part in shard.parts:
        for table in read_shard(part, PHOTOS, _COLUMNS):
            for row in table.to_pylist():
                if not product_ids or row["product_id"] != product_ids[-1]:
                    product_ids.append(row["product_id"])
                    position_by_digest = {}
                repeats = position_by_digest.get(row["sha256"])
                if repeats is None:
                    position_by_digest[row["sha256"]] = row["position"]
                yield row, repeats


def get_buffer_file(folder: Path, shard: int) -> Path:
    """Return the file in which the photos of a shard wait."""
    return folder / f"{shard:06}.arrow"


def _write_photos(file: Path, rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows, schema=PREPARED_PHOTOS.schema)
    # A machine may be lost while it writes; another one then writes the same file.
    with (
        tables.atomic_write(file) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)
