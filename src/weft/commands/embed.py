"""`weft embed`: photos to a Parquet file of embeddings.

What embed, tag and search share: a loaded model and a stream of embedded photos.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from weft import runtime, tables
from weft.errors import InputError, PhotoError
from weft.model.bundle import Bundle, load_bundle
from weft.progress import log_line
from weft.retrieval.embed import embed
from weft.retrieval.photo_input import iter_photos

SCHEMA = pa.schema([("photo", pa.string()), ("embedding", pa.list_(pa.float32()))])


def embed_to_file(source: Path, model: Path, out: Path) -> int:
    """Embed the photos of `source` and write `out`: photo (the name within source), embedding (not normalised).

    Returns:
        How many photos were embedded.

    Raises:
        ModelError: The model cannot be loaded.
        InputError: The source holds no usable photo, or `out` cannot be written; it is left as it was.
    """
    if out.exists() and not out.is_file():
        raise InputError(f"{out}: not a file; name the Parquet file to write")
    if out.exists() and source.exists() and out.samefile(source):
        raise InputError(f"{out}: the source itself; name another file to write")
    try:
        return _write_embeddings(source, model, out)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error}") from error


def _write_embeddings(source: Path, model: Path, out: Path) -> int:
    bundle, count = load_bundle(model), 0
    schema = SCHEMA.with_metadata({"weft_model": bundle.digest})
    batches = embed_source(source, bundle)
    first_batch = next(batches)  # bad input leaves no trace, not even the folder of `out`
    with tables.atomic_write(out) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for names, z in itertools.chain([first_batch], batches):
            writer.write_table(pa.table({"photo": names, "embedding": list(z)}, schema=schema))
            count += len(names)
    log_line(f"{count:,} photos embedded into {out}")
    return count


def embed_source(source: Path, bundle: Bundle) -> Iterator[tuple[list[str], npt.NDArray[np.float32]]]:
    """Yield (names, z) of the photos of `source` batch by batch; a photo that cannot be decoded is told and left out.

    Raises:
        InputError: None of the photos can be decoded.
    """
    skipped: list[tuple[str, PhotoError]] = []
    batches = embed(
        iter_photos(source),
        bundle.embedder,
        bundle.height,
        bundle.width,
        runtime.device(),
        runtime.workers(),
        skipped,
    )
    has_usable_photo, last_error = False, None
    for batch in itertools.chain(batches, [None]):
        for name, error in skipped:
            last_error = f"{name}: {error}"
            if has_usable_photo or batch is not None:
                log_line(f"left out {last_error}")
        skipped.clear()
        if batch is not None:
            has_usable_photo = True
            yield batch
    if not has_usable_photo:
        raise InputError(
            f"{source}: no photo in it can be used" + (f"; the last one was {last_error}" if last_error else "")
        )
