"""The photo store: random access to the prepared photos of one split in one memory-mapped Arrow file.

Parquet does not allow random access without decoding whole row groups. The operating system caches the photos in use,
so the memory of the process does not grow with the catalogue.
"""

import hashlib
import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from weft import tables
from weft.contracts.tables import PREPARED_PHOTOS


class PhotoStore:
    """The JPEG bytes of the photos of one split, in the order of its shards."""

    def __init__(self, folder: Path, cache_file: Path, copy: bool = True) -> None:
        """Copy the photos of `folder` into the file `cache_file` and map it into memory.

        Args:
            folder: The folder of the shards of one split.
            cache_file: The Arrow file of all JPEG bytes; an existing file is replaced.
            copy: Whether to write `cache_file`; False if another process has just written it.

        Raises:
            ContractError: The shards are missing or break their contract.
        """
        if copy:
            self._copy(folder, cache_file)
        self._file = cache_file
        batches = pa.ipc.open_file(pa.memory_map(str(cache_file)))
        self._columns = [batches.get_batch(n).column(0) for n in range(batches.num_record_batches)]
        self._batch_offsets = np.cumsum([0] + [len(column) for column in self._columns])

    @staticmethod
    def _copy(folder: Path, cache_file: Path) -> None:
        schema = pa.schema([pa.field("jpeg", pa.large_binary())])
        with (
            tables.atomic_write(cache_file) as temporary,
            pa.OSFile(str(temporary), "wb") as sink,
            pa.ipc.new_file(sink, schema) as writer,
        ):
            for table in tables.read_shards(folder, PREPARED_PHOTOS, columns=["jpeg"]):
                writer.write_table(table.cast(schema))

    def __len__(self) -> int:
        return int(self._batch_offsets[-1])

    def digest(self) -> str:
        """Return the sha256 of the Arrow file."""
        with self._file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def read_jpeg(self, photo: int) -> bytes:
        """Return the JPEG bytes of one photo, by its index in the split."""
        batch = int(np.searchsorted(self._batch_offsets, photo, side="right")) - 1
        data: bytes = self._columns[batch][photo - int(self._batch_offsets[batch])].as_py()
        return data

    def decode(self, photos: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Return the RGB pixels of photos, (photos, 3, height, width), by their indices, (photos,)."""
        arrays = [np.asarray(Image.open(io.BytesIO(self.read_jpeg(int(photo))))) for photo in photos]
        return np.ascontiguousarray(np.stack(arrays).transpose(0, 3, 1, 2))


def read_product_ids(folder: Path) -> list[str]:
    """Return the product of each photo of a split, in the order of its shards.

    Raises:
        ContractError: The shards are missing or break their contract.
    """
    shards = tables.read_shards(folder, PREPARED_PHOTOS, columns=["product_id"])
    return [product_id for table in shards for product_id in table["product_id"].to_pylist()]


def read_first_photo(folder: Path) -> bytes:
    """Return the JPEG bytes of the first photo of a split, an example of a model's input."""
    data: bytes = next(iter(tables.read_shards(folder, PREPARED_PHOTOS, columns=["jpeg"])))["jpeg"][0].as_py()
    return data
