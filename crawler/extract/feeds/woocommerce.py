"""WooCommerce: the Store API, /wp-json/wc/store/v1/products, a list or one product."""

import html
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from crawler.extract import labels
from crawler.extract.document import absolute, said, squeeze
from crawler.extract.feeds.rows import NO_MAPPING, Refuse, decode, ignore, told
from crawler.extract.found import Found
from crawler.extract.layer import Layer
from weft.contracts.product import Attribute, PhotoLink
from weft.errors import ShopError

_WANTED = "the product list of WooCommerce's Store API"


def woocommerce_products(body: bytes, base_url: str, refuse: Refuse = ignore) -> Iterator[Found]:
    """The products of one page of the Store API, or one product.

    A variation has the id of its parent, so that the sizes of one product are one.

    Args:
        body: JSON as served.
        base_url: Of the shop, or of the JSON itself.
        refuse: Told of each entry that is no product.

    Raises:
        ShopError: `body` is not the Store API's JSON.
    """
    value = decode(body, base_url, _WANTED)
    entries = [value] if is_product(value) else value
    if not isinstance(entries, list):
        raise ShopError(f"{base_url}: wanted {_WANTED}")
    for number, entry in enumerate(entries):
        if isinstance(entry, dict):
            yield from told(layer(entry, base_url), address(entry, base_url), f"product {number}", refuse)
        else:
            refuse(f"product {number}", NO_MAPPING)


def is_product(value: object) -> bool:
    """Whether `value` has the shape of a product of the Store API."""
    return isinstance(value, dict) and "permalink" in value and "name" in value


def address(entry: dict[str, Any], base_url: str) -> str:
    """Where the product's page is."""
    return absolute(base_url, entry.get("permalink")) or base_url


def layer(entry: dict[str, Any], base_url: str) -> Layer:
    """What one product of the Store API says."""
    parent = said(entry.get("parent"))
    is_part = parent not in ("", "0")
    attributes = tuple(_attributes(entry))
    colours = {attribute.value for attribute in attributes if labels.is_colour(attribute.name)}
    images = [image for image in _list(entry.get("images")) if isinstance(image, dict)]
    links = (absolute(base_url, image.get("src") or image.get("thumbnail")) for image in images)
    return Layer(
        name="woocommerce",
        platform_id=parent if is_part else said(entry.get("id")),
        sku=said(entry.get("sku")),
        parent_sku="" if is_part else said(entry.get("sku")),
        gtin=said(entry.get("global_unique_id")),
        title=squeeze(html.unescape(said(entry.get("name")))),
        description=max((_text(entry.get(key)) for key in ("description", "short_description")), key=len),
        brand=next((name for name in _names(entry.get("brands"))), ""),
        colour=colours.pop() if len(colours) == 1 else "",
        price=_price(entry.get("prices")),
        availability=_availability(entry),
        categories=tuple(_trails(entry.get("categories"))),
        attributes=attributes,
        photos=tuple(PhotoLink(url=url) for url in dict.fromkeys(url for url in links if url)),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _names(value: Any) -> Iterator[str]:
    for part in _list(value):
        name = said(part.get("name")) if isinstance(part, dict) else said(part)
        if name:
            yield squeeze(html.unescape(name))


def _price(prices: Any) -> str:
    """The API counts in minor units ("1999" with currency_minor_unit 2 is 19.99)."""
    if not isinstance(prices, dict):
        return ""
    price, unit = said(prices.get("price")), prices.get("currency_minor_unit")
    if isinstance(unit, int) and 0 < unit <= 4 and price.isdigit():
        price = price.zfill(unit + 1)
        return f"{price[:-unit]}.{price[-unit:]}"
    return price


def _availability(entry: dict[str, Any]) -> str:
    in_stock = entry.get("is_in_stock")
    return "" if not isinstance(in_stock, bool) else "InStock" if in_stock else "OutOfStock"


def _attributes(entry: dict[str, Any]) -> Iterator[Attribute]:
    for attribute in _list(entry.get("attributes")):
        if not isinstance(attribute, dict) or not (name := said(attribute.get("name"))):
            continue
        for value in dict.fromkeys((*_names(attribute.get("terms")), said(attribute.get("value")))):
            if value:
                yield Attribute(name=name, value=value)
    for tag in _names(entry.get("tags")):
        yield Attribute(name="tag", value=tag)


def _trails(categories: Any) -> Iterator[str]:
    """Paths: a category whose link lies below another's is below it."""
    named = [c for c in _list(categories) if isinstance(c, dict) and said(c.get("name"))]
    paths = {urlsplit(said(c.get("link"))).path.rstrip("/"): html.unescape(said(c.get("name"))) for c in named}
    for category in named:
        path = urlsplit(said(category.get("link"))).path.rstrip("/")
        above = [name for other, name in sorted(paths.items()) if other and path.startswith(f"{other}/")]
        yield " > ".join(map(squeeze, (*above, html.unescape(said(category.get("name"))))))
