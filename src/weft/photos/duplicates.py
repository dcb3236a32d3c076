"""Find photos that show the same picture by their fingerprints, without comparing all pairs.

A fingerprint survives re-encoding and resizing: 32 bytes describe shapes, 192 bytes colours.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from weft.photos.resize import Pixels

MAX_COLOUR_DIFFERENCE = 6
"""Maximum difference between duplicates in one channel of one grid cell, in levels of 0 to 255.

Re-encoding changes a cell by 1 to 5 levels. Among 20,000 real photos, the closest pair of different pictures (two ties)
differed by 6, the next (two watches that differ in one thin ring) by 7.
"""

HASH_BYTES = 32
COLOUR_BYTES = 192
_HASH_SIDE = 16
_COLOUR_SIDE = 8
_MIN_BANDS = 4
_MIDDLE_COLUMNS = HASH_BYTES + np.arange(COLOUR_BYTES).reshape(_COLOUR_SIDE, _COLOUR_SIDE, 3)[2:6, 2:6].ravel()
_MAX_TONE_DIFFERENCE = MAX_COLOUR_DIFFERENCE * len(_MIDDLE_COLUMNS)
_MAX_PAIRS = 4_000_000
_ROWS_COMPARED = 100_000
Indices = npt.NDArray[np.int64]
Fingerprints = npt.NDArray[np.uint8]
"""(photos, 224), each row a result of `compute_fingerprint`."""


def find_duplicate_groups(fingerprints: Fingerprints, max_distance: int) -> Indices:
    """Group the photos that show the same picture.

    Two photos are duplicates if their hashes differ in at most `max_distance` bits and no colour differs by more than
    `MAX_COLOUR_DIFFERENCE`. Groups are the connected components of these pairs. Files of the same bytes have the same
    fingerprint, so they are always in one group.

    Args:
        fingerprints: (photos, 224).
        max_distance: Bits of 256, 0 to 16. Of 120 real photos of 480 px, re-encoded at 60 % of their size, 4 bits
            found 82 % and 8 bits 98 %; re-encoded at full size, all were found. Above 8 bits, the number of candidate
            pairs and the time grow fast beyond 100,000 photos.

    Returns:
        (photos,): for each photo the index of the first photo of its group; its own index if it has no duplicate.
    """
    # Merge equal fingerprints first: a placeholder on 10,000 products would make 50 million pairs.
    first_equal = _find_first_equal(fingerprints)
    unique = np.flatnonzero(first_equal == np.arange(len(first_equal)))
    pairs = np.empty((0, 2), np.int64)
    for found in _iter_duplicate_pairs(fingerprints, unique, max_distance):
        pairs = np.concatenate([pairs, found])
        if len(pairs) > _MAX_PAIRS:
            # One pair for each photo says the same about the groups.
            groups = connected_components(len(unique), pairs)
            pairs = np.stack([groups, np.arange(len(unique))], axis=1)[groups != np.arange(len(unique))]
    group_of_unique = unique[connected_components(len(unique), pairs)]
    return group_of_unique[np.searchsorted(unique, first_equal)]


def find_duplicate_pairs(fingerprints: Fingerprints, max_distance: int) -> Indices:
    """Return all pairs of duplicates, (pairs, 2), each i < j, sorted."""
    everyone = np.arange(len(fingerprints))
    found = [np.empty((0, 2), np.int64), *_iter_duplicate_pairs(fingerprints, everyone, max_distance)]
    return np.unique(np.concatenate(found), axis=0)


def _find_first_equal(fingerprints: Fingerprints) -> Indices:
    """Return (photos,): the first photo with the same fingerprint.

    Equal fingerprints have equal sums of their 28 words, multiplied by random numbers; the fingerprints themselves are
    compared only where the sums are equal, and are never copied as a whole.
    """
    words = np.ascontiguousarray(fingerprints).view(np.uint64)
    factors = np.random.default_rng(0).integers(0, 2**64, words.shape[1], np.uint64)
    sums = np.zeros(len(words), np.uint64)
    for column, factor in enumerate(factors):
        sums += words[:, column] * factor
    order = np.argsort(sums, kind="stable")
    starts = np.ones(len(order), np.bool_)
    starts[1:] = sums[order[1:]] != sums[order[:-1]]
    first_of_run = order[starts][np.cumsum(starts) - 1]
    first = np.arange(len(words))
    repeats = np.flatnonzero(~starts)
    for rows in np.array_split(repeats, len(repeats) // _ROWS_COMPARED + 1):
        photos, firsts = order[rows], first_of_run[rows]
        is_equal = (words[photos] == words[firsts]).all(axis=1)
        first[photos[is_equal]] = firsts[is_equal]
    return first


def _iter_duplicate_pairs(fingerprints: Fingerprints, photos: Indices, max_distance: int) -> Iterator[Indices]:
    """Yield pairs of duplicates among `photos`, (pairs, 2), as indices into `photos`, i < j; some more than once.

    Pigeonhole principle: if a hash is cut into `max_distance` + 1 bands, two hashes within `max_distance` bits agree
    in at least one whole band. So only photos that share a band are compared, and of these only those whose tones, the
    sums of the colours in the middle, are as close as those of duplicates: photos of one pose before a white background
    share bands.
    """
    hashes = np.ascontiguousarray(fingerprints[photos, :HASH_BYTES])
    words = hashes.view(np.uint64)
    tones = np.zeros(len(photos), np.int32)
    for column in _MIDDLE_COLUMNS:
        tones += fingerprints[photos, column]
    # At least four bands, so that a band fits into 64 bits.
    for band in np.array_split(np.arange(HASH_BYTES), max(max_distance + 1, _MIN_BANDS)):
        keys = np.zeros((len(hashes), 8), np.uint8)
        keys[:, : len(band)] = hashes[:, band]
        for left, right in _iter_close_pairs(keys.view(np.uint64).ravel(), tones):
            is_close = np.bitwise_count(words[left] ^ words[right]).sum(axis=1) <= max_distance
            left, right = left[is_close], right[is_close]
            difference = np.abs(
                fingerprints[photos[left], HASH_BYTES:].astype(np.int16) - fingerprints[photos[right], HASH_BYTES:]
            ).max(axis=1, initial=0)
            is_duplicate = difference <= MAX_COLOUR_DIFFERENCE
            yield np.sort(np.stack([left[is_duplicate], right[is_duplicate]], axis=1), axis=1)


def _iter_close_pairs(keys: npt.NDArray[np.uint64], tones: npt.NDArray[np.int32]) -> Iterator[tuple[Indices, Indices]]:
    """Yield all pairs of rows with the same key and close tones, in batches of limited size.

    First come the pairs that are neighbours in sorted order, then those that are two apart, and so on. Tones ascend
    among the rows of a key, so a row that is too far from the one n places on is too far from all later ones.
    """
    order = np.lexsort((tones, keys))
    keys, tones = keys[order], tones[order]
    positions = np.arange(len(keys))
    for offset in range(1, len(keys)):
        positions = positions[positions < len(keys) - offset]
        others = positions + offset
        is_close = (keys[positions] == keys[others]) & (tones[others] - tones[positions] <= _MAX_TONE_DIFFERENCE)
        positions = positions[is_close]
        if not len(positions):
            return
        for begin in range(0, len(positions), _ROWS_COMPARED):
            part = positions[begin : begin + _ROWS_COMPARED]
            yield order[part], order[part + offset]


def connected_components(n_nodes: int, pairs: Indices) -> Indices:
    """Return, for each node, the smallest node of its connected component."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components as find_components

    links = coo_array((np.ones(len(pairs), np.bool_), (pairs[:, 0], pairs[:, 1])), shape=(n_nodes, n_nodes))
    n_components, component = find_components(links, directed=False) if n_nodes else (0, np.empty(0, np.int64))
    smallest = np.empty(n_components, np.int64)
    smallest[component[::-1]] = np.arange(n_nodes)[::-1]  # of several nodes, the last one that is written stays
    return smallest[component]


def compute_fingerprint(pixels: Pixels) -> npt.NDArray[np.uint8]:
    """Return the fingerprint of a letterboxed photo; the same pixels always have the same fingerprint.

    The perceptual hash depends on brightness alone: among 715 photos of one shop, 29 pairs had the same hash, most of
    them one garment in two colours. So the mean colours of an 8 x 8 grid are part of the fingerprint.

    Returns:
        uint8 array (224,): 32 bytes of 256 hash bits, then the grid's (8, 8, 3) colours.
    """
    import imagehash  # it needs scipy, which a reader of fingerprints does not

    image = Image.fromarray(pixels)
    bits = imagehash.phash(image, hash_size=_HASH_SIDE).hash
    colours = np.asarray(image.resize((_COLOUR_SIDE, _COLOUR_SIDE), Image.Resampling.BOX))
    return np.concatenate([np.packbits(bits), colours.ravel()])
