"""`weft embed`: photos to a Parquet file of embeddings, and the stream of embeddings that tag and search read too."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weft import tables
from weft.api import Floats, Model, load
from weft.errors import InputError, PhotoError
from weft.photos.truncated_jpeg import lacks_end
from weft.progress import log_line, progress_bar
from weft.retrieval.photo_input import iter_photos

SCHEMA = pa.schema([("photo", pa.string()), ("embedding", pa.list_(pa.float32()))])


def embed_to_file(source: Path, model: Path, out: Path) -> int:
    """Embed the photos of `source` and write the table `out`: photo (its name in `source`), embedding (not normalised).

    Returns:
        The number of photos embedded.

    Raises:
        ModelError: The model cannot be loaded.
        InputError: The source holds no usable photo, or `out` cannot be written; an old `out` is then unchanged.
    """
    if out.exists() and not out.is_file():
        raise InputError(f"{out}: expected the Parquet file to write, got something that is not a file")
    if out.suffix.lower() != ".parquet":
        raise InputError(f"-o {out}: expected a name that ends in .parquet, the only format that is written")
    if out.exists() and source.exists() and out.samefile(source):
        raise InputError(f"{out}: this is the source itself; choose another file to write")
    try:
        return _write_embeddings(source, model, out)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error}") from error


def _write_embeddings(source: Path, model: Path, out: Path) -> int:
    loaded, count = load(model), 0
    schema = SCHEMA.with_metadata({"weft_model": loaded.digest})
    batches = embed_source(source, loaded)
    first_batch = next(batches)  # unusable input raises before the folder of `out` is made
    with tables.atomic_write(out) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for names, z in itertools.chain([first_batch], batches):
            writer.write_table(pa.table({"photo": names, "embedding": list(z)}, schema=schema))
            count += len(names)
    log_line(f"{count:,} photos embedded into {out}")
    return count


def embed_source(source: Path, model: Model) -> Iterator[tuple[list[str], Floats]]:
    """Yield (names, embeddings) of the photos of `source` batch by batch; photos that cannot be decoded are logged.

    Raises:
        InputError: None of the photos can be decoded.
    """
    skipped: list[tuple[str, PhotoError]] = []
    has_usable_photo, last_error = False, None
    truncated: list[str] = []
    photos = _note_truncated(progress_bar(iter_photos(source), "read photos", unit="photos", delay=2.0), truncated)
    for batch in itertools.chain(model.embed_stream(photos, skipped), [None]):
        for name, error in skipped:
            last_error = f"{name}: {error}"
            if has_usable_photo or batch is not None:
                log_line(f"skipped {last_error}")
        failed = {name for name, _ in skipped}
        skipped.clear()
        if batch is not None:
            has_usable_photo = True
            for name in (name for name in truncated if name in batch[0]):
                log_line(f"used {name} although the file lacks its last bytes")
            truncated[:] = [name for name in truncated if name not in batch[0] and name not in failed]
            yield batch
    if not has_usable_photo:
        hint = f"; the last error was {last_error}" if last_error else ""
        raise InputError(f"{source}: it holds no photo that can be decoded{hint}")


def _note_truncated(photos: Iterator[tuple[str, bytes]], truncated: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield `photos` unchanged and add the names of those whose file lacks its end to `truncated`."""
    for name, data in photos:
        if lacks_end(data):
            truncated.append(name)
        yield name, data
