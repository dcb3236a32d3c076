"""BigCommerce: the REST API, the GraphQL API and the CSV export."""

import re
from collections.abc import Iterator
from typing import Any

from crawler.extract import flat_record
from crawler.extract.models import ExtractedFields
from crawler.feeds.csv_table import Rows, group_rows, normalise_row
from crawler.feeds.entries import OnBadRow
from crawler.page.document import clean_text
from crawler.values import labelled_values
from crawler.values.value_parsing import list_or_empty

_OPTION = re.compile(r"(?:\[\w+\])?\s*([^=,\[\]]+)=([^,:]+)")
_KINDS_OF_PARTS = frozenset({"sku", "variant", "image", "rule", "custom field", "video"})
"""The item types of the rows that belong to the product in front of them."""
_NEW_OPTION = re.compile(r"Name=([^|]+)\|Value=([^|\[]+)")


def is_product_json(entry: dict[str, Any]) -> bool:
    """Return whether `entry` is a product of the REST or the GraphQL API."""
    return "name" in entry and (
        "custom_url" in entry or "entityId" in entry or {"sku", "variants", "images", "brand_id"} <= set(entry)
    )


def to_record(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a flat record of a product, whose lists are plain lists."""
    custom_url = entry.get("custom_url")
    attributes = [part for part in list_or_empty(entry.get("custom_fields")) if isinstance(part, dict)]
    photos_by_colour: dict[str, list[str]] = {}
    gtin = entry.get("gtin") or entry.get("upc")
    for variant in list_or_empty(entry.get("variants")):
        pairs = list(_options(variant)) if isinstance(variant, dict) else []
        attributes += [{"name": name, "value": value} for name, value in pairs]
        gtin = gtin or (variant.get("gtin") or variant.get("upc") if pairs else None)
        colour = next((value for name, value in pairs if labelled_values.is_colour_label(name)), "")
        if colour and (url := _image(variant.get("defaultImage")) or clean_text(variant.get("image_url"))):
            photos_by_colour.setdefault(colour, []).append(url)
    images = [_image(part) for part in list_or_empty(entry.get("images"))]
    images += [_image(entry.get("primary_image")), _image(entry.get("defaultImage"))] if not any(images) else []
    images += [url for urls in photos_by_colour.values() for url in urls]
    unique = {(clean_text(a.get("name")), clean_text(a.get("value"))): a for a in attributes}
    brand = entry.get("brand")
    return {
        "id": entry.get("id") or entry.get("entityId"),
        "sku": entry.get("sku"),
        "gtin": gtin,
        "mpn": entry.get("mpn"),
        "name": entry.get("name"),
        "description": entry.get("description") or entry.get("plainTextDescription"),
        "url": custom_url.get("url") if isinstance(custom_url, dict) else custom_url or entry.get("path"),
        "brand": brand.get("name") if isinstance(brand, dict) else entry.get("brand_name") or brand,
        "price": _price(entry),
        "currency": _currency(entry),
        "availability": entry.get("availability"),
        "categories": [part.get("name") for part in list_or_empty(entry.get("categories")) if isinstance(part, dict)],
        "images": [url for url in images if url],
        "colors": photos_by_colour,
        "attributes": list(unique.values()),
    }


def _options(variant: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of a variant's options in the shapes of both APIs."""
    for part in list_or_empty(variant.get("option_values")):
        if isinstance(part, dict):
            yield clean_text(part.get("option_display_name")), clean_text(part.get("label"))
    for part in list_or_empty(variant.get("options")):
        if isinstance(part, dict):
            values = [value for value in list_or_empty(part.get("values")) if isinstance(value, dict)]
            for value in values:
                yield clean_text(part.get("displayName")), clean_text(value.get("label"))


def _image(image: Any) -> str:
    if not isinstance(image, dict):
        return ""
    names = ("url_zoom", "url_standard", "urlOriginal", "url", "standard_url", "image_url", "image_file")
    return next((clean_text(image[name]) for name in names if clean_text(image.get(name))), "")


def _price_node(entry: dict[str, Any]) -> dict[str, Any]:
    prices = entry.get("prices")
    node = prices.get("price") if isinstance(prices, dict) else None
    return node if isinstance(node, dict) else {}


def _price(entry: dict[str, Any]) -> Any:
    return _price_node(entry).get("value") or entry.get("sale_price") or entry.get("price")


def _currency(entry: dict[str, Any]) -> Any:
    return _price_node(entry).get("currencyCode")


def is_csv_header(columns: frozenset[str]) -> bool:
    """Return whether the columns are those of BigCommerce's product export, in its old or its new form."""
    return {"item_type", "product_name"} <= columns or {"item", "name", "options"} <= columns


def read_csv(rows: Rows, base_url: str, on_bad_row: OnBadRow) -> Iterator[tuple[str, ExtractedFields, str]]:
    """Yield the products of the export; the rows of its variants and images follow a product."""
    normalised = ((number, normalise_row(row)) for number, row in rows(on_bad_row))
    for number, group in group_rows(normalised, lambda row, _: _kind(row) not in _KINDS_OF_PARTS):
        if _kind(group[0]) == "product":
            yield _read_group(group, number, base_url)
        else:
            on_bad_row(f"row {number}", f"expected a row of a product, got the item type {_kind(group[0])!r}")


def _kind(row: dict[str, str]) -> str:
    return (row.get("item_type") or row.get("item", "")).strip().lower()


def _read_group(rows: list[dict[str, str]], number: int, base_url: str) -> tuple[str, ExtractedFields, str]:
    first = rows[0]
    photos: list[str] = []
    photos_by_colour: dict[str, list[str]] = {}
    attributes: dict[tuple[str, str], None] = {}
    for row in rows:
        row_photos = [value for name, value in row.items() if "image" in name and _is_image(name)]
        options = _parse_options(row) if row is not first else []
        attributes.update(dict.fromkeys(options))
        colour = next((value for name, value in options if labelled_values.is_colour_label(name)), "")
        photos += row_photos
        if colour and row_photos:
            photos_by_colour.setdefault(colour, []).extend(row_photos)
    categories = re.split(r"\s*;\s*", first.get("category") or first.get("categories", ""))
    record = {
        "id": first.get("product_id") or first.get("id"),
        "sku": first.get("product_code_sku") or first.get("sku"),
        "gtin": first.get("product_upc_ean") or first.get("upc_ean") or first.get("gtin"),
        "mpn": first.get("manufacturer_part_number"),
        "name": first.get("product_name") or first.get("name"),
        "description": first.get("product_description") or first.get("description"),
        "url": first.get("product_url"),
        "brand": first.get("brand_name") or first.get("brand"),
        "price": first.get("sale_price") or first.get("price"),
        "categories": [" > ".join(path.strip("/").split("/")) for path in categories if path],
        "images": photos,
        "colors": photos_by_colour,
        "attributes": [{"name": name, "value": value} for name, value in attributes],
    }
    return f"row {number}", *flat_record.read_record(record, base_url, "bigcommerce")


def _is_image(column: str) -> bool:
    return column.startswith(
        ("product_image_file", "product_image_url", "image_url", "variant_image", "internal_image_url")
    )


def _parse_options(row: dict[str, str]) -> list[tuple[str, str]]:
    """Parse "[RT]Color=Blue,[S]Size=M" of the old form and "Type=Swatch|Name=Color|Value=Blue[#00f]" of the new one."""
    text = row.get("options") or row.get("product_name", "")
    pairs = _NEW_OPTION.findall(text) or _OPTION.findall(text)
    return [(name.strip(), value.strip()) for name, value in pairs]
