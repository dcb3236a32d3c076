"""Shopify: /products.json, and a product's own .json and .js."""

from collections.abc import Iterator
from typing import Any

from crawler.extract import shopify_json
from crawler.extract.feeds.rows import NO_MAPPING, Refuse, decode, ignore, told
from crawler.extract.found import Found
from weft.errors import ShopError

_WANTED = 'Shopify\'s {"products": [...]} or {"product": {...}}'


def shopify_products(body: bytes, base_url: str, refuse: Refuse = ignore) -> Iterator[Found]:
    """The products of one page of /products.json, or of one product's own JSON.

    Args:
        body: JSON as served.
        base_url: Of the shop, or of the JSON itself.
        refuse: Told of each entry that is no product.

    Raises:
        ShopError: `body` is not Shopify's JSON.
    """
    value = decode(body, base_url, _WANTED)
    if isinstance(value, dict):
        value = value.get("products", value.get("product", value))
    entries = [value] if isinstance(value, dict) else value
    if not isinstance(entries, list) or (isinstance(value, dict) and not shopify_json.is_product(value)):
        raise ShopError(f"{base_url}: wanted {_WANTED}")
    for number, entry in enumerate(entries):
        if isinstance(entry, dict):
            yield from _found(entry, base_url, f"product {number}", refuse)
        else:
            refuse(f"product {number}", NO_MAPPING)


def _found(entry: dict[str, Any], base_url: str, row: str, refuse: Refuse) -> Iterator[Found]:
    layer, url = shopify_json.layer(entry, base_url), shopify_json.address(entry, base_url)
    yield from told(layer, url, row, refuse)
