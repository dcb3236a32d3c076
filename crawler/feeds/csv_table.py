"""Read the rows of a table as spreadsheets and shops write it: any encoding, delimiter and way of quoting."""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, TextIO

from crawler.decoding.byte_stream import open_limited
from crawler.decoding.text_encoding import open_text
from crawler.feeds.entries import OnBadRow
from crawler.values.column_names import normalise_columns

MAX_CELL_CHARS = 16 * 1024**2
"""Maximum length of one cell; Python's own limit is 131,072, which descriptions exceed."""
MAX_LINES_PER_ROW = 1_000
"""A row of more lines has a quote that is never closed."""
_MAX_HEADER_CHARS = 64 * 1024
_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = "sep="
_COMMENT_LINE = re.compile(r"\"?#\s+\w")
_SAMPLED_LINES = 200
_Quoting = Literal[0, 3]
_QUOTINGS: tuple[_Quoting, ...] = (csv.QUOTE_MINIMAL, csv.QUOTE_NONE)


Rows = Callable[[OnBadRow], Iterator[tuple[int, dict[str, str]]]]
"""Reads a table from its start: (number from 1, cell by column name) of each row."""


class Table(NamedTuple):
    """A table with a header."""

    header: list[str]
    rows: Iterator[tuple[int, dict[str, str]]]
    """(Number from 1, cell by column name) of each row that is not blank; blank cells are missing."""


class _UnclosedQuoteError(Exception):
    """A row goes on for more lines than a row can have."""


@contextmanager
def open_table(source: Path | str | BinaryIO, name: str, on_bad_row: OnBadRow) -> Iterator[Table]:
    """Open the table in `source`; see `open_limited`.

    The delimiter is a comma, semicolon, tab or bar. A first line "sep=;" states it. Surplus cells are cut off if they
    are blank; any other row with more cells than the header is a bad row, as is a row with a quote that is not closed.

    Raises:
        ShopError: The source cannot be read.
    """
    csv.field_size_limit(MAX_CELL_CHARS)
    with open_limited(source, name) as raw:
        text = open_text(raw)
        header_line = _first_line(text)
        delimiter = max(_DELIMITERS, key=header_line.count)
        if header_line.lower().startswith(_SEPARATOR_LINE):
            delimiter = header_line[len(_SEPARATOR_LINE) :].strip('" \r\n')[:1] or (
                "\t" if "\t" in header_line else delimiter
            )
            header_line = _first_line(text)
        header = [cell.strip() for cell in next(csv.reader([header_line], delimiter=delimiter), [])]
        sample = list(islice(text, _SAMPLED_LINES))
        quoting = _detect_quoting(sample, delimiter, len(header))
        reader = _RowReader(chain(sample, text), delimiter, quoting, len(header), on_bad_row)
        yield Table(header, reader.rows(header))


def normalise_row(row: dict[str, str]) -> dict[str, str]:
    """Return a row with normalised columns; of two columns with one name ("SKU", "Artikelnummer") the first counts."""
    return {name: cell[0] if isinstance(cell, list) else cell for name, cell in normalise_columns(row).items()}


def group_rows(
    numbered_rows: Iterable[tuple[int, dict[str, str]]],
    begins_group: Callable[[dict[str, Any], dict[str, Any]], bool],
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Yield (number of the first row, rows with normalised columns) of each product that takes several rows.

    Args:
        numbered_rows: The rows of a table, with normalised columns.
        begins_group: Whether a row begins another product than that of the first row of the group in front of it.
    """
    group: list[dict[str, Any]] = []
    first_number = 0
    for number, row in numbered_rows:
        if group and begins_group(row, group[0]):
            yield first_number, group
            group = []
        first_number = first_number if group else number
        group.append(row)
    if group:
        yield first_number, group


def _first_line(text: TextIO) -> str:
    """Return the first line that is neither blank nor a comment, as Facebook writes: "# Required | ..."."""
    while line := text.readline(_MAX_HEADER_CHARS):
        line = line.removeprefix("\ufeff")
        if line.strip() and not _COMMENT_LINE.match(line):
            return line
    return ""


def _detect_quoting(sample: list[str], delimiter: str, width: int) -> _Quoting:
    """Return csv.QUOTE_NONE for a table of tabs whose quotes are part of the text, else csv.QUOTE_MINIMAL."""
    if delimiter != "\t":
        return csv.QUOTE_MINIMAL
    fitting: dict[_Quoting, int] = {}
    for quoting in _QUOTINGS:
        rows = csv.reader(sample, delimiter=delimiter, quoting=quoting)
        fitting[quoting] = sum(len(_cut_surplus(row, width)) == width for row in rows)
    return max(fitting, key=fitting.__getitem__)


def _cut_surplus(cells: list[str], width: int) -> list[str]:
    """Return the cells without blank ones beyond the width of the header."""
    return cells[:width] if not any(cell.strip() for cell in cells[width:]) else cells


class _RowReader:
    """Read rows, and go on at the next line after a row that cannot be read."""

    def __init__(
        self, lines: Iterator[str], delimiter: str, quoting: _Quoting, width: int, on_bad_row: OnBadRow
    ) -> None:
        self._lines, self._delimiter, self._quoting = lines, delimiter, quoting
        self._width, self._on_bad_row = width, on_bad_row
        self._pushed_back: deque[str] = deque()
        self._row_lines: list[str] = []

    def rows(self, header: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield (number, cell by column name)."""
        number = 0
        reader = self._new_reader()
        while True:
            number += 1
            self._row_lines = []
            try:
                cells = _cut_surplus(next(reader), self._width)
            except StopIteration:
                return
            except (csv.Error, _UnclosedQuoteError) as error:
                reason = f"it cannot be read: {error or 'a quote is not closed'}"
                reader = self._resume_after_first_line(number, reason)
                continue
            if len(self._row_lines) > 1 and not self._is_strict():
                reader = self._resume_after_first_line(number, "a quote is not closed")
                continue
            if len(cells) > self._width:
                reason = f"it has {len(cells)} cells, the header {self._width}"
                if len(self._row_lines) > 1:
                    reader = self._resume_after_first_line(number, reason)
                else:
                    self._on_bad_row(f"row {number}", reason)
                continue
            row: dict[str, str] = {}
            for name, cell in zip(header, cells, strict=False):
                if cell.strip():
                    row.setdefault(name if name not in row else f"{name}_2", cell)
            if row:
                yield number, row

    def _new_reader(self) -> Iterator[list[str]]:
        return csv.reader(self._next_lines(), delimiter=self._delimiter, quoting=self._quoting)

    def _is_strict(self) -> bool:
        """Return whether the quotes of a row of several lines are where they should be."""
        try:
            rows = csv.reader(self._row_lines, delimiter=self._delimiter, quoting=self._quoting, strict=True)
            return len(list(rows)) == 1
        except csv.Error:
            return False

    def _resume_after_first_line(self, number: int, reason: str) -> Iterator[list[str]]:
        self._on_bad_row(f"row {number}", reason)
        self._pushed_back.extendleft(reversed(self._row_lines[1:]))
        return self._new_reader()

    def _next_lines(self) -> Iterator[str]:
        while True:
            line = self._pushed_back.popleft() if self._pushed_back else next(self._lines, None)
            if line is None:
                return
            self._row_lines.append(line)
            if len(self._row_lines) > MAX_LINES_PER_ROW:
                raise _UnclosedQuoteError
            yield line
