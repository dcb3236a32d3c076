"""Read a product feed or catalogue of any format, and pass its products to the crawl in parts.

The format is detected from the first bytes in one place, so that the crawl and `weft extract` read the same bytes in
the same way.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from crawler.decoding.byte_stream import open_limited
from crawler.decoding.text_encoding import detect_feed_encoding
from crawler.discover import platform_apis
from crawler.extract.models import ExtractedProduct
from crawler.feeds.csv_feed import csv_products
from crawler.feeds.entries import OnBadRow, ignore_bad_row
from crawler.feeds.json_feed import MAX_LINE_BYTES, api_products, json_lines_products, json_products
from crawler.feeds.xml_feed import xml_products
from crawler.items import BadRow, FeedPartItem, FeedProduct
from weft.contracts.product import Product

FeedFormat = Literal["xml", "csv", "json", "json-lines"]

PRODUCTS_PER_ITEM = 100
"""Maximum number of products in one part of a feed."""
HEAD_BYTES = MAX_LINE_BYTES + 64 * 1024
"""Number of bytes from which the format is detected: the longest line of JSON lines and the start of the next."""
_MAX_REASON_CHARS = 120
_SNIFFED_CHARS = 4096
_XML_START = re.compile(r"<\?xml\b|<(?:rss|feed|yml_catalog|rdf:RDF|products|catalog|offers|shop)\b", re.IGNORECASE)


def read_feed(
    source: Path | bytes, url: str, shop: str, row: int, max_products: int = 0, *, total_pages: int = 0
) -> Iterator[FeedPartItem]:
    """Read a feed for the crawl.

    A response from a platform's API is read as that platform's JSON. Any other feed is read by `read_products`.

    Args:
        source: A file, or the body of a response.
        url: The URL of the feed; for a file, the URL of the shop. Relative URLs are resolved against it.
        shop: The name of the shop.
        row: The id of the feed in the frontier.
        max_products: Stop after this number of different products; 0 means no limit.
        total_pages: The number of pages that the platform's API reports; 0 if it does not report one.

    Yields:
        Parts of at most PRODUCTS_PER_ITEM products. A page of a platform's API is one part.

    Raises:
        ShopError: The feed cannot be read in any known format.
    """
    source_name = source.name if isinstance(source, Path) else url
    page = None if isinstance(source, Path) else platform_apis.parse_api_url(url)
    bad_rows: list[BadRow] = []

    def on_bad_row(location: str, reason: str) -> None:
        bad_rows.append(
            BadRow(f"{source_name}#{location.replace(' ', '-')}", f"feed: {reason.splitlines()[0][:_MAX_REASON_CHARS]}")
        )

    shop_products = (entry.to_product(shop) for entry in _read_entries(source, url, page, on_bad_row))
    position = (page.number - 1) * page.size if page else 0
    batch: list[FeedProduct] = []
    for product in _limit_products(shop_products, max_products):
        batch.append(FeedProduct(position, product))
        position += 1
        if len(batch) == PRODUCTS_PER_ITEM and page is None:
            yield FeedPartItem(row=row, is_final=False, products=tuple(batch), bad_rows=tuple(bad_rows))
            batch, bad_rows[:] = [], []
    is_last = page is None or not batch or page.number == total_pages
    next_pages = () if is_last else (platform_apis.next_page_url(url),)
    yield FeedPartItem(row=row, products=tuple(batch), bad_rows=tuple(bad_rows), next_pages=next_pages)


def read_products(
    source: Path | bytes, base_url: str, on_bad_row: OnBadRow = ignore_bad_row
) -> Iterator[ExtractedProduct]:
    """Read the products of a feed whose format is unknown.

    Args:
        source: A file, or the bytes of one; gzip is decompressed.
        base_url: Relative URLs are resolved against it.
        on_bad_row: Called with each entry that is not a product.

    Raises:
        ShopError: The feed cannot be read as JSON, JSON lines, XML or CSV.
    """
    with open_limited(_to_stream(source), _error_name(source, base_url)) as stream:
        feed_format = detect_format(stream.read(HEAD_BYTES))
    if feed_format == "xml":
        yield from xml_products(_to_stream(source), base_url, on_bad_row)
    elif feed_format == "csv":
        yield from csv_products(_to_stream(source), base_url, on_bad_row)
    elif feed_format == "json-lines":
        yield from json_lines_products(_to_stream(source), base_url, on_bad_row)
    else:
        yield from json_products(_to_stream(source), base_url, on_bad_row)


def detect_format(head: bytes) -> FeedFormat:
    """Detect the format of a feed.

    Args:
        head: Its first HEAD_BYTES bytes after decompression, or all of them if there are fewer.
    """
    text = head.decode(detect_feed_encoding(head), errors="replace").lstrip("\ufeff \t\r\n")
    # PHP prints its warnings in front of the XML that it generates.
    if text.startswith("<") or _XML_START.search(text[:_SNIFFED_CHARS]):
        return "xml"
    if text.startswith("{"):
        return "json-lines" if _is_json_lines(text.encode()) else "json"
    return "json" if text.startswith("[") else "csv"


def read_url_list(path: Path) -> list[str]:
    """Read a file of URLs, one a line; in a CSV file, the first cell of each row.

    Raises:
        ShopError: The file cannot be read.
    """
    with open_limited(path) as stream:
        text = stream.read().decode("utf-8-sig", errors="replace")
    return [cell for line in text.splitlines() if (cell := line.split(",")[0].strip().strip('"'))]


def _read_entries(
    source: Path | bytes, url: str, page: platform_apis.ApiPage | None, on_bad_row: OnBadRow
) -> Iterable[ExtractedProduct]:
    if page is None or isinstance(source, Path):
        return read_products(source, url, on_bad_row)
    return api_products(source, url, page.platform, on_bad_row)


def _to_stream(source: Path | bytes) -> Path | io.BytesIO:
    return source if isinstance(source, Path) else io.BytesIO(source)


def _error_name(source: Path | bytes, base_url: str) -> str:
    return str(source) if isinstance(source, Path) else base_url


def _is_json_lines(head: bytes) -> bool:
    """Whether a line of `head` is a complete JSON object that is not part of a larger value.

    An object inside a larger JSON value follows "[", "," or ":". In JSON lines it follows the previous row, which may
    be broken. A single line is not JSON lines: `{"products": [...]}` is often written on one.
    """
    lines = [line for line in map(bytes.strip, head.split(b"\n")) if line]
    previous = b""
    for line in lines if len(lines) > 1 else ():
        if line.startswith(b"{") and not previous.endswith((b"[", b",", b":")) and _is_json(line):
            return True
        previous = line
    return False


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line.decode("utf-8", errors="replace"), strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _limit_products(products: Iterable[Product], max_products: int) -> Iterator[Product]:
    """Yield products until one more would be a different product number `max_products` + 1; 0 means no limit."""
    seen: set[str] = set()
    for product in products:
        if max_products:
            if product.product_id not in seen and len(seen) == max_products:
                return
            seen.add(product.product_id)
        yield product
