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

from weft.benchmarks.attribute_labels import AttributeLabels, read_attribute_labels
from weft.benchmarks.attribute_names import AttributeNames, read_attribute_names
from weft.benchmarks.counted_lines import box_of, columns, counted_rows
from weft.benchmarks.crop import Box, cropped
from weft.benchmarks.deepfashion_photos import DeepFashionPhotos, find_photos
from weft.benchmarks.record import Record
from weft.errors import BenchmarkError

COARSE_FOLDERS, FINE_FOLDERS = ("Anno", "Anno_coarse", "."), ("Anno_fine", "Anno", ".")
PARTITION_FOLDERS = ("Eval", ".")
CATEGORIES, ATTRIBUTES = "list_category_cloth.txt", "list_attr_cloth.txt"
CATEGORY_OF, ATTRIBUTES_OF = "list_category_img.txt", "list_attr_img.txt"
BOXES, PARTITION = "list_bbox.txt", "list_eval_partition.txt"
CATEGORY_HEADER, CATEGORY_OF_HEADER = ("category_name", "category_type"), ("image_name", "category_label")
PARTITION_HEADER = ("image_name", "evaluation_status")
BOX_HEADER = ("image_name", "x_1", "y_1", "x_2", "y_2")
GARMENTS = {"1": "upper body", "2": "lower body", "3": "full body"}
STATUSES = ("train", "val", "test")


class DeepFashionAttributes:
    """Reader of the layout: a record's labels are "category" and "garment" (upper, lower or full body)."""

    def __init__(self, folder: Path, fine: bool = False, crops: bool = False) -> None:
        """Read all lists and check that every photo is there.

        Args:
            folder: Holds the lists and photos.
            fine: Take Anno_fine where both sets are there; where one is there, it is taken.
            crops: Cut every photo to its box.

        Raises:
            BenchmarkError: A file or photo is missing, or a line is not as wanted.
        """
        folders = FINE_FOLDERS + COARSE_FOLDERS if fine else COARSE_FOLDERS + FINE_FOLDERS
        lists = _find(folder, folders, ATTRIBUTES).parent
        self.attribute_names: AttributeNames = read_attribute_names(lists / ATTRIBUTES)
        if fine and not self.attribute_names.fine:
            raise BenchmarkError(
                f"{lists / ATTRIBUTES}: the coarse set, wanted the fine one; use the reader without fine"
            )
        self._labels: AttributeLabels = read_attribute_labels(lists / ATTRIBUTES_OF, len(self.attribute_names.names))
        categories = _categories(lists / CATEGORIES)
        category_of = _category_of(lists / CATEGORY_OF, len(categories))
        rows = list(_partition(_find(folder, PARTITION_FOLDERS, PARTITION)))
        kept = [row for row in rows if row[1] in category_of and row[1] in self._labels.row_of]
        if not kept:
            raise BenchmarkError(f"{lists}: none of the photos of {PARTITION} has a category and attributes")
        self._without = len(rows) - len(kept)
        self._photos: DeepFashionPhotos = find_photos(folder, kept[0][1])
        self._records = []
        for place, image, status in kept:
            if not self._photos.has(image):
                raise BenchmarkError(f"{place}: {image} is not in {self._photos.files}; fetch the photos again")
            category, garment = categories[category_of[image] - 1]
            self._records.append(Record(image, image, status, {"category": category, "garment": garment}, None))
        self._crops = _crops(lists / BOXES, self._records) if crops else None

    @property
    def records(self) -> Sequence[Record]:
        """Every photo that has a status, a category and attributes, in the order of the partition."""
        return self._records

    def attributes_of(self, photo_id: str) -> list[int]:
        """The attributes that a photo is known to have, places in `attribute_names`, ascending."""
        return [int(attribute) for attribute in self._labels.of(photo_id)]

    @cached_property
    def notes(self) -> Sequence[str]:
        """Which set of attributes and photos this is, and what has no label."""
        names = self.attribute_names
        sizes = ", ".join(f"{names.types.count(kind)} {kind}" for kind in dict.fromkeys(names.types))
        told = [
            f"the {names.kind} set: {len(names.names):,} attributes ({sizes})",
            self._photos.told([record.photo_id for record in self._records])
            + (", cut to their boxes" if self._crops is not None else ""),
        ]
        if self._without:
            told.append(f"{self._without:,} photos of the partition have no labels in this set and are left out")
        if self._labels.unknown:
            told.append(
                f"{self._labels.unknown:,} labels are unknown (0): no positives, and no photo is asked for them"
            )
        return tuple(told)

    def photos(self) -> Iterator[tuple[Record, bytes]]:
        """Every record with the bytes of its photo, one at a time."""
        for record in self._records:
            photo = self._photos.read(record.photo_id)
            yield record, photo if self._crops is None else cropped(photo, self._crops[record.photo_id])


def _find(folder: Path, folders: Sequence[str], name: str) -> Path:
    found = next((folder / place / name for place in folders if (folder / place / name).is_file()), None)
    if found is None:
        wanted = ", ".join(f"{place}/{name}" for place in dict.fromkeys(folders))
        raise BenchmarkError(f"{folder}: no {name}, wanted one of {wanted}; check benchmarks.<name>.path")
    return found


def _categories(path: Path) -> list[tuple[str, str]]:
    """(Name, garment) of category 1, 2 ... in turn."""
    found = []
    for number, line in counted_rows(path, CATEGORY_HEADER):
        name, kind = columns(line, CATEGORY_HEADER, f"{path}, line {number}")
        if kind not in GARMENTS:
            raise BenchmarkError(f"{path}, line {number}: category_type = {kind!r}, wanted {', '.join(GARMENTS)}")
        found.append((" ".join(name.split()), GARMENTS[kind]))
    return found


def _category_of(path: Path, count: int) -> dict[str, int]:
    """Category id by image, from 1."""
    found: dict[str, int] = {}
    for number, line in counted_rows(path, CATEGORY_OF_HEADER):
        place = f"{path}, line {number}"
        image, label = columns(line, CATEGORY_OF_HEADER, place)
        if not (label.isascii() and label.isdigit() and 1 <= int(label[:9]) <= count):
            raise BenchmarkError(
                f"{place}: category_label = {label[:20]!r}, wanted 1 to {count}: the first is 1, not 0"
            )
        if image in found:
            raise BenchmarkError(f"{place}: {image} stands twice; keep one of them")
        found[image] = int(label)
    return found


def _partition(path: Path) -> Iterator[tuple[str, str, str]]:
    """(Place for errors, image, status) of every row."""
    seen: set[str] = set()
    for number, line in counted_rows(path, PARTITION_HEADER):
        place = f"{path}, line {number}"
        image, status = columns(line, PARTITION_HEADER, place)
        if status not in STATUSES:
            raise BenchmarkError(f"{place}: evaluation_status = {status!r}, wanted one of {', '.join(STATUSES)}")
        if image in seen:
            raise BenchmarkError(f"{place}: {image} stands twice; keep one of them")
        seen.add(image)
        yield place, image, status


def _crops(path: Path, records: Sequence[Record]) -> dict[str, Box]:
    boxes = {}
    for number, line in counted_rows(path, BOX_HEADER):
        place = f"{path}, line {number}"
        image, *edges = columns(line, BOX_HEADER, place)
        boxes[image] = box_of(edges, place)
    without = next((record.photo_id for record in records if record.photo_id not in boxes), None)
    if without is not None:
        raise BenchmarkError(f"{path}: no box for {without}; fetch it again or use the reader without crops")
    return boxes
