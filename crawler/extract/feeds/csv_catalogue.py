"""A catalogue as CSV: columns known by their usual names, rows read one by one."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from crawler.extract.feeds import record
from crawler.extract.feeds.rows import Refuse, ignore, told
from crawler.extract.feeds.source import opened
from crawler.extract.found import Found
from weft.errors import ShopError

_LONGEST_HEADER = 64 * 1024
_DELIMITERS = ",;\t|"


def csv_products(stream: Path | str | BinaryIO, base_url: str, refuse: Refuse = ignore) -> Iterator[Found]:
    """One product per row of a CSV with a header; rows of one group have one item id (see `collapse`).

    Comma, semicolon, tab and bar separate; the text is UTF-8, gzip or not.

    Args:
        stream: A path or an open binary stream.
        base_url: Relative links start here; a row without a link is named within it.
        refuse: Told of each row that is no product.

    Raises:
        ShopError: It cannot be read, or no column is known as a title.
    """
    with opened(stream, base_url if not isinstance(stream, str | Path) else "") as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
        header_line = text.readline(_LONGEST_HEADER)
        delimiter = max(_DELIMITERS, key=header_line.count)
        header = next(csv.reader([header_line], delimiter=delimiter), [])
        known = record.columns(dict.fromkeys(header))
        if not {"title", "name", "product_name", "product_title", "item_name"} & set(known):
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
                refuse(f"row {number}", f"it cannot be read: {error}")
                continue
            if not any(cells):
                continue
            if len(cells) > len(header):
                refuse(f"row {number}", f"it has {len(cells)} cells, the header {len(header)}")
                continue
            row = {name: cell for name, cell in zip(header, cells, strict=False) if cell.strip()}
            layer = record.layer(row, base_url, "csv")
            yield from told(layer, record.address(row, base_url), f"row {number}", refuse)
