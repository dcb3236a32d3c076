"""Extract fields from a flat record, that is, a row of a catalogue or an item of a feed, by its usual column names.

The module also holds what all feed formats share: how a bad row is reported, and how an entry becomes a product.
"""

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from crawler.discover import urls
from crawler.extract.combine import combine_fields
from crawler.extract.document import clean_text, collapse_whitespace, resolve_href
from crawler.extract.models import ExtractedFields, ExtractedProduct
from weft.contracts.product import Attribute, PhotoLink
from weft.errors import ShopError

OnBadRow = Callable[[str, str], None]
"""Called with (row, reason) for each entry that is not a product: ("item 7", "it has no title")."""

NO_TITLE = "it has no title"
NOT_A_MAPPING = "it is not a mapping of names to values"

_NON_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")
# fmt: off
_COLUMN_ALIASES: dict[str, tuple[str, ...]] = {
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
"""The columns of each field as feeds and catalogues name them, the most reliable first."""
_MAPPED_COLUMNS = frozenset(name for names in _COLUMN_ALIASES.values() for name in names) | {"attributes"}
_COMMERCE_COLUMN = re.compile(
    r"ship|tax|price|cost|sale|custom_label|promo|ads_|weight|unit_|energy|inventory|stock|quantity|qty|currency|date"
    r"|time|seo|status|published|url|link|image|identifier|_id$|^mobile|expir|installment|loyalty|mpn|condition|^adult"
    r"|multipack|bundle|fulfil|policy|position|visib|backorder|upsell|cross|review|download|rating|discount",
)
_MAX_VALUE_LENGTH = 200
_IMAGE_LIST_SEPARATOR = re.compile(
    r"\s*[|;\n]\s*|\s*,\s*(?=https?:|/|\w[\w/-]*\.(?:jpe?g|png|webp|avif))|\s+(?=https?:)"
)


def normalise_columns(record: Mapping[Any, Any]) -> dict[str, Any]:
    """Return `record` with normalised names: "g:Image Link" becomes "image_link"."""
    normalised = (
        (_NON_ALPHANUMERIC.sub("_", str(name).lower().removeprefix("g:")).strip("_"), value)
        for name, value in record.items()
    )
    return {name: value for name, value in normalised if name}


def extract_fields(record: Mapping[Any, Any], base_url: str, source: str) -> ExtractedFields:
    """Extract the fields of one record; `source` names the format of the feed."""
    row = normalise_columns(record)
    record_id, sku, group = (
        _first_text(row, "id"),
        _first_text(row, "sku"),
        _first_text(row, "group").removeprefix("id:"),
    )
    return ExtractedFields(
        source=source,
        item_group_id=group,
        # An id alone is the sku of the shop. An id beside a sku is the number of the shop's software.
        platform_id=record_id if sku and record_id != sku else "",
        sku=sku or record_id,
        parent_sku=sku or record_id,
        gtin=_first_text(row, "gtin"),
        title=collapse_whitespace(html.unescape(_first_text(row, "title"))),
        description=max((text for text in _iter_texts(row, "description")), key=len, default=""),
        brand=collapse_whitespace(html.unescape(_first_text(row, "brand"))),
        colour=_first_text(row, "colour"),
        price=_first_text(row, "price"),
        availability=_first_text(row, "availability"),
        categories=tuple(_categories(row)),
        attributes=tuple(_attributes(row)),
        photos=tuple(PhotoLink(url=url, colour=c) for url, c in _photos(row, base_url)),
    )


def product_url(record: Mapping[Any, Any], base_url: str) -> str:
    """Return the URL of the product's page; a record without a link gets `base_url` with its id as a parameter."""
    row = normalise_columns(record)
    for text in _iter_texts(row, "link"):
        if url := resolve_href(base_url, text):
            return url
    product_id = _first_text(row, "group") or _first_text(row, "id") or _first_text(row, "sku")
    return f"{base_url}?id={quote(product_id, safe='')}" if product_id else base_url


def _iter_values(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        yield from value
    elif value is not None:
        yield value


def _iter_texts(row: Mapping[str, Any], field: str) -> Iterator[str]:
    for name in _COLUMN_ALIASES[field]:
        for value in _iter_values(row.get(name)):
            if isinstance(value, dict):
                inner = [clean_text(part) and str(part) for part in value.values()]
                joined = str(value.get("name") or "") if "name" in value else " ".join(filter(None, inner))
                if joined.strip():
                    yield joined.strip()
            elif isinstance(value, bool):
                yield str(value)
            elif clean_text(value):
                yield str(value).strip()


def _first_text(row: Mapping[str, Any], field: str) -> str:
    return collapse_whitespace(next(_iter_texts(row, field), ""))


def _categories(row: Mapping[str, Any]) -> Iterator[str]:
    for name in _COLUMN_ALIASES["category"]:
        for value in _iter_values(row.get(name)):
            # Catalogues write both [["Women", "Tops"]] and ["Women/Tops"].
            text = (
                " > ".join(filter(None, map(clean_text, value)))
                if isinstance(value, list | tuple)
                else clean_text(value)
            )
            if not text and isinstance(value, dict):
                text = clean_text(value.get("name"))
            for path in re.split(r"\s*[|;]\s*|,\s*(?=[^,>]+>)", text):
                if path and not path.isdigit() and name != "google_product_category":
                    yield re.sub(r"(?<=\w)/(?=\w)", " > ", path) if " > " not in path and path.count("/") else path
        if name == "categories" and row.get(name):
            return


def _attributes(row: Mapping[str, Any]) -> Iterator[Attribute]:
    attribute_values = row.get("attributes")
    pairs: Iterator[tuple[Any, Any]] = (
        iter(attribute_values.items())
        if isinstance(attribute_values, dict)
        else (
            (part.get("name"), part.get("value")) for part in _iter_values(attribute_values) if isinstance(part, dict)
        )
    )
    for label, values in (*pairs, *row.items()):
        normalised = str(label).lower()
        if normalised in _MAPPED_COLUMNS or _COMMERCE_COLUMN.search(normalised):
            continue
        for value in _iter_values(values):
            text = collapse_whitespace(html.unescape(clean_text(value)))
            if text and len(text) <= _MAX_VALUE_LENGTH and not text.startswith(("http:", "https:", "{", "[")):
                yield Attribute(name=collapse_whitespace(str(label)).replace("_", " "), value=text)


def _photos(row: Mapping[str, Any], base_url: str) -> Iterator[tuple[str, str | None]]:
    """Yield (URL, colour): the main image, then the other images, then the images listed by colour."""
    seen = set()
    for name in _COLUMN_ALIASES["image"]:
        for value in _iter_values(row.get(name)):
            if isinstance(value, dict):
                value = value.get("src") or value.get("url") or value.get("link")
            for part in _IMAGE_LIST_SEPARATOR.split(value.strip()) if isinstance(value, str) else ():
                url = resolve_href(base_url, part)
                if url and url not in seen:
                    seen.add(url)
                    yield url, None
    for name in ("colours", "colors"):
        photos_by_colour = row.get(name)
        for colour, links in photos_by_colour.items() if isinstance(photos_by_colour, dict) else ():
            for link in _iter_values(links):
                if (url := resolve_href(base_url, link)) and url not in seen:
                    seen.add(url)
                    yield url, clean_text(colour) or None


def ignore_bad_row(row: str, reason: str) -> None:
    """Ignore an entry that is not a product."""


def entry_to_product(
    extracted: ExtractedFields, url: str, row: str, on_bad_row: OnBadRow
) -> Iterator[ExtractedProduct]:
    """Yield the product of one entry, or report the entry as a bad row if it has no title."""
    extracted.is_product = True
    product = combine_fields([extracted], urls.canonicalize(url))
    if product is None:
        on_bad_row(row, NO_TITLE)
    else:
        yield product


def decode_json(body: bytes, base_url: str, expected: str) -> Any:
    """Decode the JSON in `body`; `expected` describes it in the error message.

    Raises:
        ShopError: `body` is not JSON.
    """
    try:
        return json.loads(body.decode("utf-8-sig", errors="replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise ShopError(f"{base_url}: expected {expected}, got a file that is not JSON ({error})") from error
