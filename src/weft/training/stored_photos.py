"""The photos of one split that finetune reads, with the words and products that belong to them."""

import hashlib
from dataclasses import dataclass

from weft.bags import WordBags
from weft.contracts.arrays import Ints
from weft.data.photo_store import PhotoStore


@dataclass(frozen=True)
class StoredPhotos:
    """The prepared photos of one split, their bags of words and their products, in the same order."""

    store: PhotoStore
    bags: WordBags
    products: Ints
    """(photos,) the product of each photo as an integer."""

    def digest(self) -> str:
        """Return a hash of the photos, their words and their products."""
        return self.store.digest() + self.bags.digest() + hashlib.sha256(self.products.tobytes()).hexdigest()
