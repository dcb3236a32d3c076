"""Segments of an index on disk: photos with their vectors, written once and never changed.

A segment is two files: the vectors as plain float16 values, and an Arrow file of the photos. Both are memory-mapped.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.contracts.arrays import Ints, Matrix, Scores
from weft.errors import ContractError
from weft.photos.duplicates import COLOUR_BYTES, HASH_BYTES, Fingerprints
from weft.search.crawl_photos import CrawledPhoto
from weft.search.exact_index import load_unit_rows
from weft.search.index_manifest import PHOTOS, VECTORS, SegmentEntry

FINGERPRINT_BYTES = HASH_BYTES + COLOUR_BYTES
SCHEMA = pa.schema(
    [
        ("product_id", pa.string()),
        ("position", pa.int32()),
        ("url", pa.string()),
        ("sha256", pa.string()),
        ("fingerprint", pa.binary(FINGERPRINT_BYTES)),
        ("jpeg", pa.binary()),
    ]
)
_ROWS_PER_BATCH = 500
"""Photos that are copied at once; with 10 kB each, 5 MB."""
_MAX_HALF = 65_504
_ADVICE = "run `weft index build`"


class SegmentWriter:
    """Writes a segment; use it in a `with` block. Without a photo it leaves no files."""

    def __init__(self, folder: Path, name: str, dim: int) -> None:
        self._paths = folder / f"{name}.{VECTORS}", folder / f"{name}.{PHOTOS}"
        self._name, self._dim = name, dim
        self._num_photos = 0

    def __enter__(self) -> Self:
        """Open both files."""
        self._vectors = self._paths[0].open("xb")
        self._photos = pa.ipc.new_file(str(self._paths[1]), SCHEMA)
        return self

    def __exit__(self, *_: object) -> None:
        """Close both files."""
        self._photos.close()
        self._vectors.close()

    def add(self, photos: Sequence[dict[str, Any]], vectors: Matrix) -> None:
        """Add photos, rows of SCHEMA, with their vectors, (photos, embedding_dim).

        Raises:
            ContractError: A vector is not finite or has another length.
        """
        if vectors.shape != (len(photos), self._dim):
            raise ContractError(f"expected vectors of shape {(len(photos), self._dim)}, got {vectors.shape}")
        is_finite = np.isfinite(vectors).all(axis=1)
        if not is_finite.all():
            photo = photos[int(np.flatnonzero(~is_finite)[0])]
            place = f"{photo['product_id']}#{photo['position']}"
            raise ContractError(f"the embedding of {place} is not finite; the model has diverged")
        self._write(pa.Table.from_pylist(list(photos), schema=SCHEMA), vectors)

    def copy(self, segment: "Segment", rows: Ints) -> None:
        """Add the given rows of another segment, in ascending order."""
        for start in range(0, len(rows), _ROWS_PER_BATCH):
            part = rows[start : start + _ROWS_PER_BATCH]
            # A slice first: Arrow looks at all batches of a table for each row that it takes.
            first, last = int(part[0]), int(part[-1])
            photos = segment.photos.slice(first, last - first + 1).take(pa.array(part - first))
            self._write(photos.combine_chunks(), segment.vectors[part])

    def finish(self) -> SegmentEntry | None:
        """Return the entry of the manifest after the block has ended; None, without files, if there is no photo."""
        if self._num_photos:
            return SegmentEntry(name=self._name, photos=self._num_photos)
        for path in self._paths:
            path.unlink()
        return None

    def _write(self, photos: pa.Table, vectors: Matrix) -> None:
        self._photos.write_table(photos)
        self._vectors.write(np.clip(vectors, -_MAX_HALF, _MAX_HALF).astype("<f2").tobytes())
        self._num_photos += photos.num_rows


class Segment:
    """A segment that was opened for reading."""

    def __init__(self, folder: Path, entry: SegmentEntry, dim: int) -> None:
        """Map both files.

        Raises:
            FileNotFoundError: A file is missing.
            ContractError: A file is damaged.
        """
        self.name = entry.name
        vectors, photos = folder / f"{entry.name}.{VECTORS}", folder / f"{entry.name}.{PHOTOS}"
        expected_bytes, num_bytes = entry.photos * dim * 2, vectors.stat().st_size
        if num_bytes != expected_bytes:
            raise ContractError(f"{vectors}: expected {expected_bytes:,} bytes, got {num_bytes:,}; {_ADVICE}")
        self.vectors: npt.NDArray[np.float16] = np.memmap(vectors, "<f2", "r", shape=(entry.photos, dim))
        """(photos, embedding_dim), not normalised."""
        photos.stat()  # Arrow's own error for a missing file does not name it
        try:
            self.photos = pa.ipc.open_file(pa.memory_map(str(photos))).read_all()
            """A table of SCHEMA."""
        except pa.ArrowInvalid as error:
            raise ContractError(f"{photos}: not a readable Arrow file: {error}; {_ADVICE}") from error
        if self.photos.schema != SCHEMA or self.photos.num_rows != entry.photos:
            raise ContractError(f"{photos}: expected {entry.photos} photos; {_ADVICE}")

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def unit_rows(self) -> Scores:
        """The vectors as float32 rows of length 1 in memory; later versions of the index use them again."""
        return load_unit_rows(self.vectors)

    @cached_property
    def product_ids(self) -> list[str]:
        """The product of each photo."""
        ids: list[str] = self.photos["product_id"].to_pylist()
        return ids

    @cached_property
    def positions(self) -> list[int]:
        """The position of each photo in its product."""
        positions: list[int] = self.photos["position"].to_pylist()
        return positions

    @cached_property
    def digests(self) -> list[str]:
        """The sha256 of each photo as the shop served it."""
        digests: list[str] = self.photos["sha256"].to_pylist()
        return digests

    def list_photos(self) -> Iterator[CrawledPhoto]:
        """Yield the photos in the order of the rows."""
        urls = self.photos["url"].to_pylist()
        return map(CrawledPhoto, self.product_ids, self.positions, urls, self.digests)

    def read_fingerprints(self) -> Fingerprints:
        """Return the fingerprints, (photos, 224)."""
        chunks = [np.frombuffer(b"".join(chunk.to_pylist()), np.uint8) for chunk in self.photos["fingerprint"].chunks]
        return np.concatenate(chunks).reshape(-1, FINGERPRINT_BYTES)

    def read_jpeg(self, row: int) -> bytes:
        """Return the JPEG bytes of a photo."""
        jpeg: bytes = self.photos["jpeg"][row].as_py()
        return jpeg
