"""A catalogue as CSV: columns known by their usual names, rows read one by one."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from crawler.extract.feeds import record
from crawler.extract.feeds.rows import OnBadRow, entry_to_product, ignore_bad_row
from crawler.extract.feeds.source import open_limited
from crawler.extract.found import ExtractedProduct
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
        known_columns = record.normalise_columns(dict.fromkeys(header))
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
            extracted = record.extract_fields(row, base_url, "csv")
            yield from entry_to_product(extracted, record.product_url(row, base_url), f"row {number}", on_bad_row)
