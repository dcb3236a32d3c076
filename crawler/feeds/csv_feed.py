"""Catalogues in CSV: the exports of shop software, and any table with columns of usual names."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from crawler.extract import flat_record
from crawler.extract.models import ExtractedFields, ExtractedProduct
from crawler.feeds import bigcommerce, magento, opencart, prestashop, shopify, woocommerce
from crawler.feeds.csv_table import Rows, open_table
from crawler.feeds.entries import OnBadRow, entry_to_product, ignore_bad_row
from crawler.values.column_names import normalise_columns
from weft.errors import ShopError


class CsvExport(NamedTuple):
    """The export of one shop software."""

    has_header: Callable[[frozenset[str]], bool]
    """Whether the normalised column names are those of this software."""
    read: Callable[[Rows, str, OnBadRow], Iterator[tuple[str, ExtractedFields, str]]]
    """Yields (location, fields, URL) of each entry."""


_EXPORTS = (
    CsvExport(shopify.is_csv_header, shopify.read_csv),
    CsvExport(woocommerce.is_csv_header, woocommerce.read_csv),
    CsvExport(magento.is_csv_header, magento.read_csv),
    CsvExport(bigcommerce.is_csv_header, bigcommerce.read_csv),
    CsvExport(prestashop.is_csv_header, prestashop.read_csv),
    CsvExport(opencart.is_csv_header, opencart.read_csv),
)


def csv_products(
    source: Path | str | BinaryIO, base_url: str, on_bad_row: OnBadRow = ignore_bad_row
) -> Iterator[ExtractedProduct]:
    """Yield one product per row, or per group of rows of the export of a shop software that `_EXPORTS` knows.

    Rows of one group have the same item id; `merge_variants` merges them.

    Args:
        source: A path or an open binary stream that can be read twice; compressed with gzip or not.
        base_url: Relative URLs are resolved against it. A row without a link gets a URL below it.
        on_bad_row: Called with each row that is not a product.

    Raises:
        ShopError: The file cannot be read, or the header has no column for the title.
    """
    name = "" if isinstance(source, str | Path) else base_url
    start = 0 if isinstance(source, str | Path) else source.tell()

    def read_rows(on_bad_row: OnBadRow) -> Iterator[tuple[int, dict[str, str]]]:
        if not isinstance(source, str | Path):
            source.seek(start)
        with open_table(source, name, on_bad_row) as table:
            yield from table.rows

    with open_table(source, name, ignore_bad_row) as table:
        header = table.header
    columns = frozenset(normalise_columns(dict.fromkeys(header)))
    if not flat_record.TITLE_COLUMNS & columns:
        raise ShopError(
            f"{base_url}: the first line: expected column names with one of "
            f"{', '.join(sorted(flat_record.TITLE_COLUMNS))}, got {header[:8]}"
        )
    read = next((export.read for export in _EXPORTS if export.has_header(columns)), _read_flat_rows)
    for location, extracted, url in read(read_rows, base_url, on_bad_row):
        yield from entry_to_product(extracted, url, location, on_bad_row)


def _read_flat_rows(rows: Rows, base_url: str, on_bad_row: OnBadRow) -> Iterator[tuple[str, ExtractedFields, str]]:
    for number, row in rows(on_bad_row):
        yield f"row {number}", *flat_record.read_record(row, base_url, "csv")
