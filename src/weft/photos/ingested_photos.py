"""What prepare remembers of all photos while their JPEGs wait on disk: a fingerprint and a few numbers each."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.contracts.tables import QUARANTINE
from weft.photos.duplicates import COLOUR_BYTES, HASH_BYTES, Fingerprints, Indices
from weft.photos.ingest import IngestedShard


class IngestedPhotos:
    """The usable photos of all shards in flat arrays, about 240 bytes for each photo."""

    def __init__(self, max_photos: int) -> None:
        """Make an empty collection.

        Args:
            max_photos: The number of photos of all shards, usable or not.
        """
        self.product_ids: list[str] = []
        """The products with crawled photos, in order, whether or not they have usable photos."""
        self.num_photos = 0
        """Photos read, usable or not."""
        self.num_truncated = 0
        """Usable photos whose file lacked its last bytes."""
        self._quarantined = [QUARANTINE.schema.empty_table()]
        self._shard_ends = [0]
        self._fingerprints = np.empty((max_photos, HASH_BYTES + COLOUR_BYTES), np.uint8)
        self._products = np.empty(max_photos, np.int64)
        self._positions = np.empty(max_photos, np.int32)

    def __len__(self) -> int:
        return self._shard_ends[-1]

    def append(self, shard: IngestedShard) -> None:
        """Add the photos of the next shard."""
        rows = slice(len(self), len(self) + len(shard.products))
        self._fingerprints[rows] = shard.fingerprints
        self._products[rows] = shard.products.astype(np.int64) + len(self.product_ids)
        self._positions[rows] = shard.positions
        self.product_ids += shard.product_ids
        self.num_photos += shard.num_photos
        self.num_truncated += shard.num_truncated
        self._quarantined.append(shard.quarantined)
        self._shard_ends.append(rows.stop)

    @property
    def fingerprints(self) -> Fingerprints:
        """(photos, 224)."""
        return self._fingerprints[: len(self)]

    @property
    def products(self) -> Indices:
        """(photos,): the index in `product_ids` of each photo's product."""
        return self._products[: len(self)]

    @property
    def positions(self) -> npt.NDArray[np.int32]:
        """(photos,): the position of each photo in its product."""
        return self._positions[: len(self)]

    @property
    def quarantined(self) -> pa.Table:
        """The photos that cannot be used, as rows of QUARANTINE."""
        return pa.concat_tables(self._quarantined)

    def find_in_shards(self, photos: Indices) -> tuple[Indices, Indices]:
        """Return the shard of each of some photos, and its row among the usable photos of the shard."""
        ends = np.array(self._shard_ends)
        shards = np.searchsorted(ends, photos, side="right") - 1
        return shards, photos - ends[shards]
