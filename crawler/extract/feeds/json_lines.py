"""A catalogue as JSON lines: one mapping a line, in the shape of any platform or with columns of the usual names."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from crawler.extract import shopify_json
from crawler.extract.feeds import record, woocommerce
from crawler.extract.feeds.rows import NO_MAPPING, Refuse, ignore, told
from crawler.extract.feeds.source import opened
from crawler.extract.found import Found
from crawler.extract.layer import Layer

LONGEST_LINE = 4 * 1024**2
"""Bytes of one line; a longer one is refused."""


def json_lines_products(stream: Path | str | BinaryIO, base_url: str, refuse: Refuse = ignore) -> Iterator[Found]:
    """One product per line; lines of one group have one item id (see `collapse`).

    Args:
        stream: A path or an open binary stream, gzip or not.
        base_url: Relative links start here; a line without a link is named within it.
        refuse: Told of each line that is no product.

    Raises:
        ShopError: It cannot be read.
    """
    with opened(stream, base_url if not isinstance(stream, str | Path) else "") as raw:
        for number, line in _lines(raw):
            row = f"line {number}"
            if line is None:
                refuse(row, f"it is longer than {LONGEST_LINE} bytes")
                continue
            if not line.strip():
                continue
            try:
                entry = json.loads(line.decode("utf-8-sig", errors="replace"), strict=False)
            except (ValueError, RecursionError) as error:
                refuse(row, f"it is no JSON: {error}")
                continue
            if not isinstance(entry, dict):
                refuse(row, NO_MAPPING)
                continue
            layer, url = entry_layer(entry, base_url)
            yield from told(layer, url, row, refuse)


def entry_layer(entry: dict[str, Any], base_url: str) -> tuple[Layer, str]:
    """(what a mapping says, its product's URL), whatever shape it has."""
    for shape in (shopify_json, woocommerce):
        if shape.is_product(entry):
            return shape.layer(entry, base_url), shape.address(entry, base_url)
    return record.layer(entry, base_url, "json-lines"), record.address(entry, base_url)


def _lines(raw: io.BufferedReader) -> Iterator[tuple[int, bytes | None]]:
    number = 0
    while line := raw.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) <= LONGEST_LINE or line.endswith(b"\n"):
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = raw.readline(LONGEST_LINE + 1)
        yield number, None
