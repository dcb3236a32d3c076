"""DeepFashion In-shop Clothes Retrieval, and any data set in its layout.

    Eval/list_eval_partition.txt   count; "image_name item_id evaluation_status"; one row per photo
    Anno/list_item_inshop.txt      optional: count; one item per row, without a header
    img/ or img.zip                photos named as in image_name ("img/...")

Liu et al., DeepFashion (CVPR 2016), section 5.2.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from weft.benchmarks.photo_files import PhotoFiles, find_photo_files
from weft.benchmarks.record import Record
from weft.errors import BenchmarkError

PARTITION = Path("Eval", "list_eval_partition.txt")
ITEMS = Path("Anno", "list_item_inshop.txt")
HEADER = ["image_name", "item_id", "evaluation_status"]
STATUSES = ("train", "query", "gallery")


class InShop:
    """Reader of the In-shop layout: split is train, query or gallery, product_id the item."""

    def __init__(self, folder: Path) -> None:
        """Read the partition and check that every photo and item is there.

        Raises:
            BenchmarkError: A file or photo is missing, or a line is not as wanted.
        """
        self._files: PhotoFiles = find_photo_files(folder, zips=("img.zip", "Img/img.zip"), folders=(".",))
        self._records = _read_partition(folder / PARTITION, self._files)
        if (folder / ITEMS).is_file():
            _check_items(folder / ITEMS, self._records)

    @property
    def records(self) -> Sequence[Record]:
        """Every photo, in the order of the partition."""
        return self._records

    @property
    def notes(self) -> Sequence[str]:
        """Nothing to say."""
        return ()

    def photos(self) -> Iterator[tuple[Record, bytes]]:
        """Every record with the bytes of its photo, one at a time."""
        for record in self._records:
            yield record, self._files.read(record.photo_id)


def _read_partition(path: Path, files: PhotoFiles) -> list[Record]:
    lines = _counted_lines(path, header=HEADER)
    records: list[Record] = []
    line_of: dict[str, int] = {}
    for number, line in lines:
        place = f"{path}, line {number}"
        parts = line.split()
        if len(parts) != len(HEADER):
            raise BenchmarkError(f"{place}: {len(parts)} columns, wanted {' '.join(HEADER)}")
        image, item, status = parts
        if status not in STATUSES:
            raise BenchmarkError(f"{place}: evaluation_status = {status!r}, wanted one of {', '.join(STATUSES)}")
        if image in line_of:
            raise BenchmarkError(f"{place}: {image} stands in line {line_of[image]} already; keep one of them")
        if not files.has(image):
            raise BenchmarkError(f"{place}: {image} is not in {files}; fetch the photos again or drop the line")
        line_of[image] = number
        records.append(Record(image, item, status, {}, None))
    return records


def _check_items(path: Path, records: Sequence[Record]) -> None:
    items = {line.strip() for _, line in _counted_lines(path, header=None)}
    for record in records:
        if record.product_id not in items:
            raise BenchmarkError(f"{path}: lacks the item {record.product_id} of {record.photo_id}; fetch both again")


def _counted_lines(path: Path, header: list[str] | None) -> list[tuple[int, str]]:
    """(line number, line) of the rows below the count and the header; the count must be right."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path}: cannot be read as UTF-8 text: {error}; wanted the In-shop layout") from error
    count = lines[0].strip() if lines else ""
    if not (count.isascii() and count.isdigit()):
        raise BenchmarkError(f"{path}, line 1: {count[:40]!r}, wanted the number of rows")
    first = 1
    if header is not None:
        found = lines[1].split() if len(lines) > 1 else []
        if found != header:
            raise BenchmarkError(f"{path}, line 2: {' '.join(found)[:80]!r}, wanted the header {' '.join(header)}")
        first = 2
    rows = [(number, line) for number, line in enumerate(lines[first:], start=first + 1) if line.strip()]
    if count.lstrip("0") != str(len(rows)).lstrip("0"):
        raise BenchmarkError(f"{path}, line 1: the count is {count[:20]}, but {len(rows)} rows follow; fetch it again")
    return rows
