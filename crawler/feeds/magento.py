"""Magento 2 and Adobe Commerce: the REST API, the GraphQL API and the CSV export."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from crawler.extract import flat_record
from crawler.extract.models import ExtractedFields
from crawler.feeds.csv_table import Rows, normalise_row
from crawler.feeds.entries import OnBadRow, ignore_bad_row
from crawler.page.document import clean_text
from crawler.values import labelled_values
from crawler.values.value_parsing import list_or_empty

MEDIA_PATH = "/media/catalog/product"
_SYSTEM_ATTRIBUTES = re.compile(
    r"^(?:description|short_description|url_|meta_|image|small_image|thumbnail|swatch|options_|has_|required_|gift_|page_"
    r"|custom_|category_ids|tax_|msrp|price|special_|cost|news_|quantity|ts_|is_|visibility|status|links_|weight|sku|name"
    r"|country|created|updated|store|website)"
)
_OFFLINE = "2"
_PAIR_SEPARATOR = re.compile(r",(?=[\w.-]+=)")
_ROOT_CATEGORY = re.compile(r"^(?:Default Category|Root Catalog)(?:/|$)", re.IGNORECASE)


class _Parent(NamedTuple):
    """A configurable product."""

    sku: str
    title: str
    url_key: str


def is_product_json(entry: dict[str, Any]) -> bool:
    """Return whether `entry` is a product of the REST or the GraphQL API."""
    is_rest = bool({"attribute_set_id", "custom_attributes", "media_gallery_entries", "type_id"} & set(entry))
    is_graphql = bool({"url_key", "price_range", "media_gallery", "small_image", "stock_status"} & set(entry))
    return "sku" in entry and "name" in entry and (is_rest or (is_graphql and "productNumber" not in entry))


def to_record(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a flat record of a product of the REST or the GraphQL API."""
    custom = {
        clean_text(part.get("attribute_code")): part.get("value")
        for part in list_or_empty(entry.get("custom_attributes"))
        if isinstance(part, dict)
    }
    attributes: list[dict[str, Any]] = [
        {"name": name, "value": value}
        for name, value in custom.items()
        # The value of a select is the number of an option, whose name is elsewhere.
        if not _SYSTEM_ATTRIBUTES.match(name) and isinstance(value, str) and not re.fullmatch(r"[\d,.]*", value)
    ]
    variants = [part for part in list_or_empty(entry.get("variants")) if isinstance(part, dict)]
    photos_by_colour: dict[str, list[str]] = {}
    for variant in variants:
        pairs = [part for part in list_or_empty(variant.get("attributes")) if isinstance(part, dict)]
        attributes += [{"name": part.get("code"), "value": part.get("label")} for part in pairs]
        colour = next((p.get("label") for p in pairs if labelled_values.is_colour_label(clean_text(p.get("code")))), "")
        product = variant.get("product")
        if colour and isinstance(product, dict):
            photos_by_colour.setdefault(str(colour), []).extend(_images(product))
    unique = {(clean_text(a["name"]), clean_text(a["value"])): a for a in attributes}
    return {
        "id": entry.get("id"),
        "sku": entry.get("sku"),
        "name": entry.get("name"),
        "description": [_html(custom.get(name, entry.get(name))) for name in ("description", "short_description")],
        "url": page_url(url_key(entry), clean_text(entry.get("url_suffix"))),
        "price": _price(entry),
        "currency": _currency(entry),
        "availability": {"IN_STOCK": "in stock", "OUT_OF_STOCK": "out of stock"}.get(str(entry.get("stock_status"))),
        "categories": [_category_path(part) for part in list_or_empty(entry.get("categories"))],
        "images": [*_images(entry), *(url for urls in photos_by_colour.values() for url in urls)],
        "colors": photos_by_colour,
        "attributes": list(unique.values()),
        "group_id": entry.get("parent_sku"),
    }


def url_key(entry: dict[str, Any]) -> str:
    """Return the last step of the URL of a product's page, "" if it is not stated (REST)."""
    custom = [part for part in list_or_empty(entry.get("custom_attributes")) if isinstance(part, dict)]
    stated = (part.get("value") for part in custom if part.get("attribute_code") == "url_key")
    return clean_text(entry.get("url_key") or next(stated, ""))


def variant_ids(entry: dict[str, Any]) -> list[str]:
    """Return the ids of the simple products of a configurable one (REST)."""
    extension = entry.get("extension_attributes")
    links = extension.get("configurable_product_links") if isinstance(extension, dict) else None
    return [clean_text(link) for link in list_or_empty(links)]


def page_url(url_key: str, suffix: str = "") -> str | None:
    """Return the URL of a product's page, relative to the shop."""
    return f"/{quote(url_key)}{suffix or '.html'}" if url_key else None


def image_path(path: str) -> str:
    """Return the URL of an image that Magento states as a path below its media folder, or an absolute URL unchanged."""
    is_complete = path.startswith(("http://", "https://", "//")) or MEDIA_PATH in path
    return path if is_complete else f"{MEDIA_PATH}/{path.lstrip('/')}"


def _html(value: Any) -> str:
    text = value.get("html") if isinstance(value, dict) else value
    return text.strip() if isinstance(text, str) else ""


def _images(entry: dict[str, Any]) -> Iterator[str]:
    gallery = [part for part in list_or_empty(entry.get("media_gallery_entries")) if isinstance(part, dict)]
    for part in gallery:
        if part.get("media_type", "image") == "image" and not part.get("disabled") and part.get("file"):
            yield image_path(clean_text(part["file"]))
    for part in (entry.get("image"), *list_or_empty(entry.get("media_gallery"))):
        if isinstance(part, dict) and part.get("url") and "Video" not in clean_text(part.get("__typename")):
            yield clean_text(part["url"])
    if not gallery and isinstance(entry.get("image"), str):
        yield image_path(entry["image"])


def _minimum_price(entry: dict[str, Any]) -> dict[str, Any]:
    value: Any = entry.get("price_range")
    for name in ("minimum_price", "final_price"):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _price(entry: dict[str, Any]) -> Any:
    return _minimum_price(entry).get("value") or entry.get("price")


def _currency(entry: dict[str, Any]) -> Any:
    return _minimum_price(entry).get("currency")


def _category_path(category: Any) -> str:
    if not isinstance(category, dict):
        return ""
    above = [part for part in list_or_empty(category.get("breadcrumbs")) if isinstance(part, dict)]
    names = [*(clean_text(part.get("category_name")) for part in above), clean_text(category.get("name"))]
    return " > ".join(filter(None, names))


def is_csv_header(columns: frozenset[str]) -> bool:
    """Return whether the columns are those of Magento's product export."""
    return ("sku" in columns and bool({"additional_attributes", "configurable_variations"} & columns)) or (
        {"sku", "product_type", "url_key"} <= columns
    )


def read_csv(rows: Rows, base_url: str, on_bad_row: OnBadRow) -> Iterator[tuple[str, ExtractedFields, str]]:
    """Yield the rows of the export; a simple product has the id, title and URL of its configurable product."""
    own: dict[str, _Parent] = {}
    parents: dict[str, str] = {}
    for _, row in rows(ignore_bad_row):
        plain = normalise_row(row)
        sku = plain.get("sku", "").strip()
        if plain.get("name") and (sku not in own or not plain.get("store_view_code")):
            own[sku] = _Parent(sku, plain["name"], plain.get("url_key", ""))
        for variation in plain.get("configurable_variations", "").split("|"):
            if child := _parse_pairs(variation).get("sku"):
                parents[child] = sku
    seen: set[str] = set()
    for number, row in rows(on_bad_row):
        plain = normalise_row(row)
        sku = plain.get("sku", "").strip()
        if plain.get("store_view_code") and (sku in seen or not plain.get("name")):
            on_bad_row(f"row {number}", f"it repeats a product for the store view {plain['store_view_code']}")
            continue
        seen.add(sku)
        if plain.get("product_online", "1").strip() == _OFFLINE:
            on_bad_row(f"row {number}", "it is disabled: the shop does not show it")
            continue
        parent = own.get(parents.get(sku, sku)) or _Parent(sku, plain.get("name", ""), plain.get("url_key", ""))
        record = _csv_record(plain, parent)
        yield f"row {number}", *flat_record.read_record(record, base_url, "magento")


def _csv_record(plain: dict[str, str], parent: _Parent) -> dict[str, Any]:
    images = [plain.get("base_image", ""), *plain.get("additional_images", "").split(",")]
    images = [path.strip() for path in images if path.strip()] or [plain.get("image", ""), plain.get("small_image", "")]
    categories = [_ROOT_CATEGORY.sub("", path.strip()) for path in plain.get("categories", "").split(",")]
    pairs = _parse_pairs(plain.get("additional_attributes", ""))
    is_in_stock = plain.get("is_in_stock", "")
    return {
        "sku": plain.get("sku"),
        "name": parent.title,
        "group_id": parent.sku,
        "description": [plain.get("description", ""), plain.get("short_description", "")],
        "url": page_url(parent.url_key),
        "price": [plain.get("special_price", ""), plain.get("price", "")],
        "availability": {"1": "in stock", "0": "out of stock"}.get(is_in_stock[:1]),
        "categories": [" > ".join(path.split("/")) for path in categories if path],
        "images": [image_path(path) for path in images if path],
        "attributes": [
            {"name": name, "value": value}
            for name, values in pairs.items()
            if not _SYSTEM_ATTRIBUTES.match(name)
            for value in values.split("|")
        ],
    }


def _parse_pairs(text: str) -> dict[str, str]:
    """Parse "color=Blue,size=M"; a value may contain commas."""
    pairs = (part.partition("=") for part in _PAIR_SEPARATOR.split(text))
    return {name.strip(): value.strip().strip('"') for name, found, value in pairs if found}
