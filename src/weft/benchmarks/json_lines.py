"""JSON lines, plain or gzipped, from files nobody vouches for."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from weft.errors import BenchmarkError

MAX_JSON_LINE_BYTES = 1024 * 1024
"""A gzip of zeros must not become one endless line in memory."""


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, object) of every line that is not blank.

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
        raise BenchmarkError(f"{path}: cannot be read: {error}; fetch it again") from error


def _open_plain_or_gzip(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _parse_object(line: bytes, location: str) -> dict[str, Any]:
    if len(line) > MAX_JSON_LINE_BYTES:
        raise BenchmarkError(f"{location}: longer than {MAX_JSON_LINE_BYTES:,} bytes, wanted one JSON object a line")
    try:
        row = json.loads(line.decode("utf-8"))
        # A lone surrogate ("\ud800") is JSON but no text: no table could hold it.
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise BenchmarkError(f"{location}: not JSON in UTF-8: {error}") from error
    if not isinstance(row, dict):
        raise BenchmarkError(f'{location}: wanted a JSON object such as {{"image": ...}}, found {line[:40]!r}')
    return row
