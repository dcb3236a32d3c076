"""Search for products: the photos that an index finds, grouped by their product."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weft.contracts.arrays import Bools, Matrix
from weft.search.catalogue_products import CatalogueProduct
from weft.search.vector_index import VectorIndex


@dataclass(frozen=True)
class Hit:
    """A photo of the catalogue that a search found."""

    photo_id: str
    product_id: str
    similarity: float
    """Cosine similarity to the query, from -1 to 1."""


@dataclass(frozen=True)
class FoundProduct:
    """A product that a search found, or one photo of it."""

    product: CatalogueProduct | None
    """None if the products of the crawl lack it."""
    hits: Sequence[Hit]
    """Its photos, the most similar first; at least one."""

    @property
    def product_id(self) -> str:
        """The id of the product."""
        return self.hits[0].product_id

    @property
    def similarity(self) -> float:
        """The similarity of the most similar photo."""
        return self.hits[0].similarity

    @property
    def photo_ids(self) -> list[str]:
        """The ids of its photos, the most similar first."""
        return [hit.photo_id for hit in self.hits]


class PhotoSearch:
    """An index with the ids of its photos and products."""

    def __init__(self, index: VectorIndex, photo_ids: Sequence[str], product_ids: Sequence[str]) -> None:
        """Number the products.

        Args:
            index: The index of the photos.
            photo_ids: The id of each photo, in the order of the index.
            product_ids: The product of each photo.
        """
        self._index = index
        self.photo_ids, self.product_ids = photo_ids, product_ids
        self._numbers: dict[str, int] = {}
        self.photo_products = np.array(
            [self._numbers.setdefault(name, len(self._numbers)) for name in product_ids], np.int64
        )
        """(photos,): the number of each photo's product."""
        self.products = list(self._numbers)
        """The product_id of each product, by its number."""
        self._sizes = np.bincount(self.photo_products, minlength=len(self.products))
        self._photos_by_product = np.argsort(self.photo_products, kind="stable")
        self._product_starts = np.concatenate([[0], np.cumsum(self._sizes)])

    def with_index(self, index: VectorIndex) -> "PhotoSearch":
        """Return a search for the same photos in another index of them."""
        search = copy.copy(self)
        search._index = index
        return search

    def list_photo_ids(self, product_id: str) -> list[str]:
        """Return the photos of a product in the order of the index; empty if the index lacks the product."""
        number = self._numbers.get(product_id)
        if number is None:
            return []
        rows = self._photos_by_product[self._product_starts[number] : self._product_starts[number + 1]]
        return [self.photo_ids[row] for row in rows]

    def find_photos(self, query: Matrix, k: int, candidates: Bools | None = None) -> list[Hit]:
        """Return the `k` photos nearest to a query, (embedding_dim,), best first.

        With a mask `candidates`, (photos,), only these photos are found.
        """
        rows, similarities = self._index.search(query, k, candidates)
        return [
            Hit(self.photo_ids[row], self.product_ids[row], float(similarity))
            for row, similarity in zip(rows.tolist(), similarities, strict=True)
        ]

    def find_products(self, query: Matrix, k: int, candidates: Bools | None = None) -> list[list[Hit]]:
        """Return the photos of each of the `k` nearest products, the product with the most similar photo first.

        Args:
            query: (embedding_dim,).
            k: The number of products, at least 1.
            candidates: (products,), by the numbers of `products`; None for all.

        Returns:
            For each product all its photos, the most similar first.
        """
        sizes = self._sizes if candidates is None else self._sizes * candidates
        # This many photos hold `k` products, even if the largest ones come first with all their photos.
        num_photos = int(np.sort(sizes)[::-1][:k].sum())
        if not num_photos:
            return []
        mask = None if candidates is None else candidates[self.photo_products]
        nearest = self._index.search(query, num_photos, mask)[0]
        numbers = list(dict.fromkeys(self.photo_products[nearest].tolist()))[:k]
        # Some photos of these products may be less similar than the photos of the first search.
        photos_of_products = np.isin(self.photo_products, numbers)
        found: dict[str, list[Hit]] = {}
        for hit in self.find_photos(query, int(photos_of_products.sum()), photos_of_products):
            found.setdefault(hit.product_id, []).append(hit)
        return list(found.values())
