"""Products of WooCommerce's Store API, /wp-json/wc/store/v1/products: a list or one product."""

import html
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from crawler.extract import labelled_values
from crawler.extract.document import clean_text, collapse_whitespace, resolve_href
from crawler.extract.models import ExtractedFields, ExtractedProduct
from crawler.extract.value_parsing import list_or_empty, strip_text
from crawler.feeds.flat_record import NOT_A_MAPPING, OnBadRow, decode_json, entry_to_product, ignore_bad_row
from weft.contracts.product import Attribute, PhotoLink
from weft.errors import ShopError

_EXPECTED_FORMAT = "the product list of WooCommerce's Store API"


def woocommerce_products(
    body: bytes, base_url: str, on_bad_row: OnBadRow = ignore_bad_row
) -> Iterator[ExtractedProduct]:
    """Yield the products of one page of the Store API, or one product.

    A variation has the item id of its parent, so that all sizes belong to one product.

    Args:
        body: The body of the response.
        base_url: The URL of the shop or of the response. Relative URLs are resolved against it.
        on_bad_row: Called with each entry that is not a product.

    Raises:
        ShopError: `body` is not the Store API's JSON.
    """
    value = decode_json(body, base_url, _EXPECTED_FORMAT)
    entries = [value] if is_product_json(value) else value
    if not isinstance(entries, list):
        raise ShopError(f"{base_url}: expected {_EXPECTED_FORMAT}, got {type(value).__name__} of another shape")
    for number, entry in enumerate(entries):
        if isinstance(entry, dict):
            yield from entry_to_product(
                extract_fields(entry, base_url), product_url(entry, base_url), f"product {number}", on_bad_row
            )
        else:
            on_bad_row(f"product {number}", NOT_A_MAPPING)


def is_product_json(value: object) -> bool:
    """Return whether `value` has the shape of a product of the Store API."""
    return isinstance(value, dict) and "permalink" in value and "name" in value


def product_url(entry: dict[str, Any], base_url: str) -> str:
    """Return the URL of the product's page, or `base_url` if the entry has none."""
    return resolve_href(base_url, entry.get("permalink")) or base_url


def extract_fields(entry: dict[str, Any], base_url: str) -> ExtractedFields:
    """Extract the fields of one product of the Store API."""
    parent = clean_text(entry.get("parent"))
    is_variation = parent not in ("", "0")
    attributes = tuple(_attributes(entry))
    colours = {attribute.value for attribute in attributes if labelled_values.is_colour_label(attribute.name)}
    images = [image for image in list_or_empty(entry.get("images")) if isinstance(image, dict)]
    links = (resolve_href(base_url, image.get("src") or image.get("thumbnail")) for image in images)
    return ExtractedFields(
        source="woocommerce",
        platform_id=parent if is_variation else clean_text(entry.get("id")),
        sku=clean_text(entry.get("sku")),
        parent_sku="" if is_variation else clean_text(entry.get("sku")),
        gtin=clean_text(entry.get("global_unique_id")),
        title=collapse_whitespace(html.unescape(clean_text(entry.get("name")))),
        description=max((strip_text(entry.get(key)) for key in ("description", "short_description")), key=len),
        brand=next((name for name in _iter_names(entry.get("brands"))), ""),
        colour=colours.pop() if len(colours) == 1 else "",
        price=_decimal_price(entry.get("prices")),
        availability=_availability(entry),
        categories=tuple(_category_paths(entry.get("categories"))),
        attributes=attributes,
        photos=tuple(PhotoLink(url=url) for url in dict.fromkeys(url for url in links if url)),
    )


def _iter_names(value: Any) -> Iterator[str]:
    for part in list_or_empty(value):
        name = clean_text(part.get("name")) if isinstance(part, dict) else clean_text(part)
        if name:
            yield collapse_whitespace(html.unescape(name))


def _decimal_price(prices: Any) -> str:
    """Convert a price in minor units: "1999" with currency_minor_unit 2 is "19.99"."""
    if not isinstance(prices, dict):
        return ""
    price, minor_unit = clean_text(prices.get("price")), prices.get("currency_minor_unit")
    if isinstance(minor_unit, int) and 0 < minor_unit <= 4 and price.isdigit():
        price = price.zfill(minor_unit + 1)
        return f"{price[:-minor_unit]}.{price[-minor_unit:]}"
    return price


def _availability(entry: dict[str, Any]) -> str:
    in_stock = entry.get("is_in_stock")
    return "" if not isinstance(in_stock, bool) else "InStock" if in_stock else "OutOfStock"


def _attributes(entry: dict[str, Any]) -> Iterator[Attribute]:
    for attribute in list_or_empty(entry.get("attributes")):
        if not isinstance(attribute, dict) or not (name := clean_text(attribute.get("name"))):
            continue
        for value in dict.fromkeys((*_iter_names(attribute.get("terms")), clean_text(attribute.get("value")))):
            if value:
                yield Attribute(name=name, value=value)
    for tag in _iter_names(entry.get("tags")):
        yield Attribute(name="tag", value=tag)


def _category_paths(categories: Any) -> Iterator[str]:
    """Yield category paths. A category is the child of another if its link lies below the other's link."""
    named_categories = [c for c in list_or_empty(categories) if isinstance(c, dict) and clean_text(c.get("name"))]
    paths = {
        urlsplit(clean_text(c.get("link"))).path.rstrip("/"): html.unescape(clean_text(c.get("name")))
        for c in named_categories
    }
    for category in named_categories:
        path = urlsplit(clean_text(category.get("link"))).path.rstrip("/")
        ancestors = [name for other, name in sorted(paths.items()) if other and path.startswith(f"{other}/")]
        yield " > ".join(map(collapse_whitespace, (*ancestors, html.unescape(clean_text(category.get("name"))))))
