"""Miniatures of both DeepFashion layouts, with drawings of our own in place of photos."""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

COLOURS = {"red": (190, 40, 40), "blue": (40, 60, 190), "green": (40, 140, 60), "black": (25, 25, 25)}
Rows = Sequence[str]


def _draw_garment(colour: str = "red", long: bool = False, seed: int = 0, size: tuple[int, int] = (60, 80)) -> bytes:
    """Return a JPEG of a garment of one colour on white, long or short; the seed shifts it a little."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    left, top = 14 + seed % 4, 8 + seed % 3
    draw.rectangle((left, top, size[0] - 14, size[1] - (8 if long else 36)), fill=COLOURS[colour])
    draw.rectangle((left - 6, top, left, top + 20), fill=COLOURS[colour])
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=92)
    return stream.getvalue()


def _write_list_file(path: Path, rows: Rows, header: str | None, count: int | str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [str(len(rows) if count is None else count), *([header] if header else []), *rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_photos(folder: Path, names: Sequence[str], photos: Sequence[bytes], in_zip: str | None) -> None:
    if in_zip:
        (folder / in_zip).parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(folder / in_zip, "w") as archive:
            for name, photo in zip(names, photos, strict=True):
                archive.writestr(name, photo)
        return
    for name, photo in zip(names, photos, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(photo)


CATEGORIES = ["Tank Top        1", "Jeans           2", "Maxi Dress      3"]
ATTRIBUTES = [
    "striped              1",
    "lace trim            2",
    "a-line               3",
    "v neck               4",
    "boho chic            5",
    "red                  1",
    "blue                 1",
]
FINE_ATTRIBUTES = ["striped 1", "long_sleeve 2", "maxi_length 3", "v_neckline 4", "denim 5", "loose 6"]


def _write_attributes(
    folder: Path,
    photos: Sequence[tuple[str, int, Sequence[int], str]],
    attributes: Rows = ATTRIBUTES,
    anno: str = "Anno",
    images: Sequence[bytes] | None = None,
    boxes: Sequence[tuple[int, int, int, int]] | None = None,
) -> Path:
    """Write a data set in the layout of Category and Attribute Prediction.

    Args:
        folder: The folder to write.
        photos: (Image name, category id from 1, a label 1, -1 or 0 per attribute, status) of each.
        attributes: Rows of list_attr_cloth.txt.
        anno: The folder of the lists.
        images: Bytes of each photo; drawings if not given.
        boxes: Rows of list_bbox.txt; no such file if not given.
    """
    names = [name for name, *_ in photos]
    _write_list_file(folder / anno / "list_category_cloth.txt", CATEGORIES, "category_name  category_type")
    _write_list_file(folder / anno / "list_attr_cloth.txt", attributes, "attribute_name  attribute_type")
    _write_list_file(
        folder / anno / "list_category_img.txt",
        [f"{name}    {category}" for name, category, _, _ in photos],
        "image_name  category_label",
    )
    _write_list_file(
        folder / anno / "list_attr_img.txt",
        [f"{name}   {'  '.join(map(str, labels))}" for name, _, labels, _ in photos],
        "image_name  attribute_labels",
    )
    _write_list_file(
        folder / "Eval" / "list_eval_partition.txt",
        [f"{name}   {status}" for name, _, _, status in photos],
        "image_name  evaluation_status",
    )
    if boxes is not None:
        rows = [f"{name} {' '.join(map(str, box))}" for name, box in zip(names, boxes, strict=True)]
        _write_list_file(folder / anno / "list_bbox.txt", rows, "image_name  x_1  y_1  x_2  y_2")
    photo_bytes = images or [_draw_garment(seed=number) for number in range(len(photos))]
    _write_photos(folder, names, photo_bytes, "Img/img.zip")
    return folder


@pytest.fixture(scope="session")
def draw_garment() -> Callable[..., bytes]:
    return _draw_garment


@pytest.fixture(scope="session")
def write_list_file() -> Callable[..., None]:
    """Write a text file of DeepFashion: count, header, rows."""
    return _write_list_file


@pytest.fixture(scope="session")
def write_photos() -> Callable[..., None]:
    return _write_photos


@pytest.fixture(scope="session")
def write_attributes() -> Callable[..., Path]:
    return _write_attributes


@pytest.fixture(scope="session")
def fine_attributes() -> list[str]:
    return FINE_ATTRIBUTES
