"""Read untrusted text files line by line: JSON lines, plain or gzipped, and the counted lists of DeepFashion.

A counted list is a count, usually a header, then that many rows.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from weft.errors import BenchmarkError

MAX_JSON_LINE_BYTES = 1024 * 1024
"""Without a limit, a gzip of zeros would become one endless line in memory."""

MAX_ROW_BYTES = 64 * 1024
"""A row of 1,000 attributes has 4 KB; longer lines are errors."""
_MAX_SHOWN_CHARS = 80


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) of every line that is not blank; line numbers start at 1.

    Raises:
        BenchmarkError: The file cannot be read, or a line is too long or not a JSON object in UTF-8.
    """
    try:
        with _open_plain_or_gzip(path) as stream:
            number = 0
            while line := stream.readline(MAX_JSON_LINE_BYTES + 1):
                number += 1
                if line.strip() or len(line) > MAX_JSON_LINE_BYTES:
                    yield number, _parse_object(line, f"{path}, line {number}")
    except (OSError, EOFError, zlib.error) as error:
        raise BenchmarkError(f"{path}: cannot be read: {error}; download it again") from error


def _open_plain_or_gzip(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _parse_object(line: bytes, location: str) -> dict[str, Any]:
    if len(line) > MAX_JSON_LINE_BYTES:
        raise BenchmarkError(f"{location}: expected one JSON object of at most {MAX_JSON_LINE_BYTES:,} bytes per line")
    try:
        row = json.loads(line.decode("utf-8"))
        # A lone surrogate ("\ud800") is valid JSON, but no table can store it.
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise BenchmarkError(f"{location}: not JSON in UTF-8: {error}") from error
    if not isinstance(row, dict):
        raise BenchmarkError(f'{location}: expected a JSON object such as {{"image": ...}}, got {line[:40]!r}')
    return row


def read_counted_rows(path: Path, header: Sequence[str] | None) -> Iterator[tuple[int, str]]:
    """Yield (line number, row) of the rows after the count and the header; blank lines are skipped.

    Args:
        path: The file.
        header: The words of its second line; None if it has no header.

    Raises:
        BenchmarkError: The file cannot be read, the count or header is wrong, or (at the end) the count differs from
            the number of rows.
    """
    lines = _read_lines(path)
    first = next(lines, "")
    count = first.strip()
    if not (count.isascii() and count.isdigit()):
        raise BenchmarkError(f"{path}, line 1: expected the number of rows, got {count[:_MAX_SHOWN_CHARS]!r}")
    n_header_lines = 1
    if header is not None:
        n_header_lines, found = 2, next(lines, "").split()
        if found != list(header):
            text = " ".join(found)[:_MAX_SHOWN_CHARS]
            raise BenchmarkError(f"{path}, line 2: expected the header {' '.join(header)}, got {text!r}")
    rows = 0
    for number, line in enumerate(lines, start=n_header_lines + 1):
        if line.strip():
            rows += 1
            yield number, line
    if count.lstrip("0") != str(rows).lstrip("0"):
        raise BenchmarkError(f"{path}, line 1: the count is {count[:20]}, but {rows} rows follow; download it again")


def split_columns(line: str, names: Sequence[str], location: str) -> list[str]:
    """Split a row into columns from the right, because the first column may contain spaces.

    Raises:
        BenchmarkError: There are fewer columns than names.
    """
    parts = line.strip().rsplit(None, len(names) - 1)
    if len(parts) != len(names):
        raise BenchmarkError(f"{location}: expected the columns {' '.join(names)}, got {len(parts)} columns")
    return parts


def parse_box(parts: Sequence[str], location: str) -> tuple[int, int, int, int]:
    """Return the left, upper, right and lower edge in pixels from x_1 y_1 x_2 y_2.

    Raises:
        BenchmarkError: A value is not a whole number.
    """
    try:
        x1, y1, x2, y2 = (int(part[:12]) for part in parts)
    except ValueError as error:
        raise BenchmarkError(
            f"{location}: expected a box x_1 y_1 x_2 y_2 in pixels, got {' '.join(parts)[:_MAX_SHOWN_CHARS]!r}"
        ) from error
    return x1, y1, x2, y2


def _read_lines(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as stream:
            number = 0
            while line := stream.readline(MAX_ROW_BYTES + 1):
                number += 1
                if len(line) > MAX_ROW_BYTES:
                    raise BenchmarkError(f"{path}, line {number}: expected a row of at most {MAX_ROW_BYTES:,} bytes")
                yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(
            f"{path}: cannot be read as UTF-8 text: {error}; expected the layout of DeepFashion"
        ) from error
