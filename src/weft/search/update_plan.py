"""The plan of an update: which photos of an index stay, and which are copied, embedded or removed from its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from weft.contracts.arrays import Bools
from weft.search.crawl_photos import CrawledPhoto, CrawlPhotos, LeftOutPhoto, PurgedValues
from weft.search.segments import Segment

MAX_DEAD_SHARE = 0.25
"""A segment is written again without its removed photos if they are more than this share of it."""
MAX_SEGMENTS = 16
"""With more segments, all but the largest are written again as one."""


@dataclass
class UpdatePlan:
    """What an update does. Segments are numbered in the order of the manifest."""

    current: list[Bools]
    """For each segment which of its photos the crawl still has, (photos of the segment,)."""
    rewritten: set[int] = field(default_factory=set)
    """The segments that are written again with their current photos only."""
    num_purged: int = 0
    """Photos that were purged and are still in a segment."""
    copies: list[tuple[CrawledPhoto, int, int]] = field(default_factory=list)
    """(photo, segment, row): the photo has the bytes of a row that has another place in the catalogue."""
    new: dict[tuple[str, int], CrawledPhoto] = field(default_factory=dict)
    """Photos to embed, by (product_id, position)."""
    repeated: dict[str, list[CrawledPhoto]] = field(default_factory=dict)
    """Further photos with the bytes of a photo of `new`, by their digest; they are embedded once."""
    left_out: list[LeftOutPhoto] = field(default_factory=list)
    """Photos that cannot be used, known from an earlier update."""

    @property
    def changes_photos(self) -> bool:
        """Whether the update writes or removes files of photos."""
        return bool(self.rewritten or self.copies or self.new)


def plan_update(
    crawl: CrawlPhotos,
    segments: Sequence[Segment],
    purged: PurgedValues,
    unusable: Mapping[str, tuple[str, str]],
    compact: bool = False,
) -> UpdatePlan:
    """Compare a crawl with the segments of an index.

    Args:
        crawl: The photos of the crawl.
        segments: The segments of the index.
        purged: What no file of the index may hold.
        unusable: Digest of a photo that an earlier update could not use -> (reason, detail).
        compact: Write all segments again that hold removed photos, or join several.
    """
    missing = {(photo.product_id, photo.position): photo for photo in crawl.photos}
    plan = UpdatePlan([np.zeros(len(segment), bool) for segment in segments])
    place_by_digest: dict[str, tuple[int, int]] = {}
    for number, segment in enumerate(segments):
        for row, photo in enumerate(segment.list_photos()):
            if purged.covers_photo(photo):
                plan.num_purged += 1
                plan.rewritten.add(number)
                continue
            place_by_digest[photo.sha256] = (number, row)
            crawled = missing.get((photo.product_id, photo.position))
            if crawled is not None and crawled.sha256 == photo.sha256:
                plan.current[number][row] = True
                del missing[photo.product_id, photo.position]
    _plan_additions(plan, missing, place_by_digest, unusable)
    plan.rewritten |= _choose_segments(plan, [len(segment) for segment in segments], compact)
    return plan


def _plan_additions(
    plan: UpdatePlan,
    missing: Mapping[tuple[str, int], CrawledPhoto],
    place_by_digest: Mapping[str, tuple[int, int]],
    unusable: Mapping[str, tuple[str, str]],
) -> None:
    new_digests: set[str] = set()
    for key, photo in missing.items():
        if photo.sha256 in place_by_digest:
            plan.copies.append((photo, *place_by_digest[photo.sha256]))
        elif photo.sha256 in unusable:
            plan.left_out.append(LeftOutPhoto(photo, *unusable[photo.sha256]))
        elif photo.sha256 in new_digests:
            plan.repeated.setdefault(photo.sha256, []).append(photo)
        else:
            new_digests.add(photo.sha256)
            plan.new[key] = photo


def _choose_segments(plan: UpdatePlan, sizes: Sequence[int], compact: bool) -> set[int]:
    """Return the segments to write again because they hold many removed photos, or because there are many."""
    num_current = [int(mask.sum()) for mask in plan.current]
    max_dead_share = 0.0 if compact else MAX_DEAD_SHARE
    chosen = {n for n, size in enumerate(sizes) if size - num_current[n] > max_dead_share * size}
    if compact and len(sizes) > 1:
        return set(range(len(sizes)))
    if len(sizes) - len(chosen) >= MAX_SEGMENTS:
        largest = max(range(len(sizes)), key=lambda n: num_current[n])
        chosen |= set(range(len(sizes))) - {largest}
    return chosen
