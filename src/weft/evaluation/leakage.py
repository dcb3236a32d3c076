"""Leakage check: products or pictures of the own catalogue that are in two splits.

prepare keeps the splits apart; a score is meaningless where it failed. This check is independent of it: each photo of
val and test searches the other splits for similar embeddings, and the pairs are compared by perceptual hash.
"""

from dataclasses import dataclass

import numpy as np

from weft.contracts.arrays import Ints
from weft.contracts.search import Search
from weft.errors import BenchmarkError
from weft.evaluation.inputs import EvalPhotos
from weft.evaluation.knn import take_rows
from weft.photos.decode import decode
from weft.photos.duplicates import compute_fingerprint, find_duplicate_pairs

MIN_SIMILARITY = 0.9
"""Cosine similarity of z by the pretrained backbone: a re-encoded copy of a picture is far above it."""
NEIGHBOURS_CHECKED = 5
"""Photos of other splits that are compared with each photo of val and test."""
MAX_HASH_DISTANCE = 4
"""Bits of the perceptual hash. This is stricter than in prepare, because prepared photos were encoded once more."""


@dataclass(frozen=True)
class Leakage:
    """What is in two splits."""

    product_ids: list[str]
    duplicate_pairs: list[tuple[str, str]]
    """Pairs of photo_ids with the same picture."""
    num_compared: int
    """Pairs of photos compared by hash."""


def find_leakage(photos: EvalPhotos, search: Search) -> Leakage:
    """Find products and pictures that are in more than one split."""
    names = sorted(set(photos.splits))
    split = np.array([names.index(name) for name in photos.splits], np.int64)
    product_of_pair = np.unique(np.stack([photos.products, split]), axis=1)[0]
    product, num_splits = np.unique(product_of_pair, return_counts=True)
    leaked = product[num_splits > 1]
    product_ids = [photos.get_record(int(np.flatnonzero(photos.products == number)[0])).product_id for number in leaked]
    pairs = _find_similar_pairs(photos, split, search)
    return Leakage(product_ids, _filter_same_pictures(photos, pairs), len(pairs))


def assert_no_leakage(leakage: Leakage) -> None:
    """Refuse to score splits that leak.

    Raises:
        BenchmarkError: A product or a picture is in two splits.
    """
    if leakage.product_ids or leakage.duplicate_pairs:
        examples = [*leakage.product_ids, *(f"{one} = {other}" for one, other in leakage.duplicate_pairs)][:5]
        raise BenchmarkError(
            f"the own catalogue: expected no leakage, got {len(leakage.product_ids)} products and "
            f"{len(leakage.duplicate_pairs)} pictures in two splits ({', '.join(examples)}); "
            "run dvc repro -f prepare and embed again"
        )


def _find_similar_pairs(photos: EvalPhotos, split: Ints, search: Search) -> list[tuple[int, int]]:
    held_out = np.flatnonzero(np.isin(photos.splits, ("val", "test")))
    if not len(held_out):
        return []
    rows, similarities = search(
        take_rows(photos.frozen, held_out), photos.frozen, NEIGHBOURS_CHECKED, split[held_out], split
    )
    query, position = np.nonzero((rows >= 0) & (similarities >= MIN_SIMILARITY))
    found = zip(held_out[query].tolist(), rows[query, position].tolist(), strict=True)
    return sorted({(min(pair), max(pair)) for pair in found})


def _filter_same_pictures(photos: EvalPhotos, pairs: list[tuple[int, int]]) -> list[tuple[str, str]]:
    photo_ids = {row: photos.get_record(row).photo_id for pair in pairs for row in pair}
    rows = sorted(photo_ids)
    if not rows:
        return []
    row_of = {photo_id: row for row, photo_id in photo_ids.items()}
    fingerprints = {
        row_of[record.photo_id]: compute_fingerprint(np.asarray(decode(jpeg)))
        for record, jpeg in photos.dataset.photos()
        if record.photo_id in row_of
    }
    duplicates = find_duplicate_pairs(np.stack([fingerprints[row] for row in rows]), MAX_HASH_DISTANCE)
    same = {(rows[one], rows[other]) for one, other in duplicates.tolist()}
    return [(photo_ids[one], photo_ids[other]) for one, other in pairs if (one, other) in same]
