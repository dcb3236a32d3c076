"""feeds: what a shop's software says of its products, as JSON, XML or rows, to the same type as a page. Pure.

Each reader yields `Found` and hands what it cannot use to `refuse(row, reason)`; a bad row is never fatal. What is
no feed of its kind at all is a ShopError.
"""

from crawler.feeds.flat_record import OnBadRow, ignore_bad_row
from crawler.feeds.google_merchant import merchant_products
from crawler.feeds.shopify import shopify_products
from crawler.feeds.tabular import csv_products, json_lines_products
from crawler.feeds.variants import merge_variants
from crawler.feeds.woocommerce import woocommerce_products

__all__ = [
    "OnBadRow",
    "merge_variants",
    "csv_products",
    "ignore_bad_row",
    "json_lines_products",
    "merchant_products",
    "shopify_products",
    "woocommerce_products",
]
