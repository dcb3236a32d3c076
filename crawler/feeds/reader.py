"""Feed: the products of a platform's list, a merchant's feed or a catalogue file, in parts that a store can keep.

A feed or catalogue of unknown kind, recognised by its shape.
"""

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from crawler import feeds
from crawler.discover import platform_apis
from crawler.extract import schema_org, shopify
from crawler.extract.document import empty_document
from crawler.extract.main_product import is_product_node
from crawler.extract.models import ExtractedProduct
from crawler.feeds import woocommerce
from crawler.feeds.byte_stream import open_limited
from crawler.feeds.flat_record import NOT_A_MAPPING, OnBadRow, entry_to_product, ignore_bad_row
from crawler.feeds.google_merchant import merchant_products
from crawler.feeds.tabular import csv_products, extract_entry, json_lines_products
from crawler.items import BadRow, FeedPartItem, FeedProduct
from weft.contracts.product import Product
from weft.errors import ShopError

PRODUCTS_PER_ITEM = 100
"""Products kept at once."""
MAX_JSON_BYTES = 256 * 1024**2
"""Bytes of a catalogue that is one JSON value, which cannot be read in parts."""
_HEAD_BYTES = 4096
_MAX_REASON_CHARS = 120


def read_feed(
    source: Path | bytes, url: str, shop: str, row: int, max_products: int = 0, *, total_pages: int = 0
) -> Iterator[FeedPartItem]:
    """Read a feed of any kind, told by its address where it is a platform's, else by its first bytes.

    Args:
        source: A file, or what was served.
        url: Where the feed was found; for a file, where the shop is. Relative addresses start here.
        shop: Our name for the shop.
        row: The feed's id in the frontier.
        most: Leave out what comes after so many different products; 0 takes all.
        pages_in_all: How many pages the platform says its list has; 0 where it does not say.

    Raises:
        ShopError: It is no feed that anybody here can read.
    """
    source_name = source.name if isinstance(source, Path) else url
    page = None if isinstance(source, Path) else platform_apis.parse_api_url(url)
    bad_rows: list[BadRow] = []

    def on_bad_row(location: str, reason: str) -> None:
        bad_rows.append(
            BadRow(f"{source_name}#{location.replace(' ', '-')}", f"feed: {reason.splitlines()[0][:_MAX_REASON_CHARS]}")
        )

    shop_products = (entry.to_product(shop) for entry in _read_feed_entries(source, url, page, on_bad_row))
    position = (page.number - 1) * page.size if page else 0
    batch: list[FeedProduct] = []
    for product in _take_products(shop_products, max_products):
        batch.append(FeedProduct(position, product))
        position += 1
        if len(batch) == PRODUCTS_PER_ITEM and page is None:
            yield FeedPartItem(row=row, is_final=False, products=tuple(batch), bad_rows=tuple(bad_rows))
            batch, bad_rows[:] = [], []
    is_last = page is None or not batch or page.number == total_pages
    next_pages = () if is_last else (platform_apis.next_page_url(url),)
    yield FeedPartItem(row=row, products=tuple(batch), bad_rows=tuple(bad_rows), next_pages=next_pages)


def _read_feed_entries(
    source: Path | bytes, url: str, page: platform_apis.ApiPage | None, on_bad_row: feeds.OnBadRow
) -> Iterable[ExtractedProduct]:
    if page is not None and isinstance(source, bytes):
        read_entries = feeds.shopify_products if page.platform == platform_apis.SHOPIFY else feeds.woocommerce_products
        return read_entries(source, url, on_bad_row)
    stream: Path | BinaryIO = source if isinstance(source, Path) else io.BytesIO(source)
    head = _read_head(source, url)
    if head.startswith(b"<"):
        return feeds.merchant_products(stream, url, on_bad_row)
    if head.startswith((b"{", b"[")):
        return _read_json_entries(source, url, head, on_bad_row)
    return feeds.csv_products(stream, url, on_bad_row)


def _read_json_entries(
    source: Path | bytes, url: str, head: bytes, on_bad_row: feeds.OnBadRow
) -> Iterable[ExtractedProduct]:
    """One value with all products, or a product a line."""
    is_single_document = head.startswith(b"[") or b'"products"' in head[:200]
    if not is_single_document:
        return feeds.json_lines_products(source if isinstance(source, Path) else io.BytesIO(source), url, on_bad_row)
    with open_limited(source if isinstance(source, Path) else io.BytesIO(source), url, MAX_JSON_BYTES) as stream:
        body = stream.read()
    read_entries = feeds.woocommerce_products if b'"permalink"' in body else feeds.shopify_products
    return read_entries(body, url, on_bad_row)


def _read_head(source: Path | bytes, url: str) -> bytes:
    with open_limited(source if isinstance(source, Path) else io.BytesIO(source), url) as stream:
        return stream.read(_HEAD_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")


def _take_products(products: Iterable[Product], max_products: int) -> Iterator[Product]:
    """The products up to the last that is one of the first `most` different ones."""
    seen: set[str] = set()
    for product in products:
        if max_products:
            if product.product_id not in seen and len(seen) == max_products:
                return
            seen.add(product.product_id)
        yield product


def read_url_list(path: Path) -> list[str]:
    """The lines of a file of addresses, one a line; of a CSV the first cell.

    Raises:
        ShopError: It cannot be read.
    """
    with open_limited(path) as stream:
        text = stream.read().decode("utf-8-sig", errors="replace")
    return [cell for line in text.splitlines() if (cell := line.split(",")[0].strip().strip('"'))]


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
    if isinstance(value, dict) and not (shopify.is_product_json(value) or woocommerce.is_product_json(value)):
        for key in _PRODUCT_LIST_KEYS:
            if isinstance(value.get(key), list | dict):
                return _document_entries(value[key])
    return [value]
