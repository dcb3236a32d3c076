"""Feed: the products of a platform's list, a merchant's feed or a catalogue file, in parts that a store can keep."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from crawler.discover import platforms
from crawler.extract import feeds
from crawler.extract.feeds.source import opened
from crawler.extract.found import Found
from crawler.outcomes import BadRow, FeedProduct, FeedRead
from weft.contracts.product import Product

PART = 100
"""Products kept at once."""
LARGEST_JSON = 256 * 1024**2
"""Bytes of a catalogue that is one JSON value, which cannot be read in parts."""
_OPENING = 4096
_LONGEST_REASON = 120


def read(
    source: Path | bytes, url: str, shop: str, row: int, most: int = 0, *, pages_in_all: int = 0
) -> Iterator[FeedRead]:
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
    named = source.name if isinstance(source, Path) else url
    page = None if isinstance(source, Path) else platforms.page_of(url)
    bad: list[BadRow] = []

    def refuse(place: str, reason: str) -> None:
        bad.append(BadRow(f"{named}#{place.replace(' ', '-')}", f"feed: {reason.splitlines()[0][:_LONGEST_REASON]}"))

    found = (entry.product(shop) for entry in _entries(source, url, page, refuse))
    place = (page.number - 1) * page.size if page else 0
    part: list[FeedProduct] = []
    for product in _first_of(found, most):
        part.append(FeedProduct(place, product))
        place += 1
        if len(part) == PART and page is None:
            yield FeedRead(row=row, settles=False, products=tuple(part), bad=tuple(bad))
            part, bad[:] = [], []
    is_last = page is None or not part or page.number == pages_in_all
    further = () if is_last else (platforms.next_page(url),)
    yield FeedRead(row=row, products=tuple(part), bad=tuple(bad), feeds=further)


def _entries(source: Path | bytes, url: str, page: platforms.Page | None, refuse: feeds.Refuse) -> Iterable[Found]:
    if page is not None and isinstance(source, bytes):
        reads = feeds.shopify_products if page.platform == platforms.SHOPIFY else feeds.woocommerce_products
        return reads(source, url, refuse)
    stream: Path | BinaryIO = source if isinstance(source, Path) else io.BytesIO(source)
    opening = _opening(source, url)
    if opening.startswith(b"<"):
        return feeds.merchant_products(stream, url, refuse)
    if opening.startswith((b"{", b"[")):
        return _json_entries(source, url, opening, refuse)
    return feeds.csv_products(stream, url, refuse)


def _json_entries(source: Path | bytes, url: str, opening: bytes, refuse: feeds.Refuse) -> Iterable[Found]:
    """One value with all products, or a product a line."""
    whole = opening.startswith(b"[") or b'"products"' in opening[:200]
    if not whole:
        return feeds.json_lines_products(source if isinstance(source, Path) else io.BytesIO(source), url, refuse)
    with opened(source if isinstance(source, Path) else io.BytesIO(source), url, LARGEST_JSON) as stream:
        body = stream.read()
    reads = feeds.woocommerce_products if b'"permalink"' in body else feeds.shopify_products
    return reads(body, url, refuse)


def _opening(source: Path | bytes, url: str) -> bytes:
    with opened(source if isinstance(source, Path) else io.BytesIO(source), url) as stream:
        return stream.read(_OPENING).lstrip(b"\xef\xbb\xbf \t\r\n")


def _first_of(products: Iterable[Product], most: int) -> Iterator[Product]:
    """The products up to the last that is one of the first `most` different ones."""
    seen: set[str] = set()
    for product in products:
        if most:
            if product.product_id not in seen and len(seen) == most:
                return
            seen.add(product.product_id)
        yield product


def lines(path: Path) -> list[str]:
    """The lines of a file of addresses, one a line; of a CSV the first cell.

    Raises:
        ShopError: It cannot be read.
    """
    with opened(path) as stream:
        text = stream.read().decode("utf-8-sig", errors="replace")
    return [cell for line in text.splitlines() if (cell := line.split(",")[0].strip().strip('"'))]
