"""The id of a product within its shop."""

import hashlib
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from crawler.extract.found import Told
from crawler.extract.layer import Layer

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_RANKS: tuple[Callable[[Layer], str], ...] = (
    lambda layer: layer.group_id,
    lambda layer: layer.item_group_id,
    lambda layer: layer.platform_id,
    lambda layer: layer.parent_sku,
)
"""What makes an identity, best first. Sizes and colours share a group's id; a title alone never makes one."""


def identity(layers: Iterable[Layer], canonical: str) -> Told[str]:
    """Group id, else item_group_id, else the platform's product id, else the parent's sku, else the canonical URL.

    Each is looked for in all layers, the most specific first, before the next is.
    """
    layers = list(layers)
    for of in _RANKS:
        for layer in layers:
            if value := of(layer):
                return Told(_safe(value), layer.name)
    slug = _UNSAFE.sub("-", urlsplit(canonical).path).strip("-.")[-60:]
    return Told(f"{slug or 'product'}-{_digest(canonical)}", "url")


def _safe(value: str) -> str:
    """`value` as part of an id: unsafe characters replaced, and a digest so that two values never meet."""
    safe = _UNSAFE.sub("-", value)
    return value if safe == value and len(value) <= 100 else f"{safe.strip('-')[:60]}-{_digest(value)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
