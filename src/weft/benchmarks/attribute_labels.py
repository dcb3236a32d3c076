"""Which attributes each photo has: list_attr_img.txt, a gigabyte of 1, -1 and 0, kept as the positives alone."""

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft.benchmarks.counted_lines import counted_rows
from weft.errors import BenchmarkError

HEADER = ("image_name", "attribute_labels")
POSITIVE, NEGATIVE, UNKNOWN = "1", "-1", "0"
_KNOWN = {POSITIVE, NEGATIVE, UNKNOWN}


@dataclass(frozen=True)
class AttributeLabels:
    """Photo n has the attributes `attributes[starts[n]:starts[n + 1]]`, ascending."""

    row_of: dict[str, int]
    """Image to n."""
    starts: npt.NDArray[np.int64]
    attributes: npt.NDArray[np.int32]
    unknown: int
    """How many (photo, attribute) pairs are neither known to be there nor to be absent. A file without a single -1
    says 0 for absent, as the fine set does: then there are none."""

    def of(self, image: str) -> npt.NDArray[np.int32]:
        """The attributes that a photo is known to have."""
        row = self.row_of[image]
        return self.attributes[self.starts[row] : self.starts[row + 1]]


def read_attribute_labels(path: Path, count: int) -> AttributeLabels:
    """Read list_attr_img.txt line by line; only 1 is a positive, 0 means unknown and is counted.

    Args:
        path: The file.
        count: How many attributes there are.

    Raises:
        BenchmarkError: A row has another number of labels, a label is none of 1, -1 and 0, or an image stands twice.
    """
    row_of: dict[str, int] = {}
    starts, attributes, unknown, negatives = array("q", [0]), array("i"), 0, 0
    for number, line in counted_rows(path, HEADER):
        place = f"{path}, line {number}"
        parts = line.rsplit(None, count)
        if len(parts) != count + 1:
            raise BenchmarkError(f"{place}: {len(parts) - 1} attribute labels, wanted {count}")
        image = parts[0].strip()
        labels = parts[1:]
        # As texts: making numbers of them takes ten times as long, and the real file has 289 million.
        if not _KNOWN.issuperset(labels):
            wrong = next(label for label in labels if label not in _KNOWN)
            raise BenchmarkError(f"{place}: the label {wrong[:20]!r}, wanted 1 (has it), -1 (has not) or 0 (unknown)")
        if image in row_of:
            raise BenchmarkError(f"{place}: {image} stands twice; keep one of them")
        row_of[image] = len(row_of)
        attributes.extend(number for number, label in enumerate(labels) if label == POSITIVE)
        starts.append(len(attributes))
        unknown += labels.count(UNKNOWN)
        negatives += labels.count(NEGATIVE)
    return AttributeLabels(
        row_of, np.array(starts, np.int64), np.array(attributes, np.int32), unknown if negatives else 0
    )
