"""Platform JSON that a page carries for its own scripts: Shopify's product, whole, with its variants and images."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from crawler.extract import shopify_json
from crawler.extract.document import Document, clean_text
from crawler.extract.layer import ExtractedFields

_PRODUCT_JSON_START = re.compile(
    r"(?:\bproduct|\bmeta|productJson|product_json|current_?[pP]roduct)[\"']?\s*[:=]\s*(?=\{)"
)
_ANALYTICS_PRODUCT_ID = re.compile(
    r"\bmeta\s*=\s*\{\s*\"product\":\s*\{\s*\"id\":\s*(\d+)|\"resourceType\":\s*\"product\",\s*\"resourceId\":\s*(\d+)"
)
_MAX_JSON_DEPTH, _MAX_JSON_VALUES = 6, 2_000
_MAX_SCRIPT_LENGTH = 2_000_000


def extract_shopify(document: Document) -> ExtractedFields:
    """What the page's own product JSON says; quick views of other products lose."""
    if '"variants"' not in document.html and "Shopify" not in document.html:
        return ExtractedFields(source="shopify")
    found = [entry for text in _product_scripts(document) for entry in _iter_products(text)]
    handle = unquote(urlsplit(document.canonical_url).path.rstrip("/").rsplit("/", 1)[-1])
    matching = [entry for entry in found if clean_text(entry.get("handle")) == handle]
    ids = {clean_text(entry.get("id")) for entry in found}
    if not matching and len(ids) == 1 and not any(entry.get("handle") for entry in found):
        matching = found
    if not matching:
        return _extract_analytics_id(document)
    # The fullest of several copies: analytics repeats the product without its words.
    extracted = shopify_json.extract_fields(max(matching, key=len), document.base_url)
    extracted.is_product = bool(extracted.title)
    return extracted


def _extract_analytics_id(document: Document) -> ExtractedFields:
    """The product's number alone, which every theme tells the shop's statistics."""
    match = _ANALYTICS_PRODUCT_ID.search(document.html)
    product_id = (match[1] or match[2]) if match else ""
    return ExtractedFields(source="shopify", platform_id=product_id, is_product=bool(product_id))


def _product_scripts(document: Document) -> Iterator[tuple[str, bool]]:
    """(text, whether it is JSON as a whole) of scripts that may hold a product with variants."""
    for script in document.tree.iter("script"):
        text = script.text or ""
        if '"variants"' in text and len(text) <= _MAX_SCRIPT_LENGTH:
            yield text, "json" in (script.get("type") or "")


def _iter_products(script: tuple[str, bool]) -> Iterator[dict[str, Any]]:
    text, is_json = script
    decoder = json.JSONDecoder(strict=False)
    starts = [0] if is_json else [match.end() for match in _PRODUCT_JSON_START.finditer(text)]
    for start in starts:
        try:
            value, _ = decoder.raw_decode(text.lstrip() if is_json else text, start)
        except (ValueError, RecursionError):
            continue
        yield from _find_products_in(value)


def _find_products_in(value: Any) -> Iterator[dict[str, Any]]:
    queue, visited = [(value, 0)], 0
    while queue and visited < _MAX_JSON_VALUES:
        part, depth = queue.pop(0)
        visited += 1
        if shopify_json.is_product_json(part):
            yield part
        elif depth < _MAX_JSON_DEPTH and isinstance(part, dict | list):
            inner = part.values() if isinstance(part, dict) else part
            queue.extend((child, depth + 1) for child in inner if isinstance(child, dict | list))
