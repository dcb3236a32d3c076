"""Which attributes each photo has: list_attr_img.txt, a gigabyte of 1, -1 and 0, kept as the positives alone."""

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft.benchmarks.counted_lines import read_counted_rows
from weft.errors import BenchmarkError

ATTRIBUTE_LABELS_HEADER = ("image_name", "attribute_labels")
POSITIVE, NEGATIVE, UNKNOWN = "1", "-1", "0"
_LABEL_VALUES = {POSITIVE, NEGATIVE, UNKNOWN}


@dataclass(frozen=True)
class AttributeLabels:
    """Photo n has the attributes `attributes[starts[n]:starts[n + 1]]`, ascending."""

    row_by_image: dict[str, int]
    """Image to n."""
    offsets: npt.NDArray[np.int64]
    attribute_ids: npt.NDArray[np.int32]
    n_unknown: int
    """How many (photo, attribute) pairs are neither known to be there nor to be absent. A file without a single -1
    says 0 for absent, as the fine set does: then there are none."""

    def get_attributes(self, image: str) -> npt.NDArray[np.int32]:
        """The attributes that a photo is known to have."""
        row = self.row_by_image[image]
        return self.attribute_ids[self.offsets[row] : self.offsets[row + 1]]


def read_attribute_labels(path: Path, n_attributes: int) -> AttributeLabels:
    """Read list_attr_img.txt line by line; only 1 is a positive, 0 means unknown and is counted.

    Args:
        path: The file.
        count: How many attributes there are.

    Raises:
        BenchmarkError: A row has another number of labels, a label is none of 1, -1 and 0, or an image stands twice.
    """
    row_by_image: dict[str, int] = {}
    offsets, attribute_ids, n_unknown, n_negatives = array("q", [0]), array("i"), 0, 0
    for number, line in read_counted_rows(path, ATTRIBUTE_LABELS_HEADER):
        location = f"{path}, line {number}"
        parts = line.rsplit(None, n_attributes)
        if len(parts) != n_attributes + 1:
            raise BenchmarkError(f"{location}: {len(parts) - 1} attribute labels, wanted {n_attributes}")
        image = parts[0].strip()
        labels = parts[1:]
        # As texts: making numbers of them takes ten times as long, and the real file has 289 million.
        if not _LABEL_VALUES.issuperset(labels):
            invalid = next(label for label in labels if label not in _LABEL_VALUES)
            raise BenchmarkError(
                f"{location}: the label {invalid[:20]!r}, wanted 1 (has it), -1 (has not) or 0 (unknown)"
            )
        if image in row_by_image:
            raise BenchmarkError(f"{location}: {image} stands twice; keep one of them")
        row_by_image[image] = len(row_by_image)
        attribute_ids.extend(number for number, label in enumerate(labels) if label == POSITIVE)
        offsets.append(len(attribute_ids))
        n_unknown += labels.count(UNKNOWN)
        n_negatives += labels.count(NEGATIVE)
    return AttributeLabels(
        row_by_image, np.array(offsets, np.int64), np.array(attribute_ids, np.int32), n_unknown if n_negatives else 0
    )
