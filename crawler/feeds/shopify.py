"""Products of Shopify's JSON: /products.json, and the .json and .js URLs of one product."""

from collections.abc import Iterator
from typing import Any

from crawler.extract import shopify
from crawler.extract.models import ExtractedProduct
from crawler.feeds.flat_record import NOT_A_MAPPING, OnBadRow, decode_json, entry_to_product, ignore_bad_row
from weft.errors import ShopError

_EXPECTED_FORMAT = 'Shopify\'s {"products": [...]} or {"product": {...}}'


def shopify_products(body: bytes, base_url: str, on_bad_row: OnBadRow = ignore_bad_row) -> Iterator[ExtractedProduct]:
    """Yield the products of one page of /products.json, or the product of a product URL.

    Args:
        body: The body of the response.
        base_url: The URL of the shop or of the response. Relative URLs are resolved against it.
        on_bad_row: Called with each entry that is not a product.

    Raises:
        ShopError: `body` is not Shopify's JSON.
    """
    value = decode_json(body, base_url, _EXPECTED_FORMAT)
    if isinstance(value, dict):
        value = value.get("products", value.get("product", value))
    entries = [value] if isinstance(value, dict) else value
    if not isinstance(entries, list) or (isinstance(value, dict) and not shopify.is_product_json(value)):
        raise ShopError(f"{base_url}: expected {_EXPECTED_FORMAT}, got {type(value).__name__} of another shape")
    for number, entry in enumerate(entries):
        if isinstance(entry, dict):
            yield from _entry_product(entry, base_url, f"product {number}", on_bad_row)
        else:
            on_bad_row(f"product {number}", NOT_A_MAPPING)


def _entry_product(entry: dict[str, Any], base_url: str, row: str, on_bad_row: OnBadRow) -> Iterator[ExtractedProduct]:
    extracted, url = shopify.extract_fields(entry, base_url), shopify.product_url(entry, base_url)
    yield from entry_to_product(extracted, url, row, on_bad_row)
