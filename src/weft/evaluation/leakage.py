"""Whether anything of the test photos was seen in training: products or pictures in two splits of the own catalogue.

prepare sees to it that there are none; a score is worth nothing where it did not, so this looks again, by other means:
the photos of val and test search the other splits for pictures that look alike, and those are compared by fingerprint.
"""

from dataclasses import dataclass

import numpy as np

from weft.errors import BenchmarkError
from weft.evaluation.inputs import Aligned
from weft.evaluation.knn import Ints, Search, rows_of
from weft.photos.decode import decode
from weft.photos.duplicates import compute_fingerprint, find_duplicate_pairs

ALIKE = 0.9
"""Cosine similarity of z by the untouched backbone: the same picture, encoded again, is far above."""
LOOKED_AT = 5
"""Photos of other splits compared with each photo of val and test."""
DISTANCE = 4
"""Bits of the hash: stricter than prepare's own measure, since prepared photos are encoded once more."""


@dataclass(frozen=True)
class Leaks:
    """What stands in two splits."""

    products: list[str]
    pictures: list[tuple[str, str]]
    """Pairs of photo_ids."""
    compared: int
    """Pairs of photos looked at."""


def find_leaks(photos: Aligned, search: Search) -> Leaks:
    """Products and pictures that stand in more than one split."""
    names = sorted(set(photos.splits))
    split = np.array([names.index(name) for name in photos.splits], np.int64)
    both = np.unique(np.stack([photos.products, split]), axis=1)[0]
    product, splits = np.unique(both, return_counts=True)
    leaked = product[splits > 1]
    ids = [photos.record(int(np.flatnonzero(photos.products == number)[0])).product_id for number in leaked]
    pairs = _alike(photos, split, search)
    return Leaks(ids, _same_pictures(photos, pairs), len(pairs))


def refuse_leaks(leaks: Leaks) -> None:
    """Let nothing be scored on a split that leaks.

    Raises:
        BenchmarkError: Something stands in two splits.
    """
    if leaks.products or leaks.pictures:
        shown = [*leaks.products, *(f"{one} = {other}" for one, other in leaks.pictures)][:5]
        raise BenchmarkError(
            f"the own catalogue leaks: {len(leaks.products)} products and {len(leaks.pictures)} pictures stand in two "
            f"splits ({', '.join(shown)}); a score on them means nothing; run dvc repro -f prepare and embed again"
        )


def _alike(photos: Aligned, split: Ints, search: Search) -> list[tuple[int, int]]:
    asked = np.flatnonzero(np.isin(photos.splits, ("val", "test")))
    if not len(asked):
        return []
    rows, similarities = search(rows_of(photos.frozen, asked), photos.frozen, LOOKED_AT, split[asked], split)
    query, place = np.nonzero((rows >= 0) & (similarities >= ALIKE))
    pairs = {tuple(sorted(pair)) for pair in zip(asked[query].tolist(), rows[query, place].tolist(), strict=True)}
    return sorted((one, other) for one, other in pairs)


def _same_pictures(photos: Aligned, pairs: list[tuple[int, int]]) -> list[tuple[str, str]]:
    name = {row: photos.record(row).photo_id for pair in pairs for row in pair}
    rows = sorted(name)
    if not rows:
        return []
    wanted = {photo_id: row for row, photo_id in name.items()}
    prints = {
        wanted[record.photo_id]: compute_fingerprint(np.asarray(decode(jpeg)))
        for record, jpeg in photos.data.photos()
        if record.photo_id in wanted
    }
    same = find_duplicate_pairs(np.stack([prints[row] for row in rows]), DISTANCE)
    found = {(rows[one], rows[other]) for one, other in same.tolist()}
    return [(name[one], name[other]) for one, other in pairs if (one, other) in found]
