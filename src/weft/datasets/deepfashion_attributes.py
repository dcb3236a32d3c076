"""DeepFashion Category & Attribute Prediction, and any data set in its layout.

    list_category_cloth.txt  count; "category_name category_type"; the first row is category 1
    list_category_img.txt    count; "image_name category_label"; ids from 1
    list_attr_cloth.txt      count; "attribute_name attribute_type"; names may hold spaces
    list_attr_img.txt        count; "image_name attribute_labels"; each 1 (has it), -1 (has not), 0 (unknown)
    list_bbox.txt            for crops alone: count; "image_name x_1 y_1 x_2 y_2"
    list_eval_partition.txt  count; "image_name evaluation_status": train, val or test
    img/ or img.zip          here or in Img/; photos named as in image_name ("img/...")

The lists lie in Anno/ or Anno_coarse/ (1,000 attributes of five types) or Anno_fine/ (26 of six types, for part of the
photos), the partition in Eval/; all may lie in the folder itself.
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
    """Reader of the layout: a record's labels are "category" and "garment" (upper, lower or full body)."""

    def __init__(self, folder: Path, fine: bool = False, crop_to_box: bool = False) -> None:
        """Read all lists and check that every photo is there.

        Args:
            folder: Holds the lists and photos.
            fine: Take Anno_fine where both sets are there; where one is there, it is taken.
            crops: Cut every photo to its box.

        Raises:
            BenchmarkError: A file or photo is missing, or a line is not as wanted.
        """
        folders = FINE_FOLDERS + COARSE_FOLDERS if fine else COARSE_FOLDERS + FINE_FOLDERS
        lists = _find_list(folder, folders, ATTRIBUTE_NAMES_FILE).parent
        self.attribute_names: AttributeNames = read_attribute_names(lists / ATTRIBUTE_NAMES_FILE)
        if fine and not self.attribute_names.is_fine:
            raise BenchmarkError(
                f"{lists / ATTRIBUTE_NAMES_FILE}: the coarse set, wanted the fine one; use the reader without fine"
            )
        self._labels: AttributeLabels = read_attribute_labels(
            lists / ATTRIBUTE_LABELS_FILE, len(self.attribute_names.names)
        )
        categories = _read_categories(lists / CATEGORY_NAMES_FILE)
        category_by_image = _read_category_ids(lists / CATEGORY_LABELS_FILE, len(categories))
        rows = list(_read_partition(_find_list(folder, PARTITION_FOLDERS, PARTITION_FILE)))
        kept = [row for row in rows if row[1] in category_by_image and row[1] in self._labels.row_by_image]
        if not kept:
            raise BenchmarkError(f"{lists}: none of the photos of {PARTITION_FILE} has a category and attributes")
        self._n_unlabelled = len(rows) - len(kept)
        self._photos: DeepFashionPhotos = find_deepfashion_photos(folder, kept[0][1])
        self._records = []
        for location, image, status in kept:
            if not self._photos.contains(image):
                raise BenchmarkError(f"{location}: {image} is not in {self._photos.files}; fetch the photos again")
            category, garment = categories[category_by_image[image] - 1]
            self._records.append(PhotoRecord(image, image, status, {"category": category, "garment": garment}, None))
        self._boxes = _read_boxes(lists / BOXES_FILE, self._records) if crop_to_box else None

    @property
    def records(self) -> Sequence[PhotoRecord]:
        """Every photo that has a status, a category and attributes, in the order of the partition."""
        return self._records

    def get_attributes(self, photo_id: str) -> list[int]:
        """The attributes that a photo is known to have, places in `attribute_names`, ascending."""
        return [int(attribute) for attribute in self._labels.get_attributes(photo_id)]

    @cached_property
    def notes(self) -> Sequence[str]:
        """Which set of attributes and photos this is, and what has no label."""
        names = self.attribute_names
        sizes = ", ".join(
            f"{names.types.count(attribute_type)} {attribute_type}" for attribute_type in dict.fromkeys(names.types)
        )
        notes = [
            f"the {names.set_name} set: {len(names.names):,} attributes ({sizes})",
            self._photos.describe([record.photo_id for record in self._records])
            + (", cut to their boxes" if self._boxes is not None else ""),
        ]
        if self._n_unlabelled:
            notes.append(f"{self._n_unlabelled:,} photos of the partition have no labels in this set and are left out")
        if self._labels.n_unknown:
            notes.append(
                f"{self._labels.n_unknown:,} labels are unknown (0): no positives, and no photo is asked for them"
            )
        return tuple(notes)

    def photos(self) -> Iterator[tuple[PhotoRecord, bytes]]:
        """Every record with the bytes of its photo, one at a time."""
        for record in self._records:
            photo = self._photos.read(record.photo_id)
            yield record, photo if self._boxes is None else crop_photo(photo, self._boxes[record.photo_id])


def _find_list(folder: Path, folders: Sequence[str], name: str) -> Path:
    found = next((folder / subfolder / name for subfolder in folders if (folder / subfolder / name).is_file()), None)
    if found is None:
        expected = ", ".join(f"{subfolder}/{name}" for subfolder in dict.fromkeys(folders))
        raise BenchmarkError(f"{folder}: no {name}, wanted one of {expected}; check benchmarks.<name>.path")
    return found


def _read_categories(path: Path) -> list[tuple[str, str]]:
    """(Name, garment) of category 1, 2 ... in turn."""
    found = []
    for number, line in read_counted_rows(path, CATEGORY_NAMES_HEADER):
        name, category_type = split_columns(line, CATEGORY_NAMES_HEADER, f"{path}, line {number}")
        if category_type not in GARMENT_TYPES:
            raise BenchmarkError(
                f"{path}, line {number}: category_type = {category_type!r}, wanted {', '.join(GARMENT_TYPES)}"
            )
        found.append((" ".join(name.split()), GARMENT_TYPES[category_type]))
    return found


def _read_category_ids(path: Path, n_categories: int) -> dict[str, int]:
    """Category id by image, from 1."""
    found: dict[str, int] = {}
    for number, line in read_counted_rows(path, CATEGORY_LABELS_HEADER):
        location = f"{path}, line {number}"
        image, label = split_columns(line, CATEGORY_LABELS_HEADER, location)
        if not (label.isascii() and label.isdigit() and 1 <= int(label[:9]) <= n_categories):
            raise BenchmarkError(
                f"{location}: category_label = {label[:20]!r}, wanted 1 to {n_categories}: the first is 1, not 0"
            )
        if image in found:
            raise BenchmarkError(f"{location}: {image} stands twice; keep one of them")
        found[image] = int(label)
    return found


def _read_partition(path: Path) -> Iterator[tuple[str, str, str]]:
    """(Place for errors, image, status) of every row."""
    seen: set[str] = set()
    for number, line in read_counted_rows(path, PARTITION_HEADER):
        location = f"{path}, line {number}"
        image, status = split_columns(line, PARTITION_HEADER, location)
        if status not in STATUSES:
            raise BenchmarkError(f"{location}: evaluation_status = {status!r}, wanted one of {', '.join(STATUSES)}")
        if image in seen:
            raise BenchmarkError(f"{location}: {image} stands twice; keep one of them")
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
        raise BenchmarkError(f"{path}: no box for {missing}; fetch it again or use the reader without crops")
    return boxes
