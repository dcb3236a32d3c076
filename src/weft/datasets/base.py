"""The interface of every reader: records without photo bytes, and a stream of records with photo bytes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class PhotoRecord:
    """One photo of a data set with its labels."""

    photo_id: str
    """Unique in the data set."""
    product_id: str
    """The product in the photo, or the photo_id if it is unknown; photos of one product are each other's positives."""
    split: str
    """"train", "val", "test", or for In-shop "train", "query", "gallery"."""
    labels: Mapping[str, str]
    """Full dotted field name -> label, with names such as "category" and "attributes.Neck"."""
    group: str | None
    """The sender of the photo: neighbours and probe folds never share a group. None if the data set has no groups."""


class EvalDataset(Protocol):
    """An opened data set."""

    @property
    def records(self) -> Sequence[PhotoRecord]:
        """All photos in a fixed order, without their bytes."""

    @property
    def notes(self) -> Sequence[str]:
        """Remarks about the data for the reader of the results, in sentences."""

    def photos(self) -> Iterator[tuple[PhotoRecord, bytes]]:
        """Yield every record with the bytes of its photo, in the order of `records`.

        Raises:
            BenchmarkError: A photo cannot be read. Whether the bytes can be decoded is not checked here.
        """
