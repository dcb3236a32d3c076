"""Reader of DeepFashion Category & Attribute Prediction, and of any data set in its layout.

    list_category_cloth.txt  count; "category_name category_type"; the first row is category 1
    list_category_img.txt    count; "image_name category_label"; ids from 1
    list_attr_cloth.txt      count; "attribute_name attribute_type"; names may contain spaces
    list_attr_img.txt        count; "image_name attribute_labels"; 1 (present), -1 (absent) or 0 (unknown) each
    list_bbox.txt            only for crops: count; "image_name x_1 y_1 x_2 y_2"
    list_eval_partition.txt  count; "image_name evaluation_status": train, val or test
    img/ or img.zip          in the folder or in Img/; image_name is the path of a photo ("img/...")

The lists are in Anno/ or Anno_coarse/ (1,000 attributes of five types) or in Anno_fine/ (26 attributes of six types,
for some of the photos), the partition is in Eval/; all of them may be in the folder itself.
Liu et al., DeepFashion (CVPR 2016), sections 3.2 and 5.1.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from weft.datasets.base import PhotoRecord
from weft.datasets.deepfashion_files import (
    AttributeLabels,
    AttributeNames,
    DeepFashionPhotos,
    find_deepfashion_photos,
    read_attribute_labels,
    read_attribute_names,
)
from weft.datasets.files import Box, crop_photo
from weft.datasets.text_files import parse_box, read_counted_rows, split_columns
from weft.errors import BenchmarkError

COARSE_FOLDERS, FINE_FOLDERS = ("Anno", "Anno_coarse", "."), ("Anno_fine", "Anno", ".")
PARTITION_FOLDERS = ("Eval", ".")
CATEGORY_NAMES_FILE, ATTRIBUTE_NAMES_FILE = "list_category_cloth.txt", "list_attr_cloth.txt"
CATEGORY_LABELS_FILE, ATTRIBUTE_LABELS_FILE = "list_category_img.txt", "list_attr_img.txt"
BOXES_FILE, PARTITION_FILE = "list_bbox.txt", "list_eval_partition.txt"
CATEGORY_NAMES_HEADER, CATEGORY_LABELS_HEADER = ("category_name", "category_type"), ("image_name", "category_label")
PARTITION_HEADER = ("image_name", "evaluation_status")
BOX_HEADER = ("image_name", "x_1", "y_1", "x_2", "y_2")
GARMENT_TYPES = {"1": "upper body", "2": "lower body", "3": "full body"}
STATUSES = ("train", "val", "test")


class DeepFashionAttributes:
    """Reader of the layout; the labels are "category" and "garment" (upper, lower or full body)."""

    def __init__(self, folder: Path, fine: bool = False, crop_to_box: bool = False) -> None:
        """Read all lists and check that every photo exists.

        Args:
            folder: The folder of the lists and photos.
            fine: Require the fine set; otherwise the coarse set is preferred if both exist.
            crop_to_box: Crop every photo to its bounding box.

        Raises:
            BenchmarkError: A file or photo is missing, or a line is invalid.
        """
        folders = FINE_FOLDERS + COARSE_FOLDERS if fine else COARSE_FOLDERS + FINE_FOLDERS
        lists = _find_list(folder, folders, ATTRIBUTE_NAMES_FILE).parent
        self.attribute_names: AttributeNames = read_attribute_names(lists / ATTRIBUTE_NAMES_FILE)
        if fine and not self.attribute_names.is_fine:
            raise BenchmarkError(
                f"{lists / ATTRIBUTE_NAMES_FILE}: expected the fine set, got the coarse one; drop the option fine"
            )
        self._labels: AttributeLabels = read_attribute_labels(
            lists / ATTRIBUTE_LABELS_FILE, len(self.attribute_names.names)
        )
        categories = _read_categories(lists / CATEGORY_NAMES_FILE)
        category_by_image = _read_category_ids(lists / CATEGORY_LABELS_FILE, len(categories))
        rows = list(_read_partition(_find_list(folder, PARTITION_FOLDERS, PARTITION_FILE)))
        kept = [row for row in rows if row[1] in category_by_image and row[1] in self._labels.row_by_image]
        if not kept:
            raise BenchmarkError(f"{lists}: no photo of {PARTITION_FILE} has a category and attributes")
        self._n_unlabelled = len(rows) - len(kept)
        self._photos: DeepFashionPhotos = find_deepfashion_photos(folder, kept[0][1])
        self._records = []
        for location, image, status in kept:
            if not self._photos.contains(image):
                raise BenchmarkError(f"{location}: {image} is not in {self._photos.files}; download the photos again")
            category, garment = categories[category_by_image[image] - 1]
            self._records.append(PhotoRecord(image, image, status, {"category": category, "garment": garment}, None))
        self._boxes = _read_boxes(lists / BOXES_FILE, self._records) if crop_to_box else None

    @property
    def records(self) -> Sequence[PhotoRecord]:
        """All photos with a status, a category and attributes, in the order of the partition."""
        return self._records

    def get_attributes(self, photo_id: str) -> list[int]:
        """Return the indices in `attribute_names` of the attributes that a photo is known to have, ascending."""
        return [int(attribute) for attribute in self._labels.get_attributes(photo_id)]

    @cached_property
    def notes(self) -> Sequence[str]:
        """The set of attributes and of photos, and the numbers of missing labels."""
        names = self.attribute_names
        sizes = ", ".join(
            f"{names.types.count(attribute_type)} {attribute_type}" for attribute_type in dict.fromkeys(names.types)
        )
        notes = [
            f"the {names.set_name} set: {len(names.names):,} attributes ({sizes})",
            self._photos.describe([record.photo_id for record in self._records])
            + (", cropped to their boxes" if self._boxes is not None else ""),
        ]
        if self._n_unlabelled:
            notes.append(f"{self._n_unlabelled:,} photos of the partition have no labels in this set and are left out")
        if self._labels.n_unknown:
            notes.append(f"{self._labels.n_unknown:,} labels are unknown (0) and do not count as positives")
        return tuple(notes)

    def photos(self) -> Iterator[tuple[PhotoRecord, bytes]]:
        """Yield every record with the bytes of its photo."""
        for record in self._records:
            photo = self._photos.read(record.photo_id)
            yield record, photo if self._boxes is None else crop_photo(photo, self._boxes[record.photo_id])


def _find_list(folder: Path, folders: Sequence[str], name: str) -> Path:
    found = next((folder / subfolder / name for subfolder in folders if (folder / subfolder / name).is_file()), None)
    if found is None:
        expected = ", ".join(f"{subfolder}/{name}" for subfolder in dict.fromkeys(folders))
        raise BenchmarkError(f"{folder}: no {name}, expected one of {expected}; check benchmarks.<name>.path")
    return found


def _read_categories(path: Path) -> list[tuple[str, str]]:
    """Return (name, garment) of categories 1, 2, ..."""
    found = []
    for number, line in read_counted_rows(path, CATEGORY_NAMES_HEADER):
        name, category_type = split_columns(line, CATEGORY_NAMES_HEADER, f"{path}, line {number}")
        if category_type not in GARMENT_TYPES:
            raise BenchmarkError(
                f"{path}, line {number}: expected category_type {', '.join(GARMENT_TYPES)}, got {category_type!r}"
            )
        found.append((" ".join(name.split()), GARMENT_TYPES[category_type]))
    return found


def _read_category_ids(path: Path, n_categories: int) -> dict[str, int]:
    """Return image -> category id; ids start at 1."""
    found: dict[str, int] = {}
    for number, line in read_counted_rows(path, CATEGORY_LABELS_HEADER):
        location = f"{path}, line {number}"
        image, label = split_columns(line, CATEGORY_LABELS_HEADER, location)
        if not (label.isascii() and label.isdigit() and 1 <= int(label[:9]) <= n_categories):
            raise BenchmarkError(
                f"{location}: expected category_label 1 to {n_categories} (the first is 1), got {label[:20]!r}"
            )
        if image in found:
            raise BenchmarkError(f"{location}: {image} is repeated; keep one of the lines")
        found[image] = int(label)
    return found


def _read_partition(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (location for errors, image, status) of every row."""
    seen: set[str] = set()
    for number, line in read_counted_rows(path, PARTITION_HEADER):
        location = f"{path}, line {number}"
        image, status = split_columns(line, PARTITION_HEADER, location)
        if status not in STATUSES:
            raise BenchmarkError(f"{location}: expected evaluation_status {', '.join(STATUSES)}, got {status!r}")
        if image in seen:
            raise BenchmarkError(f"{location}: {image} is repeated; keep one of the lines")
        seen.add(image)
        yield location, image, status


def _read_boxes(path: Path, records: Sequence[PhotoRecord]) -> dict[str, Box]:
    boxes = {}
    for number, line in read_counted_rows(path, BOX_HEADER):
        location = f"{path}, line {number}"
        image, *edges = split_columns(line, BOX_HEADER, location)
        boxes[image] = parse_box(edges, location)
    missing = next((record.photo_id for record in records if record.photo_id not in boxes), None)
    if missing is not None:
        raise BenchmarkError(f"{path}: no box for {missing}; download it again or use the reader without crops")
    return boxes
