"""Choose the photos to leave out so that no picture is in two splits."""

from dataclasses import dataclass

import numpy as np

from weft.contracts.tables import SPLITS
from weft.photos.duplicates import Indices, connected_components

MAX_PRODUCTS_PER_PICTURE = 20
"""A picture on more products shows none of them: it is a placeholder, a size chart or a logo."""

SHARED_BY_MANY_PRODUCTS = "shared by many products"
DUPLICATE_IN_PRODUCT = "duplicate within product"
DUPLICATE_ACROSS_SPLITS = "duplicate across splits"


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

    excluded: dict[int, Exclusion]
    """Index of the photo -> why it is left out."""
    clusters: list[list[int]]
    """Products that share pictures, two or more per cluster, ascending."""


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
    excluded = _find_widely_shared(photo_products, photo_groups)
    kept = np.array([photo not in excluded for photo in range(len(photo_products))], bool)
    photos = np.flatnonzero(kept)
    links = np.stack([photo_products[photos], photo_products[photo_groups[photos]]], axis=1)
    product_clusters = connected_components(len(product_splits), links[links[:, 0] != links[:, 1]])
    conflicts = _find_split_conflicts(product_clusters, product_splits)
    first_photo: dict[tuple[int, int], int] = {}
    for photo in photos.tolist():
        product_index = int(photo_products[photo])
        first = first_photo.setdefault((product_index, int(photo_groups[photo])), photo)
        if product_index in conflicts:
            excluded[photo] = Exclusion(DUPLICATE_ACROSS_SPLITS, conflicts[product_index])
        elif first != photo:
            excluded[photo] = Exclusion(DUPLICATE_IN_PRODUCT, first)
    return DedupResult(excluded, _group_by_cluster(product_clusters))


def count_leaks(
    photo_products: Indices, product_splits: Indices, photo_groups: Indices, excluded: dict[int, Exclusion]
) -> int:
    """Return how many pictures are kept in more than one split; 0 after `exclude_duplicates`."""
    splits_by_group: dict[int, set[int]] = {}
    for photo in range(len(photo_products)):
        if photo not in excluded:
            splits_by_group.setdefault(int(photo_groups[photo]), set()).add(int(product_splits[photo_products[photo]]))
    return sum(len(splits) > 1 for splits in splits_by_group.values())


def _find_widely_shared(photo_products: Indices, photo_groups: Indices) -> dict[int, Exclusion]:
    picture_products = np.unique(np.stack([photo_groups, photo_products], axis=1), axis=0)[:, 0]
    pictures, products = np.unique(picture_products, return_counts=True)
    products_per_picture = dict(zip(pictures.tolist(), products.tolist(), strict=True))
    return {
        photo: Exclusion(SHARED_BY_MANY_PRODUCTS, products_per_picture[picture])
        for photo, picture in enumerate(photo_groups.tolist())
        if products_per_picture[picture] > MAX_PRODUCTS_PER_PICTURE
    }


def _find_split_conflicts(product_clusters: Indices, product_splits: Indices) -> dict[int, int]:
    """Return the products whose cluster has products of a split with precedence -> the first of those."""
    rank = np.array([SPLITS.index(name) for name in ("test", "val", "train")]).argsort()[product_splits]
    kept_product: dict[int, int] = {}
    for product in np.lexsort((np.arange(len(product_splits)), rank)).tolist():
        kept_product.setdefault(int(product_clusters[product]), product)
    return {
        product: kept_product[cluster_id]
        for product, cluster_id in enumerate(product_clusters.tolist())
        if rank[product] > rank[kept_product[cluster_id]]
    }


def _group_by_cluster(product_clusters: Indices) -> list[list[int]]:
    members: dict[int, list[int]] = {}
    for product, cluster_id in enumerate(product_clusters.tolist()):
        members.setdefault(cluster_id, []).append(product)
    return [products for products in members.values() if len(products) > 1]
