"""extract: what the crawler would take from a saved page or feed, every field with the layer it came from."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from weft.errors import InputError, ShopError
from weft.progress import say

if TYPE_CHECKING:
    from crawler.extract.found import Found, Told

LARGEST_PAGE = 64 * 1024**2
"""Bytes of a page, after decompression."""
NO_BASE = "https://feed.invalid/"
"""Relative links of a feed whose shop nobody names start here."""
_FIELDS = ("title", "description", "brand", "colour", "sku", "gtin", "group_id", "price", "availability")


def extract_page(page: Path, url: str) -> Iterator[str]:
    """The product of a saved page, gzip or not, as one JSON line.

    Raises:
        InputError: The page cannot be read, or shows no product; the message says why.
    """
    from crawler.discover import urls
    from crawler.extract import document, merge
    from crawler.extract.verdict import why_none
    from crawler.overrides import load_override

    if urls.absolute(url, "") is None:
        raise InputError(f"--url {url}: wanted the http(s) URL that the page was saved from")
    parsed = document.parse(document.decode(_bytes_of(page)), url)
    try:
        override = load_override(urlsplit(parsed.url).hostname or "")
    except ShopError as error:
        raise InputError(str(error)) from error
    found = merge.merge(parsed, override)
    if found is None:
        raise InputError(f"{page}: no product: {why_none(parsed)}")
    yield to_line(found)


def extract_feed(feed: Path, base_url: str | None) -> Iterator[str]:
    """The products of a saved feed as JSON lines, each item once; what is no product is said on standard error.

    Raises:
        InputError: The feed cannot be read, or holds no product.
    """
    from crawler.extract.feeds import collapse, ignore, sniffed

    refused: list[tuple[str, str]] = []
    passes = iter((ignore, lambda row, reason: refused.append((row, reason))))
    any_product = False
    try:
        for found in collapse(lambda: sniffed.products(feed, base_url or NO_BASE, next(passes))):
            any_product = True
            yield to_line(found)
            while refused:
                say(f"left out {feed}, {': '.join(refused.pop(0))}")
    except ShopError as error:
        raise InputError(f"{feed}: {error}") from error
    for row, reason in refused:
        say(f"left out {feed}, {row}: {reason}")
    if not any_product:
        raise InputError(
            f"{feed}: no product: wanted the JSON of Shopify or WooCommerce, a Merchant feed, JSON lines or CSV"
        )


def to_line(found: "Found") -> str:
    """`found` as one line of JSON; a field that nobody tells is null."""
    line: dict[str, Any] = {"item_id": found.item_id.value, "item_id_layer": found.item_id.layer, "url": found.url}
    line.update((name, _told(getattr(found, name))) for name in _FIELDS)
    deepest = max(found.categories, key=lambda path: path.value.count(" > "), default=None)
    line["category"] = _told(deepest)
    line["categories"] = [_told(path) for path in found.categories]
    line["attributes"] = [
        {"name": told.value.name, "value": told.value.value, "layer": told.layer} for told in found.attributes
    ]
    line["photos"] = [
        {"url": told.value.url, "colour": told.value.colour, "layer": told.layer} for told in found.photos
    ]
    return json.dumps(line, ensure_ascii=False)


def _told(told: "Told[str] | None") -> dict[str, str] | None:
    return {"value": told.value, "layer": told.layer} if told else None


def _bytes_of(page: Path) -> bytes:
    try:
        with page.open("rb") as stream:
            is_gzip = stream.read(2) == b"\x1f\x8b"
        with gzip.open(page) if is_gzip else page.open("rb") as source:
            body = source.read(LARGEST_PAGE + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{page}: cannot be read: {error}") from error
    if len(body) > LARGEST_PAGE:
        raise InputError(f"{page}: larger than {LARGEST_PAGE} bytes after decompression; wanted one saved page")
    return bytes(body)
