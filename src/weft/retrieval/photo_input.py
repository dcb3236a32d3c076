"""Read the photos of a path: one file, a folder, a zip, or a Parquet shard of the pipeline."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weft.datasets.files import FolderPhotos, PhotoFiles, ZipPhotos
from weft.errors import InputError

_ROWS_PER_BATCH = 64
"""Photos that are read from a shard at a time."""


def iter_photos(source: Path) -> Iterator[tuple[str, bytes]]:
    """Return an iterator of (name in `source`, encoded photo), in the order of the names, or of the rows of a shard.

    The name in a shard is its photo_id if it has that column, else "<product_id>#<position>".

    Raises:
        InputError: The path does not exist, cannot be read, or holds no photo.
    """
    if source.suffix == ".parquet" and source.is_file():
        return _iter_shard(source)
    if source.is_dir():
        return _iter_files(FolderPhotos(source), source)
    if source.suffix.lower() == ".zip" and source.is_file():
        return _iter_files(ZipPhotos(source), source)
    if source.is_file():
        return _iter_file(source)
    raise InputError(f"{source}: expected a photo, folder, zip or Parquet shard, got a path that does not exist")


def _iter_file(source: Path) -> Iterator[tuple[str, bytes]]:
    try:
        yield _to_valid_utf8(source.name), source.read_bytes()
    except OSError as error:
        raise InputError(f"{source}: cannot be read: {error}") from error


def _iter_files(files: PhotoFiles, source: Path) -> Iterator[tuple[str, bytes]]:
    names = files.list_names()
    if not names:
        raise InputError(f"{source}: expected photos (.jpg, .png, .webp, .gif, .bmp, .tif), got none")
    return ((_to_valid_utf8(name), files.read(name)) for name in names)


def _to_valid_utf8(name: str) -> str:
    """Return the name with invalid bytes replaced: file systems allow bytes that are not UTF-8, Parquet does not."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _iter_shard(source: Path) -> Iterator[tuple[str, bytes]]:
    try:
        shard = pq.ParquetFile(source)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{source}: not a readable Parquet file: {error}") from error
    names = set(shard.schema_arrow.names)
    if {"photo_id", "jpeg"} <= names:
        columns = ["photo_id", "jpeg"]
    elif {"product_id", "position", "bytes"} <= names:
        columns = ["product_id", "position", "bytes"]
    else:
        raise InputError(
            f"{source}: expected the columns photo_id, jpeg or product_id, position, bytes; got {sorted(names)}"
        )
    column_type = shard.schema_arrow.field(columns[-1]).type
    if not pa.types.is_binary(column_type) and not pa.types.is_large_binary(column_type):
        raise InputError(f"{source}: expected the bytes of photos in the column {columns[-1]}, got {column_type}")
    return _iter_rows(shard, columns, source)


def _iter_rows(shard: pq.ParquetFile, columns: list[str], source: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with shard:
            for batch in shard.iter_batches(_ROWS_PER_BATCH, columns=columns):
                for row in batch.to_pylist():
                    *name, photo = (row[column] for column in columns)
                    yield "#".join(map(str, name)), photo or b""
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{source}: the Parquet file is damaged: {error}") from error
