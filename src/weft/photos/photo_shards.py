"""Cut the table PHOTOS into shards that hold all photos of their products."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weft import tables
from weft.contracts.tables import PHOTOS
from weft.engine.table_shards import TableShard
from weft.errors import ContractError
from weft.photos.ingest import PhotoShard


def list_photo_shards(photos: Path, photos_per_shard: int) -> list[PhotoShard]:
    """Return the shards of a table of photos, in order. Only the ids of the products are read.

    Args:
        photos: Folder of Parquet files of PHOTOS.
        photos_per_shard: A shard ends with the first product that fills it.

    Raises:
        ContractError: A file breaks the contract, or its products are out of order.
    """
    shards: list[PhotoShard] = []
    parts: list[TableShard] = []
    last_id = ""
    for file in tables.list_files(photos, PHOTOS):
        ids = tables.read_table(file, PHOTOS, ["product_id"])["product_id"].combine_chunks()
        begin, num_before = 0, sum(part.num_rows for part in parts)
        for start in _find_product_starts(ids, last_id, file):
            if num_before + start - begin >= photos_per_shard:
                if start > begin:
                    parts.append(TableShard(file, begin, start - begin))
                shards.append(PhotoShard(len(shards), tuple(parts)))
                parts, begin, num_before = [], start, 0
        if len(ids) > begin:
            parts.append(TableShard(file, begin, len(ids) - begin))
            last_id = ids[-1].as_py()
    return [*shards, PhotoShard(len(shards), tuple(parts))] if parts or not shards else shards


def _find_product_starts(ids: pa.Array, last_id: str, file: Path) -> list[int]:
    """Return the rows with another product than the row before them; the product before the first row is `last_id`."""
    before = pa.concat_arrays([pa.array([last_id]), ids])[:-1]
    descents = np.flatnonzero(pc.less(ids, before).to_numpy(zero_copy_only=False))
    if len(descents):
        row = int(descents[0])
        raise ContractError(
            f"{file}, row {row}: {PHOTOS.name} is not sorted by product_id: {ids[row].as_py()!r} follows "
            f"{before[row].as_py()!r}"
        )
    starts: list[int] = np.flatnonzero(pc.not_equal(ids, before).to_numpy(zero_copy_only=False)).tolist()
    return starts
