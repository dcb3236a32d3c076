"""`weft embed`: photos to a Parquet file of embeddings."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weft import tables
from weft.commands.photos import embedded
from weft.model.bundle import load_bundle
from weft.progress import say

SCHEMA = pa.schema([("photo", pa.string()), ("embedding", pa.list_(pa.float32()))])


def embed_to_file(source: Path, model: Path, out: Path) -> int:
    """Embed the photos of `source` and write `out`: photo (the name within source), embedding (not normalised).

    Returns:
        How many photos were embedded.

    Raises:
        ModelError: The model cannot be loaded.
        InputError: The source holds no usable photo; `out` is left as it was.
    """
    bundle, count = load_bundle(model), 0
    schema = SCHEMA.with_metadata({"weft_model": bundle.digest})
    with tables.atomic(out) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for names, z in embedded(source, bundle):
            writer.write_table(pa.table({"photo": names, "embedding": list(z)}, schema=schema))
            count += len(names)
    say(f"{count:,} photos embedded into {out}")
    return count
