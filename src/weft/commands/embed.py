"""`weft embed`: photos to a Parquet file of embeddings."""

import itertools
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weft import tables
from weft.commands.photos import embed_source
from weft.errors import InputError
from weft.model.bundle import load_bundle
from weft.progress import log_line

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
