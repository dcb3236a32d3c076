"""`weft extract`: print what the crawler extracts from a saved page or feed, each field with its source."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from weft.errors import InputError, ShopError
from weft.progress import log_line

if TYPE_CHECKING:
    from crawler.extract.models import ExtractedProduct, SourcedValue

MAX_PAGE_BYTES = 64 * 1024**2
"""Maximum size of a page after decompression."""
PLACEHOLDER_BASE_URL = "https://feed.invalid/"
"""Relative URLs of a feed are resolved against it if no shop URL is given."""
_FIELDS = (
    *("title", "description", "brand", "colour", "sku", "gtin", "mpn", "group_id", "price", "currency", "availability"),
    "language",
)


def extract_page(page: Path, url: str) -> Iterator[str]:
    """Yield the product of a saved page, compressed with gzip or not, as one line of JSON.

    Raises:
        InputError: The page cannot be read or shows no product; the message says why.
    """
    from crawler.discover import urls
    from crawler.extract import combine
    from crawler.extract.explain import explain_no_product
    from crawler.overrides import load_override
    from crawler.page import document

    if urls.absolute_url(url, "") is None:
        raise InputError(f"--url: expected the http(s) URL that the page was saved from, got {url!r}")
    parsed = document.parse_html(document.decode_html(_read_page(page)), url)
    try:
        override = load_override(urlsplit(parsed.url).hostname or "")
    except ShopError as error:
        raise InputError(str(error)) from error
    product = combine.extract_product(parsed, override)
    if product is None:
        raise InputError(f"{page}: expected the page of one product, got: {explain_no_product(parsed)}")
    yield to_json_line(product)


def extract_feed(feed: Path, base_url: str | None) -> Iterator[str]:
    """Yield each product of a saved feed once, as lines of JSON; entries that are not products are logged.

    Raises:
        InputError: The feed cannot be read or holds no product.
    """
    from crawler.feeds import ignore_bad_row, merge_variants, reader

    skipped: list[tuple[str, str]] = []
    # merge_variants reads the feed twice, and only the second pass logs its bad rows.
    bad_row_handlers = iter((ignore_bad_row, lambda row, reason: skipped.append((row, reason))))
    any_product = False
    try:
        for product in merge_variants(
            lambda: reader.read_products(feed, base_url or PLACEHOLDER_BASE_URL, next(bad_row_handlers))
        ):
            any_product = True
            yield to_json_line(product)
            while skipped:
                row, reason = skipped.pop(0)
                log_line(f"skipped {feed}, {row}: {reason}")
    except ShopError as error:
        raise InputError(f"{feed}: {error}") from error
    for row, reason in skipped:
        log_line(f"skipped {feed}, {row}: {reason}")
    if not any_product:
        raise InputError(
            f"{feed}: expected products as JSON of Shopify or WooCommerce, a Merchant feed, JSON lines or CSV, got none"
        )


def to_json_line(product: "ExtractedProduct") -> str:
    """Return `product` as one line of JSON; a missing field is null."""
    line: dict[str, Any] = {
        "item_id": product.item_id.value,
        "item_id_source": product.item_id.source,
        "url": product.url,
    }
    line.update((name, _format_sourced_value(getattr(product, name))) for name in _FIELDS)
    deepest = max(product.categories, key=lambda path: path.value.count(" > "), default=None)
    line["category"] = _format_sourced_value(deepest)
    line["categories"] = [_format_sourced_value(path) for path in product.categories]
    line["attributes"] = [
        {"name": sourced.value.name, "value": sourced.value.value, "source": sourced.source}
        for sourced in product.attributes
    ]
    line["photos"] = [
        {"url": sourced.value.url, "colour": sourced.value.colour, "source": sourced.source}
        for sourced in product.photos
    ]
    return json.dumps(line, ensure_ascii=False)


def _format_sourced_value(sourced: "SourcedValue[str] | None") -> dict[str, str] | None:
    return {"value": sourced.value, "source": sourced.source} if sourced else None


def _read_page(page: Path) -> bytes:
    try:
        with page.open("rb") as stream:
            is_gzip = stream.read(2) == b"\x1f\x8b"
        with gzip.open(page) if is_gzip else page.open("rb") as source:
            body = source.read(MAX_PAGE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{page}: cannot be read: {error}") from error
    if len(body) > MAX_PAGE_BYTES:
        raise InputError(
            f"{page}: expected one saved page of at most {MAX_PAGE_BYTES} bytes after decompression, got a larger file"
        )
    return bytes(body)
