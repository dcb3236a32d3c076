"""A flat record, a row of a catalogue or an item of a feed, to a Layer: columns known by their usual names."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from crawler.extract.document import absolute, said, squeeze
from crawler.extract.layer import Layer
from weft.contracts.product import Attribute, PhotoLink

_BARE = re.compile(r"[^a-z0-9]+")
# fmt: off
_NAMES: dict[str, tuple[str, ...]] = {
    "group": ("item_group_id", "group_id", "product_group_id", "parent_id", "parent_sku", "parent", "handle"),
    "id": ("id", "product_id", "item_id", "offer_id"),
    "sku": ("sku", "variant_sku", "product_sku", "article_number", "item_number", "code"),
    "gtin": ("gtin", "ean", "upc", "isbn", "barcode", "variant_barcode", "gtin13", "gtin14", "gtin12", "gtin8", "ean13",
             "gtin_upc_ean_or_isbn"),
    "title": ("title", "name", "product_name", "product_title", "item_name"),
    "description": ("description", "long_description", "body_html", "body", "content", "product_description",
                    "summary", "short_description", "details"),
    "link": ("canonical_link", "link", "url", "product_url", "permalink", "product_link", "deeplink"),
    "brand": ("brand", "brand_name", "vendor", "manufacturer", "designer", "brands"),
    "colour": ("color", "colour", "colour_name", "color_name", "base_colour"),
    "category": ("product_type", "category", "categories", "category_path", "breadcrumbs", "breadcrumb", "type",
                 "product_category", "google_product_category"),
    "price": ("sale_price", "price", "variant_price", "regular_price"),
    "availability": ("availability", "stock_status", "in_stock", "is_in_stock", "available"),
    "image": ("image_link", "image", "image_url", "image_src", "main_image", "picture", "photo", "images", "photos",
              "image_urls", "image_links", "pictures", "gallery", "additional_image_link", "additional_image_links",
              "additional_images", "additional_image"),
}
# fmt: on
"""Our field: its columns as feeds and catalogues name them, the surest first."""
_KNOWN = frozenset(name for names in _NAMES.values() for name in names) | {"attributes"}
_TRADE = re.compile(
    r"ship|tax|price|cost|sale|custom_label|promo|ads_|weight|unit_|energy|inventory|stock|quantity|qty|currency|date"
    r"|time|seo|status|published|url|link|image|identifier|_id$|^mobile|expir|installment|loyalty|mpn|condition|^adult"
    r"|multipack|bundle|fulfil|policy|position|visib|backorder|upsell|cross|review|download|rating|discount",
)
_LONGEST_VALUE = 200
_PICTURES = re.compile(r"\s*[|;\n]\s*|\s*,\s*(?=https?:|/|\w[\w/-]*\.(?:jpe?g|png|webp|avif))|\s+(?=https?:)")


def columns(record: Mapping[Any, Any]) -> dict[str, Any]:
    """`record` with its names brought to one form: "g:Image Link" is "image_link"."""
    bare = ((_BARE.sub("_", str(name).lower().removeprefix("g:")).strip("_"), value) for name, value in record.items())
    return {name: value for name, value in bare if name}


def layer(record: Mapping[Any, Any], base_url: str, name: str) -> Layer:
    """What one record says; `name` is the layer's."""
    row = columns(record)
    number, sku, group = _first(row, "id"), _first(row, "sku"), _first(row, "group").removeprefix("id:")
    return Layer(
        name=name,
        item_group_id=group,
        # An id alone is the shop's number for what it sells, its sku; beside a sku it is its software's.
        platform_id=number if sku and number != sku else "",
        sku=sku or number,
        parent_sku=sku or number,
        gtin=_first(row, "gtin"),
        title=squeeze(html.unescape(_first(row, "title"))),
        description=max((text for text in _texts(row, "description")), key=len, default=""),
        brand=squeeze(html.unescape(_first(row, "brand"))),
        colour=_first(row, "colour"),
        price=_first(row, "price"),
        availability=_first(row, "availability"),
        categories=tuple(_categories(row)),
        attributes=tuple(_attributes(row)),
        photos=tuple(PhotoLink(url=url, colour=c) for url, c in _photos(row, base_url)),
    )


def address(record: Mapping[Any, Any], base_url: str) -> str:
    """The product's page; a record without one is named by its id within the catalogue."""
    row = columns(record)
    for text in _texts(row, "link"):
        if url := absolute(base_url, text):
            return url
    number = _first(row, "group") or _first(row, "id") or _first(row, "sku")
    return f"{base_url}?id={quote(number, safe='')}" if number else base_url


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        yield from value
    elif value is not None:
        yield value


def _texts(row: Mapping[str, Any], field: str) -> Iterator[str]:
    for name in _NAMES[field]:
        for value in _values(row.get(name)):
            if isinstance(value, dict):
                inner = [said(part) and str(part) for part in value.values()]
                joined = str(value.get("name") or "") if "name" in value else " ".join(filter(None, inner))
                if joined.strip():
                    yield joined.strip()
            elif isinstance(value, bool):
                yield str(value)
            elif said(value):
                yield str(value).strip()


def _first(row: Mapping[str, Any], field: str) -> str:
    return squeeze(next(_texts(row, field), ""))


def _categories(row: Mapping[str, Any]) -> Iterator[str]:
    for name in _NAMES["category"]:
        for value in _values(row.get(name)):
            # [["Women", "Tops"]] and ["Women/Tops"] are both written.
            text = " > ".join(filter(None, map(said, value))) if isinstance(value, list | tuple) else said(value)
            if not text and isinstance(value, dict):
                text = said(value.get("name"))
            for path in re.split(r"\s*[|;]\s*|,\s*(?=[^,>]+>)", text):
                if path and not path.isdigit() and name != "google_product_category":
                    yield re.sub(r"(?<=\w)/(?=\w)", " > ", path) if " > " not in path and path.count("/") else path
        if name == "categories" and row.get(name):
            return


def _attributes(row: Mapping[str, Any]) -> Iterator[Attribute]:
    listed = row.get("attributes")
    pairs: Iterator[tuple[Any, Any]] = (
        iter(listed.items())
        if isinstance(listed, dict)
        else ((part.get("name"), part.get("value")) for part in _values(listed) if isinstance(part, dict))
    )
    for label, values in (*pairs, *row.items()):
        bare = str(label).lower()
        if bare in _KNOWN or _TRADE.search(bare):
            continue
        for value in _values(values):
            text = squeeze(html.unescape(said(value)))
            if text and len(text) <= _LONGEST_VALUE and not text.startswith(("http:", "https:", "{", "[")):
                yield Attribute(name=squeeze(str(label)).replace("_", " "), value=text)


def _photos(row: Mapping[str, Any], base_url: str) -> Iterator[tuple[str, str | None]]:
    """(URL, colour) in the record's order: the main image, then the others, then those told by colour."""
    seen = set()
    for name in _NAMES["image"]:
        for value in _values(row.get(name)):
            if isinstance(value, dict):
                value = value.get("src") or value.get("url") or value.get("link")
            for part in _PICTURES.split(value.strip()) if isinstance(value, str) else ():
                url = absolute(base_url, part)
                if url and url not in seen:
                    seen.add(url)
                    yield url, None
    for name in ("colours", "colors"):
        views = row.get(name)
        for shown, links in views.items() if isinstance(views, dict) else ():
            for link in _values(links):
                if (url := absolute(base_url, link)) and url not in seen:
                    seen.add(url)
                    yield url, said(shown) or None
