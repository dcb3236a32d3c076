"""Catalogues with one product per row: CSV with a header, and JSON lines. Both are streamed."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from crawler.extract import schema_org, shopify
from crawler.extract.document import empty_document
from crawler.extract.main_product import is_product_node
from crawler.extract.models import ExtractedFields, ExtractedProduct
from crawler.feeds import flat_record, woocommerce
from crawler.feeds.byte_stream import open_limited
from crawler.feeds.flat_record import NOT_A_MAPPING, OnBadRow, entry_to_product, ignore_bad_row
from weft.errors import ShopError

MAX_LINE_BYTES = 4 * 1024**2
"""Maximum length of one line of JSON lines; a longer line is a bad row."""
_MAX_HEADER_LENGTH = 64 * 1024
_DELIMITERS = ",;\t|"
_TITLE_COLUMNS = frozenset({"title", "name", "product_name", "product_title", "item_name"})


def csv_products(
    source: Path | str | BinaryIO, base_url: str, on_bad_row: OnBadRow = ignore_bad_row
) -> Iterator[ExtractedProduct]:
    """Yield one product per row of a CSV file with a header.

    Rows of one group have the same item id; `merge_variants` merges them. The delimiter is a comma, semicolon, tab or
    bar. The text is UTF-8, compressed with gzip or not.

    Args:
        source: A path or an open binary stream.
        base_url: Relative URLs are resolved against it. A row without a link gets a URL below it.
        on_bad_row: Called with each row that is not a product.

    Raises:
        ShopError: The file cannot be read, or the header has no column for the title.
    """
    with open_limited(source, base_url if not isinstance(source, str | Path) else "") as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
        header_line = text.readline(_MAX_HEADER_LENGTH)
        delimiter = max(_DELIMITERS, key=header_line.count)
        header = next(csv.reader([header_line], delimiter=delimiter), [])
        if not _TITLE_COLUMNS & set(flat_record.normalise_columns(dict.fromkeys(header))):
            raise ShopError(
                f"{base_url}: the first line: expected column names with one of {', '.join(sorted(_TITLE_COLUMNS))}, "
                f"got {header[:8]}"
            )
        for number, cells in _iter_rows(csv.reader(text, delimiter=delimiter), on_bad_row):
            location = f"row {number}"
            if len(cells) > len(header):
                on_bad_row(location, f"it has {len(cells)} cells, the header {len(header)}")
                continue
            row = {name: cell for name, cell in zip(header, cells, strict=False) if cell.strip()}
            extracted = flat_record.extract_fields(row, base_url, "csv")
            yield from entry_to_product(extracted, flat_record.product_url(row, base_url), location, on_bad_row)


def json_lines_products(
    source: Path | str | BinaryIO, base_url: str, on_bad_row: OnBadRow = ignore_bad_row
) -> Iterator[ExtractedProduct]:
    """Yield one product per line; see `extract_entry` for the shapes of a line.

    Lines of one group have the same item id; `merge_variants` merges them.

    Args:
        source: A path or an open binary stream, compressed with gzip or not.
        base_url: Relative URLs are resolved against it. A line without a link gets a URL below it.
        on_bad_row: Called with each line that is not a product.

    Raises:
        ShopError: The file cannot be read.
    """
    with open_limited(source, base_url if not isinstance(source, str | Path) else "") as raw:
        for number, line in _iter_lines(raw):
            location = f"line {number}"
            if line is None:
                on_bad_row(location, f"it is longer than {MAX_LINE_BYTES} bytes")
                continue
            if not line.strip():
                continue
            try:
                entry = json.loads(line.decode("utf-8-sig", errors="replace"), strict=False)
            except (ValueError, RecursionError) as error:
                on_bad_row(location, f"it is not JSON: {error}")
                continue
            if not isinstance(entry, dict):
                on_bad_row(location, NOT_A_MAPPING)
                continue
            extracted, url = extract_entry(entry, base_url)
            yield from entry_to_product(extracted, url, location, on_bad_row)


def extract_entry(entry: dict[str, Any], base_url: str) -> tuple[ExtractedFields, str]:
    """Extract the fields of one JSON object and the URL of its product.

    The object has the shape of a schema.org, Shopify or WooCommerce product, or is a flat record with columns of usual
    names.
    """
    if is_product_node(entry):
        document = empty_document(base_url)
        return schema_org.extract_schema_org([entry], document, "json-ld"), schema_org.product_url(entry, document)
    for platform in (shopify, woocommerce):
        if platform.is_product_json(entry):
            return platform.extract_fields(entry, base_url), platform.product_url(entry, base_url)
    return flat_record.extract_fields(entry, base_url, "json-lines"), flat_record.product_url(entry, base_url)


def _iter_rows(reader: Iterator[list[str]], on_bad_row: OnBadRow) -> Iterator[tuple[int, list[str]]]:
    """Yield (number from 1, cells) of each row that is not blank."""
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            on_bad_row(f"row {number}", f"it cannot be read: {error}")
            continue
        if any(cells):
            yield number, cells


def _iter_lines(raw: io.BufferedReader) -> Iterator[tuple[int, bytes | None]]:
    """Yield (number from 1, line), with None in place of a line that is too long."""
    number = 0
    while line := raw.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) <= MAX_LINE_BYTES or line.endswith(b"\n"):
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = raw.readline(MAX_LINE_BYTES + 1)
        yield number, None
