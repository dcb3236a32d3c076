"""The segment that an update writes: photos of older segments, and photos that it embeds."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from weft import runtime
from weft.contracts.arrays import Scores
from weft.errors import PhotoError
from weft.params import Prepare
from weft.photos.ingest import IngestedPhoto, process_photo
from weft.photos.prefetch import prefetch_photos
from weft.progress import progress_bar
from weft.search.crawl_photos import CrawledPhoto, LeftOutPhoto, read_photo_bytes
from weft.search.index_manifest import SegmentEntry
from weft.search.segments import Segment, SegmentWriter
from weft.search.update_plan import UpdatePlan

NewPhoto = tuple[CrawledPhoto, IngestedPhoto]
_COPIES_AT_ONCE = 500
_SILENT_SECONDS = 2.0


class EmbeddingModel(Protocol):
    """What an index needs of a model."""

    @property
    def digest(self) -> str:
        """The digest of the model."""

    @property
    def word_embeddings(self) -> Scores:
        """The embeddings of the vocabulary, (words, embedding_dim)."""

    def embed_stream(self, photos: Iterable[tuple[NewPhoto, bytes]], /) -> Iterator[tuple[list[NewPhoto], Scores]]:
        """Yield the keys and the embeddings of photos, (batch, embedding_dim), batch by batch."""


def write_new_segment(
    folder: Path,
    name: str,
    crawl: Path,
    model: EmbeddingModel,
    prepare: Prepare,
    segments: Sequence[Segment],
    plan: UpdatePlan,
) -> tuple[SegmentEntry | None, int]:
    """Write the photos that the plan copies and embeds into a new segment; `plan.left_out` receives unusable photos.

    Args:
        folder: The index.
        name: The first part of the names of the new files.
        crawl: The output of the stage crawl.
        model: The model that made the index.
        prepare: How photos are checked and resized.
        segments: The segments that the plan is about.
        plan: What to write.

    Returns:
        The new segment, None if it would be empty; and the number of photos that were embedded.

    Raises:
        ContractError: The crawl breaks its contract, or an embedding is not finite.
    """
    num_embedded = 0
    with SegmentWriter(folder, name, model.word_embeddings.shape[1]) as writer:
        for number in sorted(plan.rewritten):
            writer.copy(segments[number], np.flatnonzero(plan.current[number]))
        for start in range(0, len(plan.copies), _COPIES_AT_ONCE):
            part = plan.copies[start : start + _COPIES_AT_ONCE]
            rows = [_copy_row(photo, segments[number], row) for photo, number, row in part]
            writer.add(rows, np.stack([segments[number].vectors[row] for _, number, row in part]))
        usable = _iter_usable(crawl, prepare, plan)
        photos = progress_bar(usable, "embed", len(plan.new), "photos", delay=_SILENT_SECONDS)
        for keys, vectors in model.embed_stream(photos):
            num_embedded += len(keys)
            rows, numbers = [], []
            for number, (photo, ingested) in enumerate(keys):
                places = [photo, *plan.repeated.get(photo.sha256, ())]
                rows += [_make_row(place, ingested.fingerprint.tobytes(), ingested.jpeg) for place in places]
                numbers += [number] * len(places)
            writer.add(rows, vectors[numbers])
    return writer.finish(), num_embedded


def _iter_usable(crawl: Path, prepare: Prepare, plan: UpdatePlan) -> Iterator[tuple[NewPhoto, bytes]]:
    """Yield the photos to embed with their resized JPEGs; `plan.left_out` receives those that cannot be used."""

    def process(item: tuple[CrawledPhoto, bytes]) -> tuple[CrawledPhoto, IngestedPhoto | PhotoError]:
        photo, data = item
        try:
            return photo, process_photo(data, prepare)
        except PhotoError as error:
            return photo, error

    for photo, result in prefetch_photos(process, read_photo_bytes(crawl, plan.new), runtime.workers()):
        if isinstance(result, PhotoError):
            places = [photo, *plan.repeated.get(photo.sha256, ())]
            plan.left_out += [LeftOutPhoto(place, result.reason, result.detail) for place in places]
        else:
            yield (photo, result), result.jpeg


def _copy_row(photo: CrawledPhoto, segment: Segment, row: int) -> dict[str, Any]:
    return _make_row(photo, segment.photos["fingerprint"][row].as_py(), segment.read_jpeg(row))


def _make_row(photo: CrawledPhoto, fingerprint: bytes, jpeg: bytes) -> dict[str, Any]:
    return {**photo._asdict(), "fingerprint": fingerprint, "jpeg": jpeg}
