"""Reader of DeepFashion In-shop Clothes Retrieval, and of any data set in its layout.

    Eval/list_eval_partition.txt    count; "image_name item_id evaluation_status"
    Anno/list_item_inshop.txt       optional: count; one item per row, without a header
    Anno/list_bbox_inshop.txt       optional: count; "image_name clothes_type pose_type x_1 y_1 x_2 y_2"
    Anno/list_description_inshop.json  optional: [{"item": id, "color": text, "description": [text]}]
    img/ or img.zip, or img_highres/ or img_highres.zip, in the folder or in Img/

An image_name is the path of a photo ("img/..."). An item is identified by its item_id alone: 99 items of the real set
are in two category folders. The counts of a complete set are compared with the published ones.
Liu et al., DeepFashion (CVPR 2016), section 5.2.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from weft.datasets.base import PhotoRecord
from weft.datasets.deepfashion_files import DeepFashionPhotos, find_deepfashion_photos
from weft.datasets.files import Box, crop_photo
from weft.datasets.text_files import parse_box, read_counted_rows, split_columns
from weft.errors import BenchmarkError

PARTITION_FILE = Path("Eval", "list_eval_partition.txt")
ITEMS_FILE = Path("Anno", "list_item_inshop.txt")
BOXES_FILE = Path("Anno", "list_bbox_inshop.txt")
DESCRIPTIONS_FILE = Path("Anno", "list_description_inshop.json")
PARTITION_HEADER = ("image_name", "item_id", "evaluation_status")
BOX_HEADER = ("image_name", "clothes_type", "pose_type", "x_1", "y_1", "x_2", "y_2")
STATUSES = ("train", "query", "gallery")
POSES = {"1": "front", "2": "side", "3": "back", "4": "zoom-out", "5": "zoom-in", "6": "stand-alone"}
MAX_DESCRIPTIONS_BYTES = 256 * 1024 * 1024

PUBLISHED_COUNTS = {
    "images": 52_712,
    "items": 7_982,
    "training images": 25_882,
    "training items": 3_997,
    "query images": 14_218,
    "gallery images": 12_612,
    "query and gallery items": 3_985,
}
"""Liu et al. (CVPR 2016), section 5.2, with the numbers of the released partition."""
MIN_COMPLETE_SHARE = 0.5
"""With at least this share of the published images, the data set is taken for the complete one."""


class InShop:
    """Reader of the In-shop layout: the split is train, query or gallery, and the product_id is the item_id."""

    def __init__(self, folder: Path, crop_to_box: bool = False) -> None:
        """Read the partition and check that every photo and item exists.

        Args:
            folder: The folder of Eval, Anno and the photos.
            crop_to_box: Crop every photo to its bounding box, which list_bbox_inshop.txt must have.

        Raises:
            BenchmarkError: A file or photo is missing, or a line is invalid.
        """
        rows = list(_read_partition(folder / PARTITION_FILE))
        if not rows:
            raise BenchmarkError(f"{folder / PARTITION_FILE}: no photos, expected rows of {' '.join(PARTITION_HEADER)}")
        self._photos: DeepFashionPhotos = find_deepfashion_photos(folder, rows[0][1])
        boxes = _read_boxes(folder / BOXES_FILE) if crop_to_box or (folder / BOXES_FILE).is_file() else {}
        colours = _read_colours(folder / DESCRIPTIONS_FILE) if (folder / DESCRIPTIONS_FILE).is_file() else {}
        self._records = [
            _build_record(row, self._photos, boxes, colours, f"{folder / PARTITION_FILE}, line {number}")
            for number, *row in rows
        ]
        self._crop_boxes: dict[str, Box] | None = None
        if crop_to_box:
            self._crop_boxes = {
                record.photo_id: _get_box(record, boxes, folder / BOXES_FILE) for record in self._records
            }
        if (folder / ITEMS_FILE).is_file():
            _check_items(folder / ITEMS_FILE, self._records)

    @property
    def records(self) -> Sequence[PhotoRecord]:
        """All photos in the order of the partition."""
        return self._records

    @cached_property
    def notes(self) -> Sequence[str]:
        """The release of the photos, differences from the published counts, and items of several categories."""
        folders: dict[str, set[str]] = {}
        for record in self._records:
            folders.setdefault(record.product_id, set()).add(record.labels.get("category", ""))
        n_multi_category = sum(len(names) > 1 for names in folders.values())
        crop_note = ", cropped to their boxes" if self._crop_boxes is not None else ""
        return (
            self._photos.describe([record.photo_id for record in self._records]) + crop_note,
            describe_count_differences(self._records),
            f"{n_multi_category} items are in several category folders; an item is identified by its id alone",
        )

    def photos(self) -> Iterator[tuple[PhotoRecord, bytes]]:
        """Yield every record with the bytes of its photo."""
        for record in self._records:
            photo = self._photos.read(record.photo_id)
            yield record, photo if self._crop_boxes is None else crop_photo(photo, self._crop_boxes[record.photo_id])


def _read_partition(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Yield (line number, image, item, status) of every row."""
    line_by_image: dict[str, int] = {}
    for number, line in read_counted_rows(path, PARTITION_HEADER):
        location = f"{path}, line {number}"
        image, item, status = split_columns(line, PARTITION_HEADER, location)
        if status not in STATUSES:
            raise BenchmarkError(f"{location}: expected evaluation_status {', '.join(STATUSES)}, got {status!r}")
        if image in line_by_image:
            raise BenchmarkError(
                f"{location}: {image} is already in line {line_by_image[image]}; keep one of the lines"
            )
        line_by_image[image] = number
        yield number, image, item, status


def _build_record(
    row: Sequence[str],
    photos: DeepFashionPhotos,
    boxes: dict[str, tuple[str, Box]],
    colours: dict[str, str],
    location: str,
) -> PhotoRecord:
    image, item, status = row
    if not photos.contains(image):
        raise BenchmarkError(
            f"{location}: {image} is not in {photos.files}; download the photos again or delete the line"
        )
    labels = {}
    path = PurePosixPath(image)
    folders = [part for part in path.parts[1:-1] if part != item]
    if folders:
        labels["category"] = "/".join(folders)
    if item in colours:
        labels["colour"] = colours[item]
    # "01_1_front.jpg" is the number of the colour, the number of the photo, and the pose.
    pose = boxes[image][0] if image in boxes else path.stem.rpartition("_")[2]
    if pose and not pose.isdigit():
        labels["kind_of_photo"] = pose
    return PhotoRecord(image, item, status, labels, None)


def _read_boxes(path: Path) -> dict[str, tuple[str, Box]]:
    """Return image -> (pose, box)."""
    found = {}
    for number, line in read_counted_rows(path, BOX_HEADER):
        location = f"{path}, line {number}"
        image, _, pose, *edges = split_columns(line, BOX_HEADER, location)
        if pose not in POSES:
            raise BenchmarkError(f"{location}: expected pose_type 1 to {len(POSES)}, got {pose!r}")
        found[image] = POSES[pose], parse_box(edges, location)
    return found


def _get_box(record: PhotoRecord, boxes: dict[str, tuple[str, Box]], path: Path) -> Box:
    if record.photo_id not in boxes:
        raise BenchmarkError(f"{path}: no box for {record.photo_id}; download it again or use the reader inshop")
    return boxes[record.photo_id][1]


def _read_colours(path: Path) -> dict[str, str]:
    """Return item -> colour, for the items with a colour."""
    found = {}
    for number, entry in enumerate(_read_descriptions(path)):
        if not isinstance(entry, dict) or not isinstance(entry.get("item"), str):
            raise BenchmarkError(
                f'{path}, entry {number}: expected {{"item": its id, "color": ...}}, got {str(entry)[:40]!r}'
            )
        colour = entry.get("color")
        if isinstance(colour, str) and colour.strip():
            found[entry["item"]] = " ".join(colour.split())
    return found


def _read_descriptions(path: Path) -> list[Any]:
    try:
        if path.stat().st_size > MAX_DESCRIPTIONS_BYTES:
            raise BenchmarkError(f"{path}: expected at most {MAX_DESCRIPTIONS_BYTES:,} bytes")
        found = json.loads(path.read_text(encoding="utf-8"))
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (OSError, ValueError, RecursionError) as error:
        raise BenchmarkError(f"{path}: not JSON in UTF-8: {error}; download it again or delete it") from error
    if not isinstance(found, list):
        raise BenchmarkError(f"{path}: expected a list of items, got {type(found).__name__}")
    return found


def _check_items(path: Path, records: Sequence[PhotoRecord]) -> None:
    items = {line.strip() for _, line in read_counted_rows(path, None)}
    for record in records:
        if record.product_id not in items:
            raise BenchmarkError(
                f"{path}: lacks the item {record.product_id} of {record.photo_id}; download both again"
            )


def compute_counts(records: Sequence[PhotoRecord]) -> dict[str, int]:
    """Return the counts of PUBLISHED_COUNTS for these records."""
    images = Counter(record.split for record in records)
    training = {record.product_id for record in records if record.split == "train"}
    query_and_gallery = {record.product_id for record in records if record.split != "train"}
    return {
        "images": len(records),
        "items": len(training | query_and_gallery),
        "training images": images["train"],
        "training items": len(training),
        "query images": images["query"],
        "gallery images": images["gallery"],
        "query and gallery items": len(query_and_gallery),
    }


def describe_count_differences(records: Sequence[PhotoRecord]) -> str:
    """Describe the differences from the published counts in a sentence."""
    found = compute_counts(records)
    if found["images"] < MIN_COMPLETE_SHARE * PUBLISHED_COUNTS["images"]:
        return f"{found['images']:,} images: not the complete In-shop set, so its published counts are not compared"
    differences = [
        f"{name}: {found[name]:,}, published {expected:,}"
        for name, expected in PUBLISHED_COUNTS.items()
        if found[name] != expected
    ]
    if differences:
        return "differs from the published In-shop set: " + "; ".join(differences)
    return "the counts equal the published counts of In-shop: " + ", ".join(
        f"{expected:,} {name}" for name, expected in PUBLISHED_COUNTS.items()
    )
