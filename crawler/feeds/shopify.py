"""Shopify: /products.json and the JSON of one product, the GraphQL APIs and their bulk export, and the CSV export."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin

from crawler.extract import shopify
from crawler.extract.models import ExtractedFields
from crawler.feeds.csv_table import Rows, group_rows, normalise_row
from crawler.feeds.entries import OnBadRow
from crawler.page.document import clean_text
from crawler.values.value_parsing import list_or_empty

_GID = re.compile(r"gid://shopify/(\w+)/(\d+)")
_MAX_OPTIONS = 3
_UNPUBLISHED = frozenset({"draft", "archived"})
_PRICE_PATHS = (("priceRange", "minVariantPrice"), ("priceRangeV2", "minVariantPrice"))
_OLD_NAMES = {
    "url_handle": "handle",
    "description": "body",
    "sku": "variant_sku",
    "barcode": "variant_barcode",
    "price": "variant_price",
    "product_image_url": "image_src",
    "variant_image_url": "variant_image",
    "published_on_online_store": "published",
}
"""The columns of the old export, by their names in the new one."""


def is_product_json(entry: dict[str, Any]) -> bool:
    """Return whether `entry` is a product of the REST or the GraphQL API."""
    return shopify.is_product_json(entry) or (
        "title" in entry and bool({"descriptionHtml", "productType", "onlineStoreUrl"} & set(entry))
    )


def extract_fields(entry: dict[str, Any], base_url: str) -> ExtractedFields:
    """Extract the fields of a product of the REST or the GraphQL API, whose lists are plain lists."""
    return shopify.extract_fields(_from_graphql(entry), base_url)


def product_url(entry: dict[str, Any], base_url: str) -> str:
    """Return the URL of the product's page, or `base_url` if the entry has no handle."""
    return clean_text(entry.get("onlineStoreUrl")) or shopify.product_url(entry, base_url)


def is_part_of_product(entry: dict[str, Any]) -> bool:
    """Return whether `entry` is a line of the bulk export that belongs to the product in front of it."""
    return "__parentId" in entry


def add_part(product: dict[str, Any], part: dict[str, Any]) -> None:
    """Add a variant or an image of the bulk export to its product."""
    match = _GID.search(clean_text(part.get("id")))
    kind = match[1] if match else ""
    name = "variants" if kind == "ProductVariant" or "selectedOptions" in part else "images"
    product.setdefault(name, []).append(part)


def _from_graphql(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a product of the GraphQL API with the names of the REST API."""
    variants = [_variant_from_graphql(v) for v in list_or_empty(entry.get("variants")) if isinstance(v, dict)]
    media = [
        part.get("image") or part.get("previewImage")
        for part in list_or_empty(entry.get("media"))
        if isinstance(part, dict)
    ]
    images = list_or_empty(entry.get("images")) or [image for image in media if image]
    options = list_or_empty(entry.get("options"))
    if not options and variants:
        names = dict.fromkeys(name for variant in variants for name in variant.get("_option_names", ()))
        options = [{"name": name} for name in names]
    category = entry.get("category") if isinstance(entry.get("category"), dict) else {}
    prices = (_money(entry, *path) for path in _PRICE_PATHS)
    stated = (*(variant["_money"] for variant in variants), *prices)
    price: dict[str, Any] = next((money for money in stated if money), {})
    return {
        **entry,
        "price": clean_text(price.get("amount")) or entry.get("price"),
        "currency": clean_text(price.get("currencyCode")),
        "id": _plain_id(entry.get("id")),
        "body_html": entry.get("body_html") or entry.get("descriptionHtml"),
        "product_type": entry.get("product_type") or entry.get("productType") or (category or {}).get("fullName"),
        "options": options,
        "variants": variants,
        "images": [_image_from_graphql(image) for image in images],
        "image": _image_from_graphql(entry.get("image") or entry.get("featuredImage")),
    }


def _variant_from_graphql(variant: dict[str, Any]) -> dict[str, Any]:
    selected = [part for part in list_or_empty(variant.get("selectedOptions")) if isinstance(part, dict)]
    money = _money(variant, "price") or _money(variant, "priceV2")
    plain = {**variant, "id": _plain_id(variant.get("id")), "_money": money}
    if money:
        plain["price"] = clean_text(money.get("amount"))
    if "availableForSale" in variant:
        plain["available"] = variant["availableForSale"]
    if "image" in variant and "featured_image" not in variant:
        plain["featured_image"] = _image_from_graphql(variant["image"])
    for index, option in enumerate(selected[:_MAX_OPTIONS], 1):
        plain[f"option{index}"] = clean_text(option.get("value"))
    if selected:
        plain["_option_names"] = [clean_text(option.get("name")) for option in selected]
    return plain


def _money(entry: dict[str, Any], *path: str) -> dict[str, Any]:
    """Return the amount and the currency at a path of names, {} if there is none."""
    value: Any = entry
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _image_from_graphql(image: Any) -> Any:
    if not isinstance(image, dict) or image.get("src"):
        return image
    url = image.get("url") or image.get("originalSrc") or image.get("transformedSrc")
    nested = image.get("image")
    return {**image, "src": url} if url else _image_from_graphql(nested) if isinstance(nested, dict) else None


def _plain_id(value: Any) -> Any:
    match = _GID.search(value) if isinstance(value, str) else None
    return match[2] if match else value


def is_csv_header(columns: frozenset[str]) -> bool:
    """Return whether the columns are those of Shopify's product export, in its old or its new form."""
    return "url_handle" in columns or (
        "handle" in columns and bool({"option1_name", "variant_price", "variant_inventory_qty"} & columns)
    )


def read_csv(rows: Rows, base_url: str, on_bad_row: OnBadRow) -> Iterator[tuple[str, ExtractedFields, str]]:
    """Yield the products of the export, in which a product has one row per variant and per image."""
    named = ((number, _use_old_names(normalise_row(row))) for number, row in rows(on_bad_row))
    for number, group in group_rows(named, _begins_product):
        yield from _read_group(group, number, base_url, on_bad_row)


def _use_old_names(row: dict[str, str]) -> dict[str, str]:
    """Return the row with the names of the old form; a column of the old form is never replaced by another one."""
    old_names = {name: old for name, old in _OLD_NAMES.items() if old not in row}
    return {old_names.get(name, name): cell for name, cell in row.items()}


def _begins_product(row: dict[str, str], first_row: dict[str, str]) -> bool:
    return row.get("handle", "") not in ("", first_row.get("handle", ""))


def _read_group(
    rows: list[dict[str, str]], number: int, base_url: str, on_bad_row: OnBadRow
) -> Iterator[tuple[str, ExtractedFields, str]]:
    first, location = rows[0], f"row {number}"
    status = first.get("status", "").strip().lower()
    if status in _UNPUBLISHED:
        on_bad_row(location, f"its status is {status}: the shop does not show it")
        return
    if first.get("published", "").strip().lower() == "false":
        on_bad_row(location, "it is not published: the shop does not show it")
        return
    names = [first[f"option{n}_name"] for n in range(1, _MAX_OPTIONS + 1) if first.get(f"option{n}_name")]
    handle = first.get("handle", "")
    entry: dict[str, Any] = {
        "handle": handle,
        "title": first.get("title", ""),
        "body_html": first.get("body", ""),
        "vendor": first.get("vendor", ""),
        "product_type": first.get("type") or first.get("custom_product_type", ""),
        "tags": first.get("tags", ""),
        "options": [{"name": name} for name in names],
        "variants": [_variant_from_row(row) for row in rows if row.get("option1_value") or row.get("variant_sku")],
        "images": [
            {"src": row["image_src"], "position": int(row["image_position"]) if _is_number(row) else index}
            for index, row in enumerate(rows, 1)
            if row.get("image_src")
        ],
    }
    extracted = shopify.extract_fields(entry, base_url)
    extracted.item_group_id = handle
    extracted.mpn = first.get("google_shopping_mpn", "")
    extracted.colour = extracted.colour or first.get("google_shopping_color", "")
    if path := first.get("product_category", ""):
        extracted.categories = (*extracted.categories, path)
    yield location, extracted, urljoin(base_url, f"/products/{quote(handle)}")


def _variant_from_row(row: dict[str, str]) -> dict[str, Any]:
    options = {f"option{n}": row.get(f"option{n}_value", "") for n in range(1, _MAX_OPTIONS + 1)}
    return {
        **options,
        "sku": row.get("variant_sku", "").lstrip("'"),
        "barcode": row.get("variant_barcode", "").lstrip("'"),
        "price": row.get("variant_price", ""),
        "featured_image": row.get("variant_image", ""),
    }


def _is_number(row: dict[str, str]) -> bool:
    return row.get("image_position", "").isascii() and row.get("image_position", "").isdigit()
