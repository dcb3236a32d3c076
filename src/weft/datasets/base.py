"""What every reader hands over: records without bytes, and a stream of records with bytes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class PhotoRecord:
    """One photo of a benchmark and what is known of it."""

    photo_id: str
    """Unique in the benchmark."""
    product_id: str
    """The item shown: photos of one item are each other's positives; the photo_id where items are not known."""
    split: str
    """"train", "val", "test", or for In-shop "train", "query", "gallery"."""
    labels: Mapping[str, str]
    """Label by the full dotted field: "category", "attributes.Neck"."""
    group: str | None
    """Who sent the photo: neighbours and probe folds never share it; None where the benchmark tells no groups."""
    word_ids: tuple[int, ...] = ()
    """The words of the product, for the own catalogue alone."""


class EvalDataset(Protocol):
    """A benchmark as its reader opened it."""

    @property
    def records(self) -> Sequence[PhotoRecord]:
        """Every photo, in a fixed order; no photo bytes are held."""

    @property
    def notes(self) -> Sequence[str]:
        """What the reader found that whoever reads the results should know, in sentences."""

    def photos(self) -> Iterator[tuple[PhotoRecord, bytes]]:
        """Every record with the bytes of its photo, in the order of `records`, one at a time.

        Raises:
            BenchmarkError: A photo cannot be read. Whether the bytes are a picture is not looked at here.
        """
