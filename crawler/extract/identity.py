"""The id of a product within its shop."""

import hashlib
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from crawler.extract.found import Told
from crawler.extract.layer import Layer

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_TOKEN = re.compile(r"[^\W_]+")
_SHORTEST = 5
_TOKEN = re.compile(r"[^\W_]+")
_SHORTEST = 5
_RANKS: tuple[Callable[[Layer], str], ...] = (
    lambda layer: layer.item_id,
    lambda layer: layer.group_id,
    lambda layer: layer.item_group_id,
    lambda layer: layer.platform_id,
    lambda layer: layer.parent_sku,
)
"""What makes an identity, best first. Sizes and colours share a group's id; a title alone never makes one."""


def identity(layers: Iterable[Layer], canonical: str) -> Told[str]:
    """What an override says, else group id, item_group_id, the platform's product id, parent sku, canonical URL.

    Each is looked for in all layers, the most specific first, before the next is.
    """
    layers = list(layers)
    for of in _RANKS:
        for layer in layers:
            if value := of(layer):
                return Told(_safe(value), layer.name)
    slug = _UNSAFE.sub("-", urlsplit(canonical).path).strip("-.")[-60:]
    return Told(f"{slug or 'product'}-{_digest(canonical)}", "url")


def whole(sku: str, url: str) -> str:
    """The part of a variant's `sku` that stands in the product's address: "AB123-2" at /shirt-AB123 is "AB123"."""
    tokens = set(_TOKEN.findall(urlsplit(url).path.casefold()))
    for cut in range(len(sku) - 1, _SHORTEST - 1, -1):
        if sku[cut] in "-_" and sku[:cut].casefold() in tokens and any(map(str.isdigit, sku[:cut])):
            return sku[:cut]
    return sku


def _safe(value: str) -> str:
    """`value` as part of an id: unsafe characters replaced, and a digest so that two values never meet."""
    safe = _UNSAFE.sub("-", value)
    return value if safe == value and len(value) <= 100 else f"{safe.strip('-')[:60]}-{_digest(value)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
