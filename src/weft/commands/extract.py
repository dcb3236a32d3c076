"""extract: what the crawler would take from a saved page or feed, every field with the layer it came from."""

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
"""Bytes of a page, after decompression."""
PLACEHOLDER_BASE_URL = "https://feed.invalid/"
"""Relative links of a feed whose shop nobody names start here."""
_FIELDS = ("title", "description", "brand", "colour", "sku", "gtin", "group_id", "price", "availability")


def extract_page(page: Path, url: str) -> Iterator[str]:
    """The product of a saved page, gzip or not, as one JSON line.

    Raises:
        InputError: The page cannot be read, or shows no product; the message says why.
    """
    from crawler.discover import urls
    from crawler.extract import combine, document
    from crawler.extract.explain import explain_no_product
    from crawler.overrides import load_override

    if urls.absolute_url(url, "") is None:
        raise InputError(f"--url {url}: wanted the http(s) URL that the page was saved from")
    parsed = document.parse_html(document.decode_html(_read_page(page)), url)
    try:
        override = load_override(urlsplit(parsed.url).hostname or "")
    except ShopError as error:
        raise InputError(str(error)) from error
    product = combine.extract_product(parsed, override)
    if product is None:
        raise InputError(f"{page}: no product: {explain_no_product(parsed)}")
    yield to_json_line(product)


def extract_feed(feed: Path, base_url: str | None) -> Iterator[str]:
    """The products of a saved feed as JSON lines, each item once; what is no product is said on standard error.

    Raises:
        InputError: The feed cannot be read, or holds no product.
    """
    from crawler.feeds import ignore_bad_row, merge_variants, reader

    skipped: list[tuple[str, str]] = []
    bad_row_handlers = iter((ignore_bad_row, lambda row, reason: skipped.append((row, reason))))
    any_product = False
    try:
        for product in merge_variants(
            lambda: reader.read_feed_file(feed, base_url or PLACEHOLDER_BASE_URL, next(bad_row_handlers))
        ):
            any_product = True
            yield to_json_line(product)
            while skipped:
                log_line(f"left out {feed}, {': '.join(skipped.pop(0))}")
    except ShopError as error:
        raise InputError(f"{feed}: {error}") from error
    for row, reason in skipped:
        log_line(f"left out {feed}, {row}: {reason}")
    if not any_product:
        raise InputError(
            f"{feed}: no product: wanted the JSON of Shopify or WooCommerce, a Merchant feed, JSON lines or CSV"
        )


def to_json_line(product: "ExtractedProduct") -> str:
    """`found` as one line of JSON; a field that nobody tells is null."""
    line: dict[str, Any] = {
        "item_id": product.item_id.value,
        "item_id_layer": product.item_id.source,
        "url": product.url,
    }
    line.update((name, _format_sourced_value(getattr(product, name))) for name in _FIELDS)
    deepest = max(product.categories, key=lambda path: path.value.count(" > "), default=None)
    line["category"] = _format_sourced_value(deepest)
    line["categories"] = [_format_sourced_value(path) for path in product.categories]
    line["attributes"] = [
        {"name": sourced.value.name, "value": sourced.value.value, "layer": sourced.source}
        for sourced in product.attributes
    ]
    line["photos"] = [
        {"url": sourced.value.url, "colour": sourced.value.colour, "layer": sourced.source}
        for sourced in product.photos
    ]
    return json.dumps(line, ensure_ascii=False)


def _format_sourced_value(sourced: "SourcedValue[str] | None") -> dict[str, str] | None:
    return {"value": sourced.value, "layer": sourced.source} if sourced else None


def _read_page(page: Path) -> bytes:
    try:
        with page.open("rb") as stream:
            is_gzip = stream.read(2) == b"\x1f\x8b"
        with gzip.open(page) if is_gzip else page.open("rb") as source:
            body = source.read(MAX_PAGE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{page}: cannot be read: {error}") from error
    if len(body) > MAX_PAGE_BYTES:
        raise InputError(f"{page}: larger than {MAX_PAGE_BYTES} bytes after decompression; wanted one saved page")
    return bytes(body)
