"""Choose the photos to leave out so that no picture is in two splits."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from weft.contracts.arrays import Bools
from weft.contracts.tables import SPLITS
from weft.photos.duplicates import Indices, connected_components

MAX_PRODUCTS_PER_PICTURE = 20
"""A picture on more products shows none of them: it is a placeholder, a size chart or a logo."""

SHARED_BY_MANY_PRODUCTS = "shared by many products"
DUPLICATE_IN_PRODUCT = "duplicate within product"
DUPLICATE_ACROSS_SPLITS = "duplicate across splits"

_KEPT = -1


@dataclass(frozen=True)
class Exclusion:
    """Why one photo is left out."""

    reason: str
    """SHARED_BY_MANY_PRODUCTS, DUPLICATE_IN_PRODUCT or DUPLICATE_ACROSS_SPLITS."""
    other: int
    """For the three reasons: the number of products, the index of the photo kept, the index of the product kept."""


@dataclass(frozen=True)
class DedupResult:
    """The photos to leave out of a catalogue, and the clusters of products behind that."""

    shared_by: Indices
    """(photos,): the number of products of a picture that is left out for that; -1 for the other photos."""
    same_product: Indices
    """(photos,): the photo that is kept instead of this one of the same product; -1 for the other photos."""
    other_split: Indices
    """(photos,): the product of another split that is kept instead of this photo's; -1 for the other photos."""
    clusters: list[list[int]]
    """Products that share pictures, two or more per cluster, ascending."""

    @property
    def kept(self) -> Bools:
        """(photos,): whether the photo stays."""
        kept: Bools = (self.shared_by == _KEPT) & (self.same_product == _KEPT) & (self.other_split == _KEPT)
        return kept

    def iter_excluded(self) -> Iterator[tuple[int, Exclusion]]:
        """Yield the index of each photo that is left out, and the reason; a photo has one reason."""
        for photo in np.flatnonzero(~self.kept).tolist():
            for reason, others in (
                (SHARED_BY_MANY_PRODUCTS, self.shared_by),
                (DUPLICATE_ACROSS_SPLITS, self.other_split),
                (DUPLICATE_IN_PRODUCT, self.same_product),
            ):
                if others[photo] != _KEPT:
                    yield photo, Exclusion(reason, int(others[photo]))
                    break


def exclude_duplicates(photo_products: Indices, product_splits: Indices, photo_groups: Indices) -> DedupResult:
    """Leave out pictures of no product, repeats within a product, and products that would leak across splits.

    A product's split depends on its id alone and never changes. If a cluster of products that share pictures spans
    several splits, test has precedence over val, and val over train. **All** photos of the other products are left
    out, because their words and their other photos show the same product.

    Args:
        photo_products: (photos,) the product of each photo, 0, 1, 2 ...; a product's photos in the shop's order.
        product_splits: (products,) the split of each product, an index into `SPLITS`.
        photo_groups: (photos,) the first photo with the same picture, from `find_duplicate_groups`.
    """
    shared_by = _find_widely_shared(photo_products, photo_groups, len(product_splits))
    is_candidate = shared_by == _KEPT
    links = np.stack([photo_products[is_candidate], photo_products[photo_groups[is_candidate]]], axis=1)
    product_clusters = connected_components(len(product_splits), links[links[:, 0] != links[:, 1]])
    other_split = _find_split_conflicts(product_clusters, product_splits)[photo_products]
    same_product = _find_first_in_product(photo_products, photo_groups)
    return DedupResult(
        shared_by,
        np.where(is_candidate & (other_split == _KEPT), same_product, _KEPT),
        np.where(is_candidate, other_split, _KEPT),
        _list_clusters(product_clusters),
    )


def count_leaks(photo_products: Indices, product_splits: Indices, photo_groups: Indices, kept: Bools) -> int:
    """Return how many pictures are kept in more than one split; 0 after `exclude_duplicates`.

    Args:
        photo_products: (photos,).
        product_splits: (products,).
        photo_groups: (photos,).
        kept: (photos,).
    """
    pictures = photo_groups[kept] * len(SPLITS) + product_splits[photo_products[kept]]
    splits_per_picture = np.bincount(_sort_unique(pictures) // len(SPLITS))
    return int((splits_per_picture > 1).sum())


def _find_widely_shared(photo_products: Indices, photo_groups: Indices, num_products: int) -> Indices:
    """Return (photos,): the number of products of the photo's picture if that is too many, else -1."""
    picture_products = _sort_unique(photo_groups * num_products + photo_products)
    products_per_picture = np.bincount(picture_products // max(num_products, 1), minlength=len(photo_groups))
    shared_by = products_per_picture[photo_groups]
    return np.where(shared_by > MAX_PRODUCTS_PER_PICTURE, shared_by, _KEPT)


def _find_first_in_product(photo_products: Indices, photo_groups: Indices) -> Indices:
    """Return (photos,): the first photo of the same product with the same picture; -1 where it is the photo itself."""
    order = np.lexsort((photo_groups, photo_products))
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (np.diff(photo_products[order]) != 0) | (np.diff(photo_groups[order]) != 0)
    first = np.full(len(order), _KEPT)
    first[order] = np.where(is_first, _KEPT, order[is_first][np.cumsum(is_first) - 1])
    return first


def _find_split_conflicts(product_clusters: Indices, product_splits: Indices) -> Indices:
    """Return (products,): the first product of the cluster in a split with precedence over the product's, else -1."""
    rank = np.array([SPLITS.index(name) for name in ("test", "val", "train")]).argsort()[product_splits]
    order = np.lexsort((np.arange(len(product_splits)), rank))
    kept_product = np.empty(len(product_splits), np.int64)
    kept_product[product_clusters[order[::-1]]] = order[::-1]  # of several products, the last one that is written stays
    of_cluster = kept_product[product_clusters]
    return np.where(rank > rank[of_cluster], of_cluster, _KEPT)


def _list_clusters(product_clusters: Indices) -> list[list[int]]:
    sizes = np.bincount(product_clusters) if len(product_clusters) else np.empty(0, np.int64)
    members = np.flatnonzero(sizes[product_clusters] > 1)
    members = members[np.argsort(product_clusters[members], kind="stable")]
    ends = np.cumsum(sizes[sizes > 1])
    return [cluster.tolist() for cluster in np.split(members, ends[:-1])] if len(ends) else []


def _sort_unique(values: Indices) -> Indices:
    values = np.sort(values)
    is_first = np.ones(len(values), np.bool_)
    is_first[1:] = values[1:] != values[:-1]
    unique: Indices = values[is_first]
    return unique
