"""The id of a product within its shop."""

import hashlib
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from crawler.extract.found import SourcedValue
from crawler.extract.layer import ExtractedFields

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_TOKEN = re.compile(r"[^\W_]+")
_MIN_PARENT_SKU_LENGTH = 5
_TOKEN = re.compile(r"[^\W_]+")
_MIN_PARENT_SKU_LENGTH = 5
_ITEM_ID_GETTERS: tuple[Callable[[ExtractedFields], str], ...] = (
    lambda layer: layer.item_id,
    lambda layer: layer.group_id,
    lambda layer: layer.item_group_id,
    lambda layer: layer.platform_id,
    lambda layer: layer.parent_sku,
)
"""What makes an identity, best first. Sizes and colours share a group's id; a title alone never makes one."""


def choose_item_id(extractions: Iterable[ExtractedFields], canonical_url: str) -> SourcedValue[str]:
    """What an override says, else group id, item_group_id, the platform's product id, parent sku, canonical URL.

    Each is looked for in all layers, the most specific first, before the next is.
    """
    extractions = list(extractions)
    for get_id in _ITEM_ID_GETTERS:
        for extracted in extractions:
            if value := get_id(extracted):
                return SourcedValue(_to_safe_id(value), extracted.source)
    slug = _UNSAFE.sub("-", urlsplit(canonical_url).path).strip("-.")[-60:]
    return SourcedValue(f"{slug or 'product'}-{_digest(canonical_url)}", "url")


def parent_sku(sku: str, url: str) -> str:
    """The part of a variant's `sku` that stands in the product's address: "AB123-2" at /shirt-AB123 is "AB123"."""
    tokens = set(_TOKEN.findall(urlsplit(url).path.casefold()))
    for end in range(len(sku) - 1, _MIN_PARENT_SKU_LENGTH - 1, -1):
        if sku[end] in "-_" and sku[:end].casefold() in tokens and any(map(str.isdigit, sku[:end])):
            return sku[:end]
    return sku


def _to_safe_id(value: str) -> str:
    """`value` as part of an id: unsafe characters replaced, and a digest so that two values never meet."""
    safe = _UNSAFE.sub("-", value)
    return value if safe == value and len(value) <= 100 else f"{safe.strip('-')[:60]}-{_digest(value)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
