"""One product in Shopify's JSON, from a feed or from a page's own scripts, to a Layer."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin

from crawler.extract import labels
from crawler.extract.document import absolute, said
from crawler.extract.layer import Layer
from weft.contracts.product import Attribute, PhotoLink

_WORDS = re.compile(r"[^\W\d_][\w &'’-]{1,40}")
_CENTS = 100


def is_product(value: object) -> bool:
    """Whether `value` has the shape of a product in Shopify's JSON."""
    return isinstance(value, dict) and "title" in value and "variants" in value and bool({"handle", "id"} & set(value))


def address(entry: dict[str, Any], base_url: str) -> str:
    """Where the product's page is."""
    handle = said(entry.get("handle"))
    return urljoin(base_url, f"/products/{quote(handle)}") if handle else base_url


def layer(entry: dict[str, Any], base_url: str) -> Layer:
    """What one product's JSON says."""
    variants = [variant for variant in _list(entry.get("variants")) if isinstance(variant, dict)]
    options = _option_names(entry)
    colour_at = next((at for at, name in enumerate(options) if labels.is_colour(name)), None)
    colours = {id(variant): _option(variant, colour_at) for variant in variants}
    distinct = {colour for colour in colours.values() if colour}
    first = variants[0] if variants else {}
    type_ = said(entry.get("product_type")) or said(entry.get("type"))
    return Layer(
        name="shopify",
        platform_id=said(entry.get("id")),
        sku=said(first.get("sku")),
        parent_sku=said(first.get("sku")) if len(variants) == 1 else "",
        gtin=said(first.get("barcode")),
        title=said(entry.get("title")),
        description=_text(entry.get("body_html")) or _text(entry.get("description")),
        brand=said(entry.get("vendor")),
        colour=distinct.pop() if len(distinct) == 1 else "",
        price=_price(first.get("price", entry.get("price"))),
        availability=_availability(variants, entry),
        categories=(type_,) if type_ else (),
        attributes=tuple(_attributes(entry, options, variants)),
        photos=tuple(_photos(entry, variants, colours, base_url)),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _option_names(entry: dict[str, Any]) -> list[str]:
    """["Colour", "Size"]; without names, none."""
    return [said(o.get("name")) if isinstance(o, dict) else said(o) for o in _list(entry.get("options"))]


def _option(variant: dict[str, Any], at: int | None) -> str:
    if at is None:
        return ""
    among = _list(variant.get("options"))
    return said(variant.get(f"option{at + 1}")) or (said(among[at]) if at < len(among) else "")


def _price(value: Any) -> str:
    """.js and themes count in cents, as whole numbers; .json writes decimals, as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value / _CENTS:.2f}"
    return said(value)


def _availability(variants: list[dict[str, Any]], entry: dict[str, Any]) -> str:
    known = [v["available"] for v in (*variants, entry) if isinstance(v.get("available"), bool)]
    return "" if not known else "InStock" if any(known) else "OutOfStock"


def _attributes(entry: dict[str, Any], options: list[str], variants: list[dict[str, Any]]) -> Iterator[Attribute]:
    for at, name in enumerate(options):
        if name and name.lower() != "title":
            for value in dict.fromkeys(_option(variant, at) for variant in variants):
                if value:
                    yield Attribute(name=name, value=value)
    tags = entry.get("tags")
    for tag in tags.split(",") if isinstance(tags, str) else _list(tags):
        # Tags also carry orders to the shop's programs ("sale:20", "__label1"): no words for people.
        if (text := said(tag)) and _WORDS.fullmatch(text):
            yield Attribute(name="tag", value=text)


def _photos(
    entry: dict[str, Any], variants: list[dict[str, Any]], colours: dict[int, str], base_url: str
) -> Iterator[PhotoLink]:
    """The images in their order, each with the colour of the variants that it shows, where they agree."""
    of_variant = {said(variant.get("id")): colours[id(variant)] for variant in variants}
    featured: dict[str, set[str]] = {}
    for variant in variants:
        image = variant.get("featured_image")
        if (url := absolute(base_url, image.get("src") if isinstance(image, dict) else image)) is not None:
            featured.setdefault(url, set()).add(colours[id(variant)])
    images = _list(entry.get("images")) or [entry.get("image") or entry.get("featured_image")]
    seen: dict[str, str | None] = {}
    for image in sorted(images, key=_position):
        url = absolute(base_url, image.get("src") if isinstance(image, dict) else image)
        if url is None:
            continue
        ids = _list(image.get("variant_ids")) if isinstance(image, dict) else []
        shown = {of_variant.get(said(number), "") for number in ids} | featured.get(url, set())
        seen.setdefault(url, shown.pop() or None if len(shown) == 1 else None)
    for url, told_by in featured.items():
        seen.setdefault(url, next(iter(told_by)) or None if len(told_by) == 1 else None)
    yield from (PhotoLink(url=url, colour=colour) for url, colour in seen.items())


def _position(image: Any) -> int:
    position = image.get("position") if isinstance(image, dict) else None
    return position if isinstance(position, int) else 0
