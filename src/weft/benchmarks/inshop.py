"""DeepFashion In-shop Clothes Retrieval, and any data set in its layout.

    Eval/list_eval_partition.txt    count; "image_name item_id evaluation_status"; one row per photo
    Anno/list_item_inshop.txt       optional: count; one item per row, without a header
    Anno/list_bbox_inshop.txt       optional: count; "image_name clothes_type pose_type x_1 y_1 x_2 y_2"
    Anno/list_description_inshop.json  optional: [{"item": id, "color": text, "description": [text]}]
    img/ or img.zip, or img_highres/ or img_highres.zip, here or in Img/; photos named as in image_name ("img/...")

An item is known by its item_id alone: 99 items of the real set lie in two category folders.
Liu et al., DeepFashion (CVPR 2016), section 5.2.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from weft.benchmarks import inshop_counts
from weft.benchmarks.counted_lines import box_of, columns, counted_rows
from weft.benchmarks.crop import Box, cropped
from weft.benchmarks.deepfashion_photos import DeepFashionPhotos, find_photos
from weft.benchmarks.record import Record
from weft.errors import BenchmarkError

PARTITION = Path("Eval", "list_eval_partition.txt")
ITEMS = Path("Anno", "list_item_inshop.txt")
BOXES = Path("Anno", "list_bbox_inshop.txt")
DESCRIPTIONS = Path("Anno", "list_description_inshop.json")
HEADER = ("image_name", "item_id", "evaluation_status")
BOX_HEADER = ("image_name", "clothes_type", "pose_type", "x_1", "y_1", "x_2", "y_2")
STATUSES = ("train", "query", "gallery")
POSES = {"1": "front", "2": "side", "3": "back", "4": "zoom-out", "5": "zoom-in", "6": "stand-alone"}
MAX_DESCRIPTIONS_BYTES = 256 * 1024 * 1024


class InShop:
    """Reader of the In-shop layout: split is train, query or gallery, product_id the item."""

    def __init__(self, folder: Path, crops: bool = False) -> None:
        """Read the partition and check that every photo and item is there.

        Args:
            folder: Holds Eval, Anno and the photos.
            crops: Cut every photo to its box, which list_bbox_inshop.txt must have.

        Raises:
            BenchmarkError: A file or photo is missing, or a line is not as wanted.
        """
        rows = list(_partition(folder / PARTITION))
        if not rows:
            raise BenchmarkError(f"{folder / PARTITION}: no photo in it, wanted rows of {' '.join(HEADER)}")
        self._photos: DeepFashionPhotos = find_photos(folder, rows[0][1])
        boxes = _boxes(folder / BOXES) if crops or (folder / BOXES).is_file() else {}
        colours = _colours(folder / DESCRIPTIONS) if (folder / DESCRIPTIONS).is_file() else {}
        self._records = [
            _record(row, self._photos, boxes, colours, f"{folder / PARTITION}, line {number}") for number, *row in rows
        ]
        self._crops: dict[str, Box] | None = None
        if crops:
            self._crops = {record.photo_id: _box(record, boxes, folder / BOXES) for record in self._records}
        if (folder / ITEMS).is_file():
            _check_items(folder / ITEMS, self._records)

    @property
    def records(self) -> Sequence[Record]:
        """Every photo, in the order of the partition."""
        return self._records

    @cached_property
    def notes(self) -> Sequence[str]:
        """Which release of the photos this is, how it differs from what was published, items of two categories."""
        folders: dict[str, set[str]] = {}
        for record in self._records:
            folders.setdefault(record.product_id, set()).add(record.labels.get("category", ""))
        several = sum(len(names) > 1 for names in folders.values())
        cut = ", cut to their boxes" if self._crops is not None else ""
        return (
            self._photos.told([record.photo_id for record in self._records]) + cut,
            inshop_counts.told(self._records),
            f"{several} items lie in several category folders; an item is known by its id alone",
        )

    def photos(self) -> Iterator[tuple[Record, bytes]]:
        """Every record with the bytes of its photo, one at a time."""
        for record in self._records:
            photo = self._photos.read(record.photo_id)
            yield record, photo if self._crops is None else cropped(photo, self._crops[record.photo_id])


def _partition(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """(Line number, image, item, status) of every row."""
    line_of: dict[str, int] = {}
    for number, line in counted_rows(path, HEADER):
        place = f"{path}, line {number}"
        image, item, status = columns(line, HEADER, place)
        if status not in STATUSES:
            raise BenchmarkError(f"{place}: evaluation_status = {status!r}, wanted one of {', '.join(STATUSES)}")
        if image in line_of:
            raise BenchmarkError(f"{place}: {image} stands in line {line_of[image]} already; keep one of them")
        line_of[image] = number
        yield number, image, item, status


def _record(
    row: Sequence[str],
    photos: DeepFashionPhotos,
    boxes: dict[str, tuple[str, Box]],
    colours: dict[str, str],
    place: str,
) -> Record:
    image, item, status = row
    if not photos.has(image):
        raise BenchmarkError(f"{place}: {image} is not in {photos.files}; fetch the photos again or drop the line")
    labels = {}
    path = PurePosixPath(image)
    folders = [part for part in path.parts[1:-1] if part != item]
    if folders:
        labels["category"] = "/".join(folders)
    if item in colours:
        labels["colour"] = colours[item]
    # "01_1_front.jpg": the colour's number, the view's, and what it shows.
    told = boxes[image][0] if image in boxes else path.stem.rpartition("_")[2]
    if told and not told.isdigit():
        labels["kind_of_photo"] = told
    return Record(image, item, status, labels, None)


def _boxes(path: Path) -> dict[str, tuple[str, Box]]:
    """Pose and box by image."""
    found = {}
    for number, line in counted_rows(path, BOX_HEADER):
        place = f"{path}, line {number}"
        image, _, pose, *edges = columns(line, BOX_HEADER, place)
        if pose not in POSES:
            raise BenchmarkError(f"{place}: pose_type = {pose!r}, wanted 1 to {len(POSES)}")
        found[image] = POSES[pose], box_of(edges, place)
    return found


def _box(record: Record, boxes: dict[str, tuple[str, Box]], path: Path) -> Box:
    if record.photo_id not in boxes:
        raise BenchmarkError(f"{path}: no box for {record.photo_id}; fetch it again or use the reader inshop")
    return boxes[record.photo_id][1]


def _colours(path: Path) -> dict[str, str]:
    """Colour by item, where it is told."""
    found = {}
    for number, entry in enumerate(_descriptions(path)):
        if not isinstance(entry, dict) or not isinstance(entry.get("item"), str):
            raise BenchmarkError(f'{path}, entry {number}: wanted {{"item": its id, "color": ...}}')
        colour = entry.get("color")
        if isinstance(colour, str) and colour.strip():
            found[entry["item"]] = " ".join(colour.split())
    return found


def _descriptions(path: Path) -> list[Any]:
    try:
        if path.stat().st_size > MAX_DESCRIPTIONS_BYTES:
            raise BenchmarkError(f"{path}: larger than {MAX_DESCRIPTIONS_BYTES:,} bytes, wanted descriptions of items")
        found = json.loads(path.read_text(encoding="utf-8"))
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (OSError, ValueError, RecursionError) as error:
        raise BenchmarkError(f"{path}: not JSON in UTF-8: {error}; fetch it again or take it away") from error
    if not isinstance(found, list):
        raise BenchmarkError(f"{path}: wanted a list of items, found {type(found).__name__}")
    return found


def _check_items(path: Path, records: Sequence[Record]) -> None:
    items = {line.strip() for _, line in counted_rows(path, None)}
    for record in records:
        if record.product_id not in items:
            raise BenchmarkError(f"{path}: lacks the item {record.product_id} of {record.photo_id}; fetch both again")
