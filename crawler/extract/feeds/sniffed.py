"""A feed or catalogue of unknown kind, recognised by its shape."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawler.extract import schema_org, shopify_json
from crawler.extract.document import page_of
from crawler.extract.feeds import woocommerce
from crawler.extract.feeds.csv_catalogue import csv_products
from crawler.extract.feeds.json_lines import entry_layer, json_lines_products
from crawler.extract.feeds.merchant import merchant_products
from crawler.extract.feeds.rows import NO_MAPPING, Refuse, ignore, told
from crawler.extract.feeds.source import opened
from crawler.extract.found import Found
from crawler.extract.schema_nodes import is_product
from weft.errors import ShopError

LARGEST_DOCUMENT = 256 * 1024**2
"""Bytes of one JSON document, which is read whole; JSON lines, XML and CSV are streamed."""
_START = 64 * 1024
_LISTS = ("products", "items", "entries", "data", "results", "@graph", "product")


def products(path: Path, base_url: str, refuse: Refuse = ignore) -> Iterator[Found]:
    """The products of the feed at `path`: JSON of Shopify, WooCommerce or schema.org, JSON lines, XML or CSV.

    Raises:
        ShopError: It cannot be read, or is none of these.
    """
    with opened(path) as stream:
        start = stream.peek(_START)[:_START].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        yield from merchant_products(path, base_url, refuse)
    elif start[:1] not in (b"{", b"["):
        yield from csv_products(path, base_url, refuse)
    elif start.startswith(b"{") and _is_whole(start.split(b"\n", 1)[0]) and b"\n" in start.strip():
        yield from json_lines_products(path, base_url, refuse)
    else:
        with opened(path, most=LARGEST_DOCUMENT) as stream:
            yield from _document(stream.read(), base_url, refuse)


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _document(body: bytes, base_url: str, refuse: Refuse) -> Iterator[Found]:
    try:
        value = json.loads(body.decode("utf-8-sig", errors="replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise ShopError(f"{base_url}: is neither JSON ({error}) nor XML nor CSV") from error
    for number, entry in enumerate(_entries(value)):
        row = f"product {number}"
        if not isinstance(entry, dict):
            refuse(row, NO_MAPPING)
        elif is_product(entry):
            document = page_of(base_url)
            layer = schema_org.read([entry], document, "json-ld")
            yield from told(layer, schema_org.address(entry, document), row, refuse)
        else:
            layer, url = entry_layer(entry, base_url)
            yield from told(layer, url, row, refuse)


def _entries(value: Any) -> list[Any]:
    """The list of products in a document, or the one product that it is."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and not (shopify_json.is_product(value) or woocommerce.is_product(value)):
        for key in _LISTS:
            if isinstance(value.get(key), list | dict):
                return _entries(value[key])
    return [value]
