"""The text files of DeepFashion: a count, mostly a header, then that many rows. Read one line at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from weft.errors import BenchmarkError

MAX_ROW_BYTES = 64 * 1024
"""A row of 1,000 attributes takes 4 KB; longer ones are no rows."""
_MAX_SHOWN_CHARS = 80


def read_counted_rows(path: Path, header: Sequence[str] | None) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, row) below the count and the header; blank lines are no rows.

    Args:
        path: The file.
        header: The words of its second line; None where the rows begin there.

    Raises:
        BenchmarkError: The file cannot be read, the count or header is not as wanted, or (at the end) the count is
            not the number of rows.
    """
    lines = _read_lines(path)
    first = next(lines, "")
    count = first.strip()
    if not (count.isascii() and count.isdigit()):
        raise BenchmarkError(f"{path}, line 1: {count[:_MAX_SHOWN_CHARS]!r}, wanted the number of rows")
    n_header_lines = 1
    if header is not None:
        n_header_lines, found = 2, next(lines, "").split()
        if found != list(header):
            text = " ".join(found)[:_MAX_SHOWN_CHARS]
            raise BenchmarkError(f"{path}, line 2: {text!r}, wanted the header {' '.join(header)}")
    rows = 0
    for number, line in enumerate(lines, start=n_header_lines + 1):
        if line.strip():
            rows += 1
            yield number, line
    if count.lstrip("0") != str(rows).lstrip("0"):
        raise BenchmarkError(f"{path}, line 1: the count is {count[:20]}, but {rows} rows follow; fetch it again")


def split_columns(line: str, names: Sequence[str], location: str) -> list[str]:
    """The columns of a row, split from the right: the first may hold spaces.

    Raises:
        BenchmarkError: There are fewer columns than wanted.
    """
    parts = line.strip().rsplit(None, len(names) - 1)
    if len(parts) != len(names):
        raise BenchmarkError(f"{location}: {len(parts)} columns, wanted {' '.join(names)}")
    return parts


def parse_box(parts: Sequence[str], location: str) -> tuple[int, int, int, int]:
    """Left, upper, right and lower edge in pixels, from x_1 y_1 x_2 y_2.

    Raises:
        BenchmarkError: They are no whole numbers.
    """
    try:
        x1, y1, x2, y2 = (int(part[:12]) for part in parts)
    except ValueError as error:
        raise BenchmarkError(
            f"{location}: box {' '.join(parts)[:_MAX_SHOWN_CHARS]!r}, wanted x_1 y_1 x_2 y_2 in pixels"
        ) from error
    return x1, y1, x2, y2


def _read_lines(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as stream:
            number = 0
            while line := stream.readline(MAX_ROW_BYTES + 1):
                number += 1
                if len(line) > MAX_ROW_BYTES:
                    raise BenchmarkError(f"{path}, line {number}: longer than {MAX_ROW_BYTES:,} bytes, wanted a row")
                yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path}: cannot be read as UTF-8 text: {error}; wanted DeepFashion's layout") from error
