"""Find photos that are the same picture by their fingerprints, without comparing all pairs."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from weft.photos.fingerprint import COLOUR_BYTES, HASH_BYTES

COLOUR_TOLERANCE = 6
"""How far, in grey levels of 255, one channel of one grid cell may differ between duplicates.

Re-encoding moves a cell by 1 to 5 levels; of different pairs seen among 20,000 real photos, one (two ties) was 6 apart,
the next (two watches that differ in one thin ring) 7.
"""

_FEWEST_BANDS = 4
Indices = npt.NDArray[np.int64]
Fingerprints = npt.NDArray[np.uint8]
"""(photos, 224), rows of `weft.photos.fingerprint.fingerprint`."""


def duplicate_groups(fingerprints: Fingerprints, distance: int) -> Indices:
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
    pairs = near_pairs(unique, distance)
    groups: Indices = first[order][connected(len(unique), pairs)][rank[inverse]]
    return groups


def near_pairs(fingerprints: Fingerprints, distance: int) -> Indices:
    """All pairs of duplicates, (pairs, 2), each i < j, sorted.

    Pigeonhole: of `distance` + 1 bands of the hash, two hashes within `distance` bits agree in one whole band. So
    only photos that share a band are compared.
    """
    hashes = np.ascontiguousarray(fingerprints[:, :HASH_BYTES])
    colours = fingerprints[:, HASH_BYTES:]
    words = hashes.view(np.uint64)
    found = [np.empty((0, 2), np.int64)]
    # At least four bands, so that a band fits a 64-bit word.
    for band in np.array_split(np.arange(HASH_BYTES), max(distance + 1, _FEWEST_BANDS)):
        keys = np.zeros((len(hashes), 8), np.uint8)
        keys[:, : len(band)] = hashes[:, band]
        for left, right in _same_key(keys.view(np.uint64).ravel()):
            near = np.bitwise_count(words[left] ^ words[right]).sum(axis=1) <= distance
            left, right = left[near], right[near]
            gap = np.abs(colours[left].astype(np.int16) - colours[right].astype(np.int16)).max(axis=1, initial=0)
            alike = gap <= COLOUR_TOLERANCE
            found.append(np.sort(np.stack([left[alike], right[alike]], axis=1), axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _same_key(keys: npt.NDArray[np.uint64]) -> Iterator[tuple[Indices, Indices]]:
    """All pairs of rows with the same key, in batches: neighbours in sorted order first, then next but one ..."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    at = np.arange(len(keys))
    for step in range(1, len(keys)):
        at = at[at < len(keys) - step]
        at = at[keys[at] == keys[at + step]]
        if not len(at):
            return
        yield order[at], order[at + step]


def connected(count: int, pairs: Indices) -> Indices:
    """Union-find: for each of `count` things the smallest index that `pairs` connect it with."""
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in pairs.tolist():
        low, high = sorted((root(left), root(right)))
        parent[high] = low
    return np.array([root(node) for node in range(count)], np.int64)
