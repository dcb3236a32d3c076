"""Reader of labelled photos: a zip or folder of photos with labels.jsonl[.gz], or one folder of photos per class."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from weft import params
from weft.datasets.base import PhotoRecord
from weft.datasets.files import PhotoFiles, find_photo_files
from weft.datasets.text_files import read_json_lines
from weft.errors import BenchmarkError

LABEL_FILES = ("labels.jsonl", "labels.jsonl.gz")
SPLIT_ALIASES = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
ITEM_KEYS = ("product_id", "item_id")
MAX_DEPTH = 8
"""Values that are nested deeper are ignored."""


class LabelledPhotos:
    """Reader of `images.zip` or `images/` (or photos in the folder itself) with `labels.jsonl[.gz]`.

    A line of labels is `{"image": name, "category": ..., "attributes": {"Neck": ...}, ...}`; a nested value gets a
    dotted name such as "attributes.Neck". Without a file of labels, the name of a photo's folder is its "category".
    """

    def __init__(self, folder: Path, settings: params.Benchmark) -> None:
        """Read the labels and check that every photo exists.

        Args:
            folder: The folder of the photos and labels.
            settings: Names the fields that must exist, among them that of the group.

        Raises:
            BenchmarkError: A file or photo is missing, or a line is invalid.
        """
        self._files: PhotoFiles = find_photo_files(folder, zips=("images.zip",), folders=("images", "."))
        labels = next((folder / name for name in LABEL_FILES if (folder / name).is_file()), None)
        if labels is not None:
            self._records = _read_label_lines(labels, self._files, settings.group_field)
        else:
            self._records = _read_class_folders(self._files)
        if not self._records:
            raise BenchmarkError(f"{labels or self._files}: no labelled photos; check benchmarks.<name>.path")
        _check_fields(self._records, settings, labels or folder)

    @property
    def records(self) -> Sequence[PhotoRecord]:
        """All labelled photos in the order of the labels."""
        return self._records

    @property
    def notes(self) -> Sequence[str]:
        """There are no remarks."""
        return ()

    def photos(self) -> Iterator[tuple[PhotoRecord, bytes]]:
        """Yield every record with the bytes of its photo."""
        for record in self._records:
            yield record, self._files.read(record.photo_id)


def _read_label_lines(labels: Path, files: PhotoFiles, group: str | None) -> list[PhotoRecord]:
    records: list[PhotoRecord] = []
    line_by_image: dict[str, int] = {}
    for number, row in read_json_lines(labels):
        location = f"{labels}, line {number}"
        image = row.get("image")
        if not isinstance(image, str) or not image:
            raise BenchmarkError(f'{location}: expected "image", the name of a photo in {files}, got {image!r}')
        if image in line_by_image:
            raise BenchmarkError(
                f"{location}: {image} is already in line {line_by_image[image]}; keep one of the lines"
            )
        if not files.contains(image):
            raise BenchmarkError(f"{location}: {image} is not in {files}; correct the name or delete the line")
        line_by_image[image] = number
        records.append(_build_record(image, _flatten(row), group, location))
    return records


def _build_record(image: str, fields: dict[str, str], group: str | None, location: str) -> PhotoRecord:
    split = SPLIT_ALIASES.get(fields.get("split", "test"))
    if split is None:
        raise BenchmarkError(f"{location}: expected a split of {', '.join(SPLIT_ALIASES)}, got {fields['split']!r}")
    if group is not None and group not in fields:
        raise BenchmarkError(
            f"{location}: no {group!r}, which benchmarks.<name>.group asks for; has {_format_names(fields)}"
        )
    item = next((fields[key] for key in ITEM_KEYS if key in fields), image)
    labels = {name: value for name, value in fields.items() if name != "image"}
    return PhotoRecord(image, item, split, labels, labels[group] if group else None)


def _flatten(row: dict[str, Any], prefix: str = "", depth: int = 1) -> dict[str, str]:
    """Return dotted name -> value of the nested values; only texts and numbers are labels."""
    flat: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            if depth < MAX_DEPTH:
                flat.update(_flatten(value, f"{prefix}{name}.", depth + 1))
        elif isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            flat[prefix + name] = str(value).strip()
    return flat


def _read_class_folders(files: PhotoFiles) -> list[PhotoRecord]:
    records = []
    for name in files.list_names():
        folders = PurePosixPath(name).parts[:-1]
        if not folders:
            continue
        split = SPLIT_ALIASES.get(folders[0], "test") if len(folders) > 1 else "test"
        records.append(PhotoRecord(name, name, split, {"category": folders[-1]}, None))
    return records


def _check_fields(records: Sequence[PhotoRecord], settings: params.Benchmark, source: Path) -> None:
    known = {name for record in records for name in record.labels}
    for label_set in settings.labels.values():
        if label_set.field not in known:
            raise BenchmarkError(
                f"{source}: no photo has the label {label_set.field!r}; the labels are {_format_names(known)}"
            )
    if settings.group_field is not None and settings.group_field not in known:
        raise BenchmarkError(
            f"{source}: no photo has {settings.group_field!r}, the group; the labels are {_format_names(known)}"
        )


def _format_names(names: set[str] | dict[str, str]) -> str:
    return ", ".join(sorted(names)[:20])
