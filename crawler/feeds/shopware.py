"""Shopware 6: the Store API and the Admin API."""

from collections.abc import Iterator
from typing import Any

from crawler.page.document import clean_text
from crawler.values.value_parsing import list_or_empty


def is_product_json(entry: dict[str, Any]) -> bool:
    """Return whether `entry` is a product of one of the APIs."""
    return "productNumber" in entry


def parent_id(entry: dict[str, Any]) -> str:
    """Return the id of the product that a variant belongs to, "" for a product."""
    return clean_text(entry.get("parentId"))


def to_record(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a flat record of a product."""
    cover = entry.get("cover")
    media = [cover, *list_or_empty(entry.get("media"))]
    links = [part for part in list_or_empty(entry.get("seoUrls")) if isinstance(part, dict)]
    path = next((clean_text(part.get("seoPathInfo")) for part in links if part.get("seoPathInfo")), "")
    product_id = clean_text(entry.get("id"))
    return {
        "id": product_id or entry.get("productNumber"),
        "sku": entry.get("productNumber"),
        "group_id": parent_id(entry),
        "gtin": entry.get("ean"),
        "mpn": entry.get("manufacturerNumber"),
        "name": _translated(entry, "name"),
        "description": _translated(entry, "description"),
        "url": f"/{path.lstrip('/')}" if path else f"/detail/{product_id}",
        "brand": _translated(entry.get("manufacturer"), "name"),
        "price": _price(entry),
        "availability": entry.get("available"),
        "categories": [_category_path(part) for part in list_or_empty(entry.get("categories"))],
        "images": list(dict.fromkeys(url for part in media if (url := _media_url(part)))),
        "attributes": list(_properties(entry)),
    }


def _translated(value: Any, name: str) -> str:
    """Return a field in the language of the response."""
    if not isinstance(value, dict):
        return ""
    translated = value.get("translated")
    text = translated.get(name) if isinstance(translated, dict) else None
    text = text or value.get(name)
    return text.strip() if isinstance(text, str) else ""


def _media_url(part: Any) -> str:
    media = part.get("media", part) if isinstance(part, dict) else None
    return clean_text(media.get("url")) if isinstance(media, dict) else ""


def _price(entry: dict[str, Any]) -> Any:
    calculated = entry.get("calculatedPrice")
    if isinstance(calculated, dict):
        return calculated.get("unitPrice") or calculated.get("totalPrice")
    prices = [part for part in list_or_empty(entry.get("price")) if isinstance(part, dict)]
    return next((part.get("gross") for part in prices), entry.get("price"))


def _category_path(category: Any) -> str:
    if not isinstance(category, dict):
        return ""
    translated = category.get("translated")
    breadcrumb = (translated if isinstance(translated, dict) else category).get("breadcrumb") or category.get(
        "breadcrumb"
    )
    # The first step is the root of the sales channel.
    steps = [clean_text(step) for step in list_or_empty(breadcrumb)][1:]
    return " > ".join(filter(None, steps)) or _translated(category, "name")


def _properties(entry: dict[str, Any]) -> Iterator[dict[str, str]]:
    for part in (*list_or_empty(entry.get("options")), *list_or_empty(entry.get("properties"))):
        if isinstance(part, dict) and (value := _translated(part, "name")):
            yield {"name": _translated(part.get("group"), "name"), "value": value}
