"""The photos a person points at: one file, a folder, a zip, or a Parquet shard of ours."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weft.datasets.files import FolderPhotos, PhotoFiles, ZipPhotos
from weft.errors import InputError

_ROWS_PER_BATCH = 64
"""Photos read from a shard at once."""


def iter_photos(source: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name within `source`, original bytes) of each photo, in the order of the names (of a shard: its rows).

    Names in a shard are photo_id where there is one, else "<product_id>#<position>".

    Raises:
        InputError: There is nothing to read, or no photo in it.
    """
    if source.suffix == ".parquet" and source.is_file():
        return _iter_shard(source)
    if source.is_dir():
        return _iter_files(FolderPhotos(source), source)
    if source.suffix.lower() == ".zip" and source.is_file():
        return _iter_files(ZipPhotos(source), source)
    if source.is_file():
        return _iter_file(source)
    raise InputError(f"{source}: no such photo, folder, zip or Parquet shard")


def _iter_file(source: Path) -> Iterator[tuple[str, bytes]]:
    try:
        yield _to_valid_utf8(source.name), source.read_bytes()
    except OSError as error:
        raise InputError(f"{source}: cannot be read: {error}") from error


def _iter_files(files: PhotoFiles, source: Path) -> Iterator[tuple[str, bytes]]:
    names = files.list_names()
    if not names:
        raise InputError(f"{source}: no photos in it (.jpg, .png, .webp, .gif, .bmp, .tif)")
    return ((_to_valid_utf8(name), files.read(name)) for name in names)


def _to_valid_utf8(name: str) -> str:
    """The name in UTF-8: file systems hold other bytes too, which neither Parquet nor a terminal takes."""
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
            f"{source}: wanted the columns photo_id, jpeg or product_id, position, bytes; has {sorted(names)}"
        )
    column_type = shard.schema_arrow.field(columns[-1]).type
    if not pa.types.is_binary(column_type) and not pa.types.is_large_binary(column_type):
        raise InputError(f"{source}: the column {columns[-1]} holds {column_type}, wanted the bytes of photos")
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
