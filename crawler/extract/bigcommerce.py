"""Extract the product of a BigCommerce page from what its theme tells its scripts: BCData.product_attributes."""

import json
import re
from typing import Any

from crawler.extract.models import ExtractedFields
from crawler.page.document import Document, clean_text

_START = re.compile(r"BCData\s*=\s*(?=\{)")
_PRICES = ("with_tax", "sale_price_with_tax", "without_tax", "sale_price_without_tax")


def extract_bigcommerce(document: Document) -> ExtractedFields:
    """Extract the codes, the price and the availability; title and photos are on the page."""
    extracted = ExtractedFields(source="bigcommerce")
    start = _START.search(document.html)
    if start is None:
        return extracted
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(document.html, start.end())
    except (ValueError, RecursionError):
        return extracted
    attributes = value.get("product_attributes")
    if not isinstance(attributes, dict):
        return extracted
    price = _price(attributes.get("price"))
    extracted.sku = extracted.parent_sku = clean_text(attributes.get("sku"))
    extracted.gtin = clean_text(attributes.get("gtin")) or clean_text(attributes.get("upc"))
    extracted.mpn = clean_text(attributes.get("mpn"))
    extracted.price, extracted.currency = clean_text(price.get("value")), clean_text(price.get("currency"))
    if isinstance(in_stock := attributes.get("instock"), bool):
        extracted.availability = "InStock" if in_stock else "OutOfStock"
    extracted.title = document.heading
    extracted.is_product = bool(extracted.title and (extracted.price or extracted.sku))
    return extracted


def _price(prices: Any) -> dict[str, Any]:
    found = (prices.get(name) for name in _PRICES) if isinstance(prices, dict) else ()
    return next((price for price in found if isinstance(price, dict)), {})
