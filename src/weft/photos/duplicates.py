"""Find photos that are the same picture by their fingerprints, without comparing all pairs.

What tells a photo from another one after it was re-encoded or resized: shapes in 32 bytes, colours in 192.
"""

from collections.abc import Iterator

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from weft.photos.resize import Pixels

MAX_COLOUR_DIFFERENCE = 6
"""How far, in grey levels of 255, one channel of one grid cell may differ between duplicates.

Re-encoding moves a cell by 1 to 5 levels; of different pairs seen among 20,000 real photos, one (two ties) was 6 apart,
the next (two watches that differ in one thin ring) 7.
"""

_MIN_BANDS = 4
Indices = npt.NDArray[np.int64]
Fingerprints = npt.NDArray[np.uint8]
"""(photos, 224), rows of `weft.photos.duplicates.fingerprint`."""


def find_duplicate_groups(fingerprints: Fingerprints, max_distance: int) -> Indices:
    """Which photos are the same picture.

    Two photos are when their hashes differ in at most `distance` bits and their colours nowhere by more than
    `COLOUR_TOLERANCE`; a group is what such pairs connect. Files of the same bytes have the same fingerprint, so
    they always share a group.

    Args:
        fingerprints: (photos, 224).
        distance: Bits of 256, 0 to 16. Of 120 real photos of 480 px, encoded again at 60 % of their size, 4 bits
            found 82 %, 8 found 98 %; re-encoded at full size all were found. Above 8 the candidates, and the time,
            grow fast beyond 100,000 photos.

    Returns:
        (photos,): for each photo the index of the first photo of its group; its own index when it has no duplicate.
    """
    # Equal fingerprints are joined first: a placeholder on 10,000 products would make 50 million pairs.
    rows = np.ascontiguousarray(fingerprints).view(np.dtype((np.void, HASH_BYTES + COLOUR_BYTES))).ravel()
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    unique = fingerprints[first[order]]
    pairs = find_duplicate_pairs(unique, max_distance)
    groups: Indices = first[order][connected_components(len(unique), pairs)][rank[inverse]]
    return groups


def find_duplicate_pairs(fingerprints: Fingerprints, max_distance: int) -> Indices:
    """All pairs of duplicates, (pairs, 2), each i < j, sorted.

    Pigeonhole: of `distance` + 1 bands of the hash, two hashes within `distance` bits agree in one whole band. So
    only photos that share a band are compared.
    """
    hashes = np.ascontiguousarray(fingerprints[:, :HASH_BYTES])
    colours = fingerprints[:, HASH_BYTES:]
    words = hashes.view(np.uint64)
    found = [np.empty((0, 2), np.int64)]
    # At least four bands, so that a band fits a 64-bit word.
    for band in np.array_split(np.arange(HASH_BYTES), max(max_distance + 1, _MIN_BANDS)):
        keys = np.zeros((len(hashes), 8), np.uint8)
        keys[:, : len(band)] = hashes[:, band]
        for left, right in _iter_same_key_pairs(keys.view(np.uint64).ravel()):
            is_close = np.bitwise_count(words[left] ^ words[right]).sum(axis=1) <= max_distance
            left, right = left[is_close], right[is_close]
            colour_difference = np.abs(colours[left].astype(np.int16) - colours[right].astype(np.int16)).max(
                axis=1, initial=0
            )
            is_duplicate = colour_difference <= MAX_COLOUR_DIFFERENCE
            found.append(np.sort(np.stack([left[is_duplicate], right[is_duplicate]], axis=1), axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _iter_same_key_pairs(keys: npt.NDArray[np.uint64]) -> Iterator[tuple[Indices, Indices]]:
    """All pairs of rows with the same key, in batches: neighbours in sorted order first, then next but one ..."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    positions = np.arange(len(keys))
    for offset in range(1, len(keys)):
        positions = positions[positions < len(keys) - offset]
        positions = positions[keys[positions] == keys[positions + offset]]
        if not len(positions):
            return
        yield order[positions], order[positions + offset]


def connected_components(n_nodes: int, pairs: Indices) -> Indices:
    """Union-find: for each of `count` things the smallest index that `pairs` connect it with."""
    parent = list(range(n_nodes))

    def find_root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in pairs.tolist():
        low, high = sorted((find_root(left), find_root(right)))
        parent[high] = low
    return np.array([find_root(node) for node in range(n_nodes)], np.int64)


HASH_BYTES = 32
COLOUR_BYTES = 192
_HASH_SIDE = 16
_COLOUR_SIDE = 8


def compute_fingerprint(pixels: Pixels) -> npt.NDArray[np.uint8]:
    """The fingerprint of a fitted photo; the same pixels always have the same.

    The perceptual hash sees brightness alone, and product photos on white look alike to it: 29 pairs of one shop's
    715 photos had the same hash, most of them one garment in two colours. So the mean colours of an 8 x 8 grid are
    part of the fingerprint.

    Returns:
        uint8 array (224,): 32 bytes of 256 hash bits, then the grid's (8, 8, 3) colours.
    """
    image = Image.fromarray(pixels)
    bits = imagehash.phash(image, hash_size=_HASH_SIDE).hash
    colours = np.asarray(image.resize((_COLOUR_SIDE, _COLOUR_SIDE), Image.Resampling.BOX))
    return np.concatenate([np.packbits(bits), colours.ravel()])
