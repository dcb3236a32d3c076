"""Which photos are left out so that no picture stands in two splits; pure, on numbers alone."""

from dataclasses import dataclass

import numpy as np

from weft.contracts.tables import SPLITS
from weft.photos.duplicates import Indices, connected

MOST_SHARING_PRODUCTS = 20
"""A picture on more products than this shows none of them: a placeholder, a size chart, a logo."""

SHARED = "shared by many products"
WITHIN = "duplicate within product"
ACROSS = "duplicate across splits"


@dataclass(frozen=True)
class LeftOut:
    """Why one photo is left out."""

    reason: str
    """SHARED, WITHIN or ACROSS."""
    other: int
    """SHARED: on how many products; WITHIN: the index of the photo kept; ACROSS: the product that stays."""


@dataclass(frozen=True)
class Decision:
    """What to leave out of a catalogue, and the clusters that led to it."""

    left_out: dict[int, LeftOut]
    """By index of photo."""
    clusters: list[list[int]]
    """Products that share a picture, two or more in each, ascending."""


def leave_out(product: Indices, split: Indices, group: Indices) -> Decision:
    """Decide what goes: pictures of no product, repeats within a product, products that would leak.

    A product's split is settled by its id and never moves. Where a cluster of products that share pictures spans
    several splits, test keeps its products before val, and val before train; **all** photos of the others are left
    out, since their words and remaining views tell of the same product.

    Args:
        product: (photos,) the product of each photo, 0, 1, 2 ...; a product's photos in the shop's order.
        split: (products,) the split of each product, an index into `SPLITS`.
        group: (photos,) the first photo showing the same picture, from `duplicate_groups`.
    """
    left_out = _shared_by_many(product, group)
    kept = np.array([photo not in left_out for photo in range(len(product))], bool)
    photos = np.flatnonzero(kept)
    links = np.stack([product[photos], product[group[photos]]], axis=1)
    cluster = connected(len(split), links[links[:, 0] != links[:, 1]])
    loser = _losers(cluster, split)
    first_of: dict[tuple[int, int], int] = {}
    for photo in photos.tolist():
        owner = int(product[photo])
        shown = first_of.setdefault((owner, int(group[photo])), photo)
        if owner in loser:
            left_out[photo] = LeftOut(ACROSS, loser[owner])
        elif shown != photo:
            left_out[photo] = LeftOut(WITHIN, shown)
    return Decision(left_out, _members(cluster))


def leaks(product: Indices, split: Indices, group: Indices, left_out: dict[int, LeftOut]) -> int:
    """How many pictures are kept in more than one split; 0 after `leave_out`."""
    splits_of: dict[int, set[int]] = {}
    for photo in range(len(product)):
        if photo not in left_out:
            splits_of.setdefault(int(group[photo]), set()).add(int(split[product[photo]]))
    return sum(len(splits) > 1 for splits in splits_of.values())


def _shared_by_many(product: Indices, group: Indices) -> dict[int, LeftOut]:
    sharing = np.unique(np.stack([group, product], axis=1), axis=0)[:, 0]
    pictures, products = np.unique(sharing, return_counts=True)
    many = dict(zip(pictures.tolist(), products.tolist(), strict=True))
    return {
        photo: LeftOut(SHARED, many[picture])
        for photo, picture in enumerate(group.tolist())
        if many[picture] > MOST_SHARING_PRODUCTS
    }


def _losers(cluster: Indices, split: Indices) -> dict[int, int]:
    """Products whose cluster reaches into a stronger split, each with the first product that stays."""
    rank = np.array([SPLITS.index(name) for name in ("test", "val", "train")]).argsort()[split]
    winner: dict[int, int] = {}
    for product in np.lexsort((np.arange(len(split)), rank)).tolist():
        winner.setdefault(int(cluster[product]), product)
    return {
        product: winner[home] for product, home in enumerate(cluster.tolist()) if rank[product] > rank[winner[home]]
    }


def _members(cluster: Indices) -> list[list[int]]:
    members: dict[int, list[int]] = {}
    for product, home in enumerate(cluster.tolist()):
        members.setdefault(home, []).append(product)
    return [products for products in members.values() if len(products) > 1]
