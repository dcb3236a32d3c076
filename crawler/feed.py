"""Feed: the products of a platform's list, a merchant's feed or a catalogue file, in parts that a store can keep."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from crawler.discover import platforms
from crawler.extract import feeds
from crawler.extract.feeds.source import open_limited
from crawler.extract.found import ExtractedProduct
from crawler.outcomes import BadRow, FeedPartItem, FeedProduct
from weft.contracts.product import Product

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
    page = None if isinstance(source, Path) else platforms.parse_api_url(url)
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
    next_pages = () if is_last else (platforms.next_page_url(url),)
    yield FeedPartItem(row=row, products=tuple(batch), bad_rows=tuple(bad_rows), next_pages=next_pages)


def _read_feed_entries(
    source: Path | bytes, url: str, page: platforms.ApiPage | None, on_bad_row: feeds.OnBadRow
) -> Iterable[ExtractedProduct]:
    if page is not None and isinstance(source, bytes):
        read_entries = feeds.shopify_products if page.platform == platforms.SHOPIFY else feeds.woocommerce_products
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
