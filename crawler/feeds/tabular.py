"""A catalogue as CSV: columns known by their usual names, rows read one by one.

A catalogue as JSON lines: one mapping a line, in the shape of any platform or with columns of the usual names.
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from crawler.extract import shopify
from crawler.extract.models import ExtractedFields, ExtractedProduct
from crawler.feeds import flat_record, woocommerce
from crawler.feeds.byte_stream import open_limited
from crawler.feeds.flat_record import NOT_A_MAPPING, OnBadRow, entry_to_product, ignore_bad_row
from weft.errors import ShopError

_MAX_HEADER_LENGTH = 64 * 1024
_DELIMITERS = ",;\t|"


def csv_products(
    source: Path | str | BinaryIO, base_url: str, on_bad_row: OnBadRow = ignore_bad_row
) -> Iterator[ExtractedProduct]:
    """One product per row of a CSV with a header; rows of one group have one item id (see `collapse`).

    Comma, semicolon, tab and bar separate; the text is UTF-8, gzip or not.

    Args:
        stream: A path or an open binary stream.
        base_url: Relative links start here; a row without a link is named within it.
        refuse: Told of each row that is no product.

    Raises:
        ShopError: It cannot be read, or no column is known as a title.
    """
    with open_limited(source, base_url if not isinstance(source, str | Path) else "") as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
        header_line = text.readline(_MAX_HEADER_LENGTH)
        delimiter = max(_DELIMITERS, key=header_line.count)
        header = next(csv.reader([header_line], delimiter=delimiter), [])
        known_columns = flat_record.normalise_columns(dict.fromkeys(header))
        if not {"title", "name", "product_name", "product_title", "item_name"} & set(known_columns):
            raise ShopError(f"{base_url}: the first line must name columns, one of them title or name: {header[:8]}")
        rows = csv.reader(text, delimiter=delimiter)
        number = 0
        while True:
            number += 1
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                on_bad_row(f"row {number}", f"it cannot be read: {error}")
                continue
            if not any(cells):
                continue
            if len(cells) > len(header):
                on_bad_row(f"row {number}", f"it has {len(cells)} cells, the header {len(header)}")
                continue
            row = {name: cell for name, cell in zip(header, cells, strict=False) if cell.strip()}
            extracted = flat_record.extract_fields(row, base_url, "csv")
            yield from entry_to_product(extracted, flat_record.product_url(row, base_url), f"row {number}", on_bad_row)


MAX_LINE_BYTES = 4 * 1024**2
"""Bytes of one line; a longer one is refused."""


def json_lines_products(
    source: Path | str | BinaryIO, base_url: str, on_bad_row: OnBadRow = ignore_bad_row
) -> Iterator[ExtractedProduct]:
    """One product per line; lines of one group have one item id (see `collapse`).

    Args:
        stream: A path or an open binary stream, gzip or not.
        base_url: Relative links start here; a line without a link is named within it.
        refuse: Told of each line that is no product.

    Raises:
        ShopError: It cannot be read.
    """
    with open_limited(source, base_url if not isinstance(source, str | Path) else "") as raw:
        for number, line in _iter_lines(raw):
            row = f"line {number}"
            if line is None:
                on_bad_row(row, f"it is longer than {MAX_LINE_BYTES} bytes")
                continue
            if not line.strip():
                continue
            try:
                entry = json.loads(line.decode("utf-8-sig", errors="replace"), strict=False)
            except (ValueError, RecursionError) as error:
                on_bad_row(row, f"it is no JSON: {error}")
                continue
            if not isinstance(entry, dict):
                on_bad_row(row, NOT_A_MAPPING)
                continue
            extracted, url = extract_entry(entry, base_url)
            yield from entry_to_product(extracted, url, row, on_bad_row)


def extract_entry(entry: dict[str, Any], base_url: str) -> tuple[ExtractedFields, str]:
    """(what a mapping says, its product's URL), whatever shape it has."""
    for platform in (shopify, woocommerce):
        if platform.is_product_json(entry):
            return platform.extract_fields(entry, base_url), platform.product_url(entry, base_url)
    return flat_record.extract_fields(entry, base_url, "json-lines"), flat_record.product_url(entry, base_url)


def _iter_lines(raw: io.BufferedReader) -> Iterator[tuple[int, bytes | None]]:
    number = 0
    while line := raw.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) <= MAX_LINE_BYTES or line.endswith(b"\n"):
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = raw.readline(MAX_LINE_BYTES + 1)
        yield number, None
