"""The second pass of prepare: the photos that stay are written as the shards of their splits."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from weft import tables
from weft.contracts.tables import PREPARED_PHOTOS, SPLITS
from weft.engine.map_shards import map_shards
from weft.photos.duplicates import Indices
from weft.photos.ingest import get_buffer_file
from weft.photos.ingested_photos import IngestedPhotos

NO_SPLIT = -1


@dataclass(frozen=True)
class _SplitShard:
    """One file to write, and where its photos wait; they are in the order of the crawl."""

    file: Path
    photo_shards: Indices
    """(photos,)."""
    rows: Indices
    """(photos,): the row of each photo in the file of its photo shard."""


def write_splits(buffer: Path, out: Path, ingested: IngestedPhotos, photo_splits: Indices) -> None:
    """Write `out`/{train,val,test}/*.parquet.

    Args:
        buffer: The folder in which the photos wait.
        out: An existing folder.
        ingested: The photos.
        photo_splits: (photos,): the split of each photo, an index into SPLITS, or NO_SPLIT.
    """
    shards = []
    for number, name in enumerate(SPLITS):
        (out / name).mkdir()
        photos = np.flatnonzero(photo_splits == number)
        for shard, begin in enumerate(range(0, max(len(photos), 1), tables.ROWS_PER_SHARD)):
            where = ingested.find_in_shards(photos[begin : begin + tables.ROWS_PER_SHARD])
            shards.append(_SplitShard((out / name).absolute() / f"{shard:05}.parquet", *where))
    for _ in map_shards(_WriteSplitShard(buffer.absolute()), shards, "write photos"):
        pass


@dataclass(frozen=True)
class _WriteSplitShard:
    """Writes one file of a split."""

    buffer: Path

    def __call__(self, shard: _SplitShard) -> None:
        tables.write_shard(shard.file, self._iter_groups(shard), PREPARED_PHOTOS, str(shard.file))

    def _iter_groups(self, shard: _SplitShard) -> Iterator[pa.Table]:
        for begin in range(0, len(shard.rows), tables.ROWS_PER_GROUP):
            group = slice(begin, begin + tables.ROWS_PER_GROUP)
            photo_shards, rows = shard.photo_shards[group], shard.rows[group]
            parts = [self._read(number, rows[photo_shards == number]) for number in np.unique(photo_shards).tolist()]
            yield pa.concat_tables(parts).combine_chunks()

    def _read(self, photo_shard: int, rows: Indices) -> pa.Table:
        with pa.memory_map(str(get_buffer_file(self.buffer, photo_shard))) as source:
            return pa.ipc.open_file(source).read_all().take(pa.array(rows))
