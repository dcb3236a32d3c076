"""What all feeds share: how a bad row is told, and how one entry becomes a product."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from crawler.discover import urls
from crawler.extract.found import Found
from crawler.extract.layer import Layer
from crawler.extract.merge import settle
from weft.errors import ShopError

Refuse = Callable[[str, str], None]
"""Told (row, reason) of each entry that is no product: ("item 7", "it has no title")."""

NO_TITLE = "it has no title"
NO_MAPPING = "it is no mapping of names to values"


def ignore(row: str, reason: str) -> None:
    """Refuse silently."""


def told(layer: Layer, url: str, row: str, refuse: Refuse) -> Iterator[Found]:
    """The product of one entry, at most one."""
    layer.is_product = True
    found = settle([layer], urls.clean(url))
    if found is None:
        refuse(row, NO_TITLE)
    else:
        yield found


def decode(body: bytes, base_url: str, wanted: str) -> Any:
    """The JSON in `body`.

    Raises:
        ShopError: It is none.
    """
    try:
        return json.loads(body.decode("utf-8-sig", errors="replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise ShopError(f"{base_url}: cannot be read as JSON ({error}); wanted {wanted}") from error
