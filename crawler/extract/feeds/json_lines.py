"""A catalogue as JSON lines: one mapping a line, in the shape of any platform or with columns of the usual names."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from crawler.extract import shopify_json
from crawler.extract.feeds import record, woocommerce
from crawler.extract.feeds.rows import NOT_A_MAPPING, OnBadRow, entry_to_product, ignore_bad_row
from crawler.extract.feeds.source import open_limited
from crawler.extract.found import ExtractedProduct
from crawler.extract.layer import ExtractedFields

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
    for platform in (shopify_json, woocommerce):
        if platform.is_product(entry):
            return platform.layer(entry, base_url), platform.address(entry, base_url)
    return record.extract_fields(entry, base_url, "json-lines"), record.product_url(entry, base_url)


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
