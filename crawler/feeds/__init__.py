"""Read product feeds and catalogues (JSON, XML, CSV) into the same type as product pages. No network access.

Each function yields `ExtractedProduct` and calls `on_bad_row(row, reason)` for an entry that it cannot use; a bad row
never stops the reading. A feed that is not of the expected format at all raises ShopError.
"""

from crawler.feeds.csv_feed import csv_products
from crawler.feeds.entries import OnBadRow, ignore_bad_row
from crawler.feeds.json_feed import json_lines_products, json_products
from crawler.feeds.variants import merge_variants
from crawler.feeds.xml_feed import xml_products

__all__ = [
    "OnBadRow",
    "csv_products",
    "ignore_bad_row",
    "json_lines_products",
    "json_products",
    "merge_variants",
    "xml_products",
]
