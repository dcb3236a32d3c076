"""Platform JSON that a page carries for its own scripts: Shopify's product, whole, with its variants and images."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from crawler.extract import shopify_json
from crawler.extract.document import Document, said
from crawler.extract.layer import Layer

_BEGINS = re.compile(r"(?:\bproduct|\bmeta|productJson|product_json|current_?[pP]roduct)[\"']?\s*[:=]\s*(?=\{)")
_NUMBER = re.compile(
    r"\bmeta\s*=\s*\{\s*\"product\":\s*\{\s*\"id\":\s*(\d+)|\"resourceType\":\s*\"product\",\s*\"resourceId\":\s*(\d+)"
)
_DEEPEST, _MOST_PARTS = 6, 2_000
_LARGEST = 2_000_000


def read(document: Document) -> Layer:
    """What the page's own product JSON says; quick views of other products lose."""
    if '"variants"' not in document.html and "Shopify" not in document.html:
        return Layer(name="shopify")
    found = [entry for text in _texts(document) for entry in _products(text)]
    handle = unquote(urlsplit(document.canonical).path.rstrip("/").rsplit("/", 1)[-1])
    own = [entry for entry in found if said(entry.get("handle")) == handle]
    ids = {said(entry.get("id")) for entry in found}
    if not own and len(ids) == 1 and not any(entry.get("handle") for entry in found):
        own = found
    if not own:
        return _analytics(document)
    # The fullest of several copies: analytics repeats the product without its words.
    layer = shopify_json.layer(max(own, key=len), document.base)
    layer.is_product = bool(layer.title)
    return layer


def _analytics(document: Document) -> Layer:
    """The product's number alone, which every theme tells the shop's statistics."""
    match = _NUMBER.search(document.html)
    number = (match[1] or match[2]) if match else ""
    return Layer(name="shopify", platform_id=number, is_product=bool(number))


def _texts(document: Document) -> Iterator[tuple[str, bool]]:
    """(text, whether it is JSON as a whole) of scripts that may hold a product with variants."""
    for script in document.tree.iter("script"):
        text = script.text or ""
        if '"variants"' in text and len(text) <= _LARGEST:
            yield text, "json" in (script.get("type") or "")


def _products(script: tuple[str, bool]) -> Iterator[dict[str, Any]]:
    text, is_json = script
    decoder = json.JSONDecoder(strict=False)
    starts = [0] if is_json else [match.end() for match in _BEGINS.finditer(text)]
    for start in starts:
        try:
            value, _ = decoder.raw_decode(text.lstrip() if is_json else text, start)
        except (ValueError, RecursionError):
            continue
        yield from _within(value)


def _within(value: Any) -> Iterator[dict[str, Any]]:
    waiting, seen = [(value, 0)], 0
    while waiting and seen < _MOST_PARTS:
        part, depth = waiting.pop(0)
        seen += 1
        if shopify_json.is_product(part):
            yield part
        elif depth < _DEEPEST and isinstance(part, dict | list):
            inner = part.values() if isinstance(part, dict) else part
            waiting.extend((child, depth + 1) for child in inner if isinstance(child, dict | list))
