"""Files of the DeepFashion benchmarks: attribute labels, attribute names, and the photos.

The attribute labels are a gigabyte of 1, -1 and 0; only the positives are kept. Attributes come in a coarse and a fine
set. Photos come at 256 px or in high resolution, in a zip or a folder.
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

ATTRIBUTE_NAMES_HEADER = ("attribute_name", "attribute_type")
COARSE_TYPES = ("texture", "fabric", "shape", "part", "style")
"""Types 1 to 5 of the 1,000 attributes, which come from the texts of shops (Liu et al. 2016, section 3.2)."""
FINE_TYPES = ("texture", "sleeve", "length", "neckline", "fabric", "fit")
"""Types 1 to 6 of the 26 attributes that people annotated later; the same numbers have another meaning."""
N_FINE_ATTRIBUTES = 26

LOW_RES, HIGH_RES = "img", "img_highres"
"""The release of 256 x 256 px, for which retrieval results are published, and the one of up to 1,101 px per side."""
MAX_LOW_RES_SIDE_PX = 256


@dataclass(frozen=True)
class AttributeLabels:
    """The attributes of all photos: photo n has `attribute_ids[offsets[n]:offsets[n + 1]]`, ascending."""

    row_by_image: dict[str, int]
    """Image name -> n."""
    offsets: npt.NDArray[np.int64]
    attribute_ids: npt.NDArray[np.int32]
    n_unknown: int
    """How many (photo, attribute) pairs are labelled unknown. In a file without any -1, as in the fine set, 0 means
    absent and no pair is unknown."""

    def get_attributes(self, image: str) -> npt.NDArray[np.int32]:
        """Return the attributes that a photo is known to have."""
        row = self.row_by_image[image]
        return self.attribute_ids[self.offsets[row] : self.offsets[row + 1]]


def read_attribute_labels(path: Path, n_attributes: int) -> AttributeLabels:
    """Read list_attr_img.txt line by line; only 1 is a positive, and 0 (unknown) is counted.

    Args:
        path: The file.
        n_attributes: How many attributes there are.

    Raises:
        BenchmarkError: A row has another number of labels, a label is not 1, -1 or 0, or an image is repeated.
    """
    row_by_image: dict[str, int] = {}
    offsets, attribute_ids, n_unknown, n_negatives = array("q", [0]), array("i"), 0, 0
    for number, line in read_counted_rows(path, ATTRIBUTE_LABELS_HEADER):
        location = f"{path}, line {number}"
        parts = line.rsplit(None, n_attributes)
        if len(parts) != n_attributes + 1:
            raise BenchmarkError(f"{location}: expected {n_attributes} attribute labels, got {len(parts) - 1}")
        image = parts[0].strip()
        labels = parts[1:]
        # Compare strings: converting the 289 million labels of the real file to numbers takes ten times as long.
        if not _LABEL_VALUES.issuperset(labels):
            invalid = next(label for label in labels if label not in _LABEL_VALUES)
            raise BenchmarkError(
                f"{location}: expected the labels 1 (present), -1 (absent) or 0 (unknown), got {invalid[:20]!r}"
            )
        if image in row_by_image:
            raise BenchmarkError(f"{location}: {image} is repeated; keep one of the lines")
        row_by_image[image] = len(row_by_image)
        attribute_ids.extend(number for number, label in enumerate(labels) if label == POSITIVE)
        offsets.append(len(attribute_ids))
        n_unknown += labels.count(UNKNOWN)
        n_negatives += labels.count(NEGATIVE)
    return AttributeLabels(
        row_by_image, np.array(offsets, np.int64), np.array(attribute_ids, np.int32), n_unknown if n_negatives else 0
    )


@dataclass(frozen=True)
class AttributeNames:
    """The attributes, in the order of the files."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    """The type of each attribute, as a word."""
    is_fine: bool

    @property
    def set_name(self) -> str:
        """The name of the set: "fine" or "coarse"."""
        return "fine" if self.is_fine else "coarse"


def read_attribute_names(path: Path) -> AttributeNames:
    """Read list_attr_cloth.txt; a name may contain spaces, and its type is the last column.

    The set is fine if the name of its folder ends in "_fine", if a type is 6, or if it has 26 attributes.

    Raises:
        BenchmarkError: A row is invalid, or a name is repeated.
    """
    names: dict[str, int] = {}
    for number, line in read_counted_rows(path, ATTRIBUTE_NAMES_HEADER):
        location = f"{path}, line {number}"
        name, type_number = split_columns(line, ATTRIBUTE_NAMES_HEADER, location)
        name = " ".join(name.split())
        if type_number not in ("1", "2", "3", "4", "5", "6"):
            raise BenchmarkError(
                f"{location}: expected attribute_type 1 to 5, or 1 to 6 in the fine set, got {type_number!r}"
            )
        if name in names:
            raise BenchmarkError(f"{location}: the attribute {name!r} is repeated; keep one of the lines")
        names[name] = int(type_number)
    is_fine = path.parent.name.endswith("_fine") or 6 in names.values() or len(names) == N_FINE_ATTRIBUTES
    types = FINE_TYPES if is_fine else COARSE_TYPES
    return AttributeNames(tuple(names), tuple(types[type_number - 1] for type_number in names.values()), is_fine)


@dataclass(frozen=True)
class DeepFashionPhotos:
    """The photos by their names in the partition ("img/WOMEN/...")."""

    files: PhotoFiles
    release: str
    """LOW_RES or HIGH_RES."""
    unused_releases: tuple[str, ...] = ()
    """Other releases in the same folder."""

    def to_file_name(self, image: str) -> str:
        """Return the file name of a photo in this release."""
        return HIGH_RES + image.removeprefix(LOW_RES) if self.release == HIGH_RES else image

    def contains(self, image: str) -> bool:
        """Return whether the photo exists."""
        return self.files.contains(self.to_file_name(image))

    def read(self, image: str) -> bytes:
        """Return the bytes of a photo; see `PhotoFiles.read`."""
        return self.files.read(self.to_file_name(image))

    def describe(self, images: Sequence[str]) -> str:
        """Describe the release by its name and by the sizes of a sample of photos."""
        size = find_largest_size(self.files, [self.to_file_name(image) for image in images])
        unused_note = (
            f"; {', '.join(self.unused_releases)} in the same folder is not used" if self.unused_releases else ""
        )
        if size is None:
            return f"photos: {self.release}, of unknown size{unused_note}"
        resolution = "256 px" if max(size) <= MAX_LOW_RES_SIDE_PX else "high resolution"
        largest = f"{size[0]} x {size[1]} px is the largest of a sample"
        return f"photos: {self.release}, {resolution} ({largest}){unused_note}"


def find_deepfashion_photos(folder: Path, image: str) -> DeepFashionPhotos:
    """Find the release that contains `image`: low before high resolution, zip before folder, `folder` before its Img/.

    Raises:
        BenchmarkError: There are no photos.
    """
    available = []
    for release in (LOW_RES, HIGH_RES):
        for parent in (folder, folder / "Img"):
            if (parent / f"{release}.zip").is_file():
                available.append(DeepFashionPhotos(ZipPhotos(parent / f"{release}.zip"), release))
            if (parent / release).is_dir():
                available.append(DeepFashionPhotos(FolderPhotos(parent), release))
    if not available:
        raise BenchmarkError(
            f"{folder}: no photos, expected img.zip, img/ or img_highres.zip there or in its Img folder"
        )
    found = next((photos for photos in available if photos.contains(image)), available[0])
    other_releases = {photos.release for photos in available} - {found.release}
    return DeepFashionPhotos(found.files, found.release, tuple(sorted(other_releases)))
