"""A feed or catalogue of unknown kind, recognised by its shape."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawler.extract import schema_org, shopify_json
from crawler.extract.document import empty_document
from crawler.extract.feeds import woocommerce
from crawler.extract.feeds.csv_catalogue import csv_products
from crawler.extract.feeds.json_lines import extract_entry, json_lines_products
from crawler.extract.feeds.merchant import merchant_products
from crawler.extract.feeds.rows import NOT_A_MAPPING, OnBadRow, entry_to_product, ignore_bad_row
from crawler.extract.feeds.source import open_limited
from crawler.extract.found import ExtractedProduct
from crawler.extract.schema_nodes import is_product_node
from weft.errors import ShopError

MAX_DOCUMENT_BYTES = 256 * 1024**2
"""Bytes of one JSON document, which is read whole; JSON lines, XML and CSV are streamed."""
_FORMAT_PREFIX_BYTES = 64 * 1024
_PRODUCT_LIST_KEYS = ("products", "items", "entries", "data", "results", "@graph", "product")


def read_feed_file(path: Path, base_url: str, on_bad_row: OnBadRow = ignore_bad_row) -> Iterator[ExtractedProduct]:
    """The products of the feed at `path`: JSON of Shopify, WooCommerce or schema.org, JSON lines, XML or CSV.

    Raises:
        ShopError: It cannot be read, or is none of these.
    """
    with open_limited(path) as stream:
        prefix = stream.peek(_FORMAT_PREFIX_BYTES)[:_FORMAT_PREFIX_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if prefix.startswith(b"<"):
        yield from merchant_products(path, base_url, on_bad_row)
    elif prefix[:1] not in (b"{", b"["):
        yield from csv_products(path, base_url, on_bad_row)
    elif prefix.startswith(b"{") and _is_complete_json(prefix.split(b"\n", 1)[0]) and b"\n" in prefix.strip():
        yield from json_lines_products(path, base_url, on_bad_row)
    else:
        with open_limited(path, max_bytes=MAX_DOCUMENT_BYTES) as stream:
            yield from _read_json_document(stream.read(), base_url, on_bad_row)


def _is_complete_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _read_json_document(body: bytes, base_url: str, on_bad_row: OnBadRow) -> Iterator[ExtractedProduct]:
    try:
        value = json.loads(body.decode("utf-8-sig", errors="replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise ShopError(f"{base_url}: is neither JSON ({error}) nor XML nor CSV") from error
    for number, entry in enumerate(_document_entries(value)):
        row = f"product {number}"
        if not isinstance(entry, dict):
            on_bad_row(row, NOT_A_MAPPING)
        elif is_product_node(entry):
            document = empty_document(base_url)
            extracted = schema_org.extract_schema_org([entry], document, "json-ld")
            yield from entry_to_product(extracted, schema_org.product_url(entry, document), row, on_bad_row)
        else:
            extracted, url = extract_entry(entry, base_url)
            yield from entry_to_product(extracted, url, row, on_bad_row)


def _document_entries(value: Any) -> list[Any]:
    """The list of products in a document, or the one product that it is."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and not (shopify_json.is_product_json(value) or woocommerce.is_product_json(value)):
        for key in _PRODUCT_LIST_KEYS:
            if isinstance(value.get(key), list | dict):
                return _document_entries(value[key])
    return [value]
