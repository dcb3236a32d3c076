"""Which attributes each photo has: list_attr_img.txt, a gigabyte of 1, -1 and 0, kept as the positives alone.

The attributes of DeepFashion Category & Attribute Prediction: their names and types, coarse and fine told apart.

Where the photos of a DeepFashion benchmark lie: 256 px or high resolution, zip or folder.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft.datasets.files import FolderPhotos, PhotoFiles, ZipPhotos, find_largest_size
from weft.datasets.text_files import read_counted_rows, split_columns
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


ATTRIBUTE_NAMES_HEADER = ("attribute_name", "attribute_type")
COARSE_TYPES = ("texture", "fabric", "shape", "part", "style")
"""Types 1 to 5 of the 1,000 attributes that shops' words gave (Liu et al. 2016, section 3.2)."""
FINE_TYPES = ("texture", "sleeve", "length", "neckline", "fabric", "fit")
"""Types 1 to 6 of the 26 attributes that people annotated later: the same numbers mean other things."""
N_FINE_ATTRIBUTES = 26


@dataclass(frozen=True)
class AttributeNames:
    """The attributes in the order of the files."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    """The type of each, in words."""
    is_fine: bool

    @property
    def set_name(self) -> str:
        """Which of the two sets this is."""
        return "fine" if self.is_fine else "coarse"


def read_attribute_names(path: Path) -> AttributeNames:
    """Read list_attr_cloth.txt; a name may hold spaces, its type is the last column.

    The set is fine when its folder is called so, when a type is 6, or when it has 26 attributes; else coarse.

    Raises:
        BenchmarkError: A row is not as wanted, or a name stands twice.
    """
    names: dict[str, int] = {}
    for number, line in read_counted_rows(path, ATTRIBUTE_NAMES_HEADER):
        location = f"{path}, line {number}"
        name, type_number = split_columns(line, ATTRIBUTE_NAMES_HEADER, location)
        name = " ".join(name.split())
        if type_number not in ("1", "2", "3", "4", "5", "6"):
            raise BenchmarkError(
                f"{location}: attribute_type = {type_number!r}, wanted 1 to 5, or 1 to 6 of the fine set"
            )
        if name in names:
            raise BenchmarkError(f"{location}: the attribute {name!r} stands twice; keep one")
        names[name] = int(type_number)
    is_fine = path.parent.name.endswith("_fine") or 6 in names.values() or len(names) == N_FINE_ATTRIBUTES
    types = FINE_TYPES if is_fine else COARSE_TYPES
    return AttributeNames(tuple(names), tuple(types[type_number - 1] for type_number in names.values()), is_fine)


LOW_RES, HIGH_RES = "img", "img_highres"
"""The release of 256 x 256 px that retrieval is published on, and the one of up to 1,101 px a side."""
MAX_LOW_RES_SIDE_PX = 256


@dataclass(frozen=True)
class DeepFashionPhotos:
    """The photos, by their name in the partition ("img/WOMEN/...")."""

    files: PhotoFiles
    release: str
    """SMALL or LARGE."""
    unused_releases: tuple[str, ...] = ()
    """Other releases that lie beside."""

    def to_file_name(self, image: str) -> str:
        """The name of a photo in this release."""
        return HIGH_RES + image.removeprefix(LOW_RES) if self.release == HIGH_RES else image

    def contains(self, image: str) -> bool:
        """Whether the photo is there."""
        return self.files.contains(self.to_file_name(image))

    def read(self, image: str) -> bytes:
        """The bytes of a photo; see `PhotoFiles.read`."""
        return self.files.read(self.to_file_name(image))

    def describe(self, images: Sequence[str]) -> str:
        """Which release this is, in a sentence, by its name and by the size of photos seen."""
        size = find_largest_size(self.files, [self.to_file_name(image) for image in images])
        unused_note = f"; {', '.join(self.unused_releases)} beside it is not used" if self.unused_releases else ""
        if size is None:
            return f"photos: {self.release}, of unknown size{unused_note}"
        resolution = "256 px" if max(size) <= MAX_LOW_RES_SIDE_PX else "high resolution"
        return f"photos: {self.release}, {resolution} ({size[0]} x {size[1]} px is the largest of those looked at){unused_note}"


def find_deepfashion_photos(folder: Path, image: str) -> DeepFashionPhotos:
    """The release that has `image`, SMALL before LARGE, zip before folder, here before in Img/.

    Raises:
        BenchmarkError: No photos are there.
    """
    available = []
    for release in (LOW_RES, HIGH_RES):
        for parent in (folder, folder / "Img"):
            if (parent / f"{release}.zip").is_file():
                available.append(DeepFashionPhotos(ZipPhotos(parent / f"{release}.zip"), release))
            if (parent / release).is_dir():
                available.append(DeepFashionPhotos(FolderPhotos(parent), release))
    if not available:
        raise BenchmarkError(f"{folder}: no photos there, wanted img.zip, img/ or img_highres.zip; see its Img folder")
    found = next((photos for photos in available if photos.contains(image)), available[0])
    other_releases = {photos.release for photos in available} - {found.release}
    return DeepFashionPhotos(found.files, found.release, tuple(sorted(other_releases)))
