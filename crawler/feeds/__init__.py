"""Read product feeds and catalogues (JSON, XML, CSV) into the same type as product pages. No network access.

Each function yields `ExtractedProduct` and calls `on_bad_row(row, reason)` for an entry that it cannot use; a bad row
never stops the reading. A feed that is not of the expected format at all raises ShopError.
"""

from crawler.feeds.flat_record import OnBadRow, ignore_bad_row
from crawler.feeds.google_merchant import merchant_products
from crawler.feeds.shopify import shopify_products
from crawler.feeds.tabular import csv_products, json_lines_products
from crawler.feeds.variants import merge_variants
from crawler.feeds.woocommerce import woocommerce_products

__all__ = [
    "OnBadRow",
    "csv_products",
    "ignore_bad_row",
    "json_lines_products",
    "merchant_products",
    "merge_variants",
    "shopify_products",
    "woocommerce_products",
]
