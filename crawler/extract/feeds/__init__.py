"""feeds: what a shop's software says of its products, as JSON, XML or rows, to the same type as a page. Pure.

Each reader yields `Found` and hands what it cannot use to `refuse(row, reason)`; a bad row is never fatal. What is
no feed of its kind at all is a ShopError.
"""

from crawler.extract.feeds.csv_catalogue import csv_products
from crawler.extract.feeds.json_lines import json_lines_products
from crawler.extract.feeds.merchant import merchant_products
from crawler.extract.feeds.rows import OnBadRow, ignore_bad_row
from crawler.extract.feeds.shopify import shopify_products
from crawler.extract.feeds.variants import merge_variants
from crawler.extract.feeds.woocommerce import woocommerce_products

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
