"""The photos of the crawl that an index does not find, with the reasons: unusable files and repeated pictures."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from weft.contracts.arrays import Bools
from weft.contracts.schema import TableContract, column, not_blank, not_negative
from weft.photos.duplicates import find_duplicate_groups
from weft.photos.split_dedup import (
    DUPLICATE_IN_PRODUCT,
    MAX_PRODUCTS_PER_PICTURE,
    SHARED_BY_MANY_PRODUCTS,
    exclude_duplicates,
)
from weft.search.crawl_photos import CrawledPhoto, LeftOutPhoto
from weft.search.segments import FINGERPRINT_BYTES, Segment

LEFT_OUT_PHOTOS = TableContract(
    "photos left out of an index",
    pa.schema(
        [
            column("product_id", pa.string()),
            column("position", pa.int32()),
            column("sha256", pa.string()),
            column("reason", pa.string()),
            column("detail", pa.string()),
        ]
    ),
    key=("product_id", "position"),
    checks=(not_blank("reason"), not_negative("position")),
)
_REPEATED = (DUPLICATE_IN_PRODUCT, SHARED_BY_MANY_PRODUCTS)


def make_left_out_table(photos: Sequence[LeftOutPhoto]) -> pa.Table:
    """Return the table of photos that are left out, sorted by their keys."""
    rows = [
        {
            "product_id": left_out.photo.product_id,
            "position": left_out.photo.position,
            "sha256": left_out.photo.sha256,
            "reason": left_out.reason,
            "detail": left_out.detail,
        }
        for left_out in sorted(photos, key=lambda left_out: left_out.photo[:2])
    ]
    return pa.Table.from_pylist(rows, schema=LEFT_OUT_PHOTOS.schema)


def find_unusable_digests(left_out: pa.Table) -> dict[str, tuple[str, str]]:
    """Return digest -> (reason, detail) of the files in LEFT_OUT_PHOTOS that are no usable photos."""
    rows = left_out.to_pylist()
    return {row["sha256"]: (row["reason"], row["detail"]) for row in rows if row["reason"] not in _REPEATED}


def find_repeated_pictures(
    segments: Sequence[Segment], current: Sequence[Bools], max_distance: int
) -> tuple[Bools, list[LeftOutPhoto]]:
    """Find the photos that repeat a picture of their product, or whose picture many products share.

    The rules are those of the stage prepare, but for splits, which a search does not have.

    Args:
        segments: The segments of the index.
        current: For each segment, the photos that the crawl still has, (photos of the segment,).
        max_distance: `prepare.phash_max_distance`.

    Returns:
        A mask of the rows of all segments that can be found, and the others among the current photos.
    """
    mask = np.concatenate([*current, np.zeros(0, bool)])
    rows = np.flatnonzero(mask)
    stored = [photo for segment in segments for photo in segment.list_photos()]
    order = sorted(rows.tolist(), key=lambda row: stored[row][:2])
    photos = [stored[row] for row in order]
    if not photos:
        return mask, []
    fingerprints = np.concatenate([segment.read_fingerprints() for segment in segments])[order]
    numbers: dict[str, int] = {}
    products = np.array([numbers.setdefault(photo.product_id, len(numbers)) for photo in photos], np.int64)
    groups = find_duplicate_groups(fingerprints.reshape(-1, FINGERPRINT_BYTES), max_distance)
    excluded = dict(exclude_duplicates(products, np.zeros(len(numbers), np.int64), groups).iter_excluded())
    mask[[order[photo] for photo in excluded]] = False
    return mask, [
        LeftOutPhoto(photos[photo], exclusion.reason, _describe(exclusion.reason, exclusion.other, photos))
        for photo, exclusion in excluded.items()
    ]


def _describe(reason: str, other: int, photos: Sequence[CrawledPhoto]) -> str:
    if reason == SHARED_BY_MANY_PRODUCTS:
        return f"expected at most {MAX_PRODUCTS_PER_PICTURE} products with the picture, got {other}"
    return f"the same picture as the photo at position {photos[other].position}"
