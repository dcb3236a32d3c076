"""The pictures of the catalogue: random access to the JPEG bytes of the prepared photos."""

from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weft.contracts.tables import SPLITS
from weft.errors import ContractError

_CACHED_PHOTOS = 4_096
"""A prepared photo has about 10 kB, so the cache takes about 40 MB."""


class PreparedPhotos:
    """The prepared photos by photo_id. Only they are ever shown, never a file that a client names."""

    def __init__(self, folder: Path) -> None:
        """Read where each photo is.

        Raises:
            ContractError: The folder holds no prepared photos, or a shard is damaged.
        """
        self._places: dict[str, tuple[Path, int, int]] = {}
        for split in SPLITS:
            for path in sorted((folder / split).glob("*.parquet")):
                try:
                    self._add_shard(path)
                except (OSError, pa.ArrowException) as error:
                    raise ContractError(f"{path}: not a readable shard of prepared photos: {error}") from error
        if not self._places:
            raise ContractError(f"{folder}: it holds no prepared photos; run `dvc repro prepare`")
        self._read_cached = lru_cache(_CACHED_PHOTOS)(self._read)

    def __contains__(self, photo_id: str) -> bool:
        return photo_id in self._places

    def read(self, photo_id: str) -> bytes | None:
        """Return the JPEG bytes of a photo; None, which is never cached, if there is no such photo."""
        return self._read_cached(photo_id) if photo_id in self._places else None

    def _add_shard(self, path: Path) -> None:
        with pq.ParquetFile(path) as shard:
            for group in range(shard.num_row_groups):
                photo_ids = shard.read_row_group(group, columns=["photo_id"])["photo_id"].to_pylist()
                self._places |= {photo_id: (path, group, row) for row, photo_id in enumerate(photo_ids)}

    def _read(self, photo_id: str) -> bytes:
        path, group, row = self._places[photo_id]
        with pq.ParquetFile(path, memory_map=True) as shard:
            jpeg: bytes = shard.read_row_group(group, columns=["jpeg"])["jpeg"][row].as_py()
        return jpeg
