"""WooCommerce: the Store API, the REST API v3 and the CSV export."""

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from crawler.extract import flat_record
from crawler.extract.models import ExtractedFields
from crawler.feeds.csv_table import Rows, normalise_row
from crawler.feeds.entries import OnBadRow, ignore_bad_row
from crawler.page.document import clean_text, collapse_whitespace, resolve_href
from crawler.values import labelled_values
from crawler.values.value_parsing import list_or_empty, strip_text
from weft.contracts.product import Attribute, PhotoLink

_LIST_SEPARATOR = re.compile(r"\s*(?<!\\)[,|]\s*")
_HIDDEN = frozenset({"-1", "0", "draft", "private", "pending", "trash"})
_VARIATION = "variation"


def is_product_json(value: object) -> bool:
    """Return whether `value` has the shape of a product of the Store API or the REST API."""
    return isinstance(value, dict) and "permalink" in value and "name" in value


def product_url(entry: dict[str, Any], base_url: str) -> str:
    """Return the URL of the product's page, or `base_url` if the entry has none."""
    return resolve_href(base_url, entry.get("permalink")) or base_url


def parent_id(entry: dict[str, Any]) -> str:
    """Return the id of the product that a variation belongs to, "" for a product."""
    parent = clean_text(entry.get("parent_id", entry.get("parent")))
    return "" if parent == "0" else parent


def extract_fields(entry: dict[str, Any], base_url: str) -> ExtractedFields:
    """Extract the fields of one product of the Store API or the REST API."""
    parent = parent_id(entry)
    attributes = tuple(_attributes(entry))
    colours = {attribute.value for attribute in attributes if labelled_values.is_colour_label(attribute.name)}
    images = [*list_or_empty(entry.get("images")), entry.get("image")]
    links = (resolve_href(base_url, i.get("src") or i.get("thumbnail")) for i in images if isinstance(i, dict))
    return ExtractedFields(
        source="woocommerce",
        platform_id=parent or clean_text(entry.get("id")),
        sku=clean_text(entry.get("sku")),
        parent_sku="" if parent else clean_text(entry.get("sku")),
        gtin=clean_text(entry.get("global_unique_id")),
        title=collapse_whitespace(html.unescape(clean_text(entry.get("name")))),
        description=max((strip_text(entry.get(key)) for key in ("description", "short_description")), key=len),
        brand=next((name for name in _iter_names(entry.get("brands"))), ""),
        colour=colours.pop() if len(colours) == 1 else "",
        price=_decimal_price(entry.get("prices")) or clean_text(entry.get("price")),
        currency=_currency(entry),
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


def _currency(entry: dict[str, Any]) -> str:
    prices = entry.get("prices")
    return clean_text(prices.get("currency_code")) if isinstance(prices, dict) else ""


def _availability(entry: dict[str, Any]) -> str:
    in_stock = entry.get("is_in_stock")
    if isinstance(in_stock, bool):
        return "InStock" if in_stock else "OutOfStock"
    return clean_text(entry.get("stock_status"))


def _attributes(entry: dict[str, Any]) -> Iterator[Attribute]:
    for attribute in list_or_empty(entry.get("attributes")):
        if not isinstance(attribute, dict) or not (name := clean_text(attribute.get("name"))):
            continue
        values = (
            *_iter_names(attribute.get("terms")),
            *_iter_names(attribute.get("options")),
            clean_text(attribute.get("value")),
            clean_text(attribute.get("option")),
        )
        for value in dict.fromkeys(values):
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


def is_csv_header(columns: frozenset[str]) -> bool:
    """Return whether the columns are those of WooCommerce's product export."""
    return {"type", "sku", "name"} <= columns and bool({"attribute_1_name", "parent", "published"} & columns)


def read_csv(rows: Rows, base_url: str, on_bad_row: OnBadRow) -> Iterator[tuple[str, ExtractedFields, str]]:
    """Yield the rows of the export; a variation has the id, the title and the URL of its parent."""
    parents: dict[str, tuple[str, str]] = {}
    for _, row in rows(ignore_bad_row):
        plain = normalise_row(row)
        if plain.get("type", "").lower() != _VARIATION:
            parent = (plain.get("id") or plain.get("sku", ""), plain.get("name", ""))
            parents.update({key: parent for key in (f"id:{plain.get('id')}", plain.get("sku", "")) if key})
    for number, row in rows(on_bad_row):
        plain = normalise_row(row)
        published = plain.get("published", "1").strip().lower()
        if published in _HIDDEN:
            on_bad_row(f"row {number}", "it is not published: the shop does not show it")
            continue
        own = (plain.get("id") or plain.get("sku", ""), plain.get("name", ""))
        item_id, title = parents.get(plain.get("parent", "").strip(), own) if plain.get("parent") else own
        left_out = ("parent", "type", "categories", "tags")
        record: dict[str, Any] = {name: value for name, value in plain.items() if name not in left_out}
        record |= {"name": title or own[1], "item_group_id": item_id}
        for name in [name for name in record if name.startswith("attribute_") and "_value" in name]:
            record[name] = _split_list(record[name])
        extracted, url = flat_record.read_record(record, base_url, "woocommerce")
        extracted.categories = tuple(_split_list(plain.get("categories", "")))
        extracted.attributes += tuple(Attribute(name="tag", value=tag) for tag in _split_list(plain.get("tags", "")))
        yield f"row {number}", extracted, url


def _split_list(text: str) -> list[str]:
    """Split a cell of WooCommerce: "Red, Green"; a comma inside a value is escaped by a backslash."""
    return [part.replace("\\,", ",") for part in _LIST_SEPARATOR.split(text.strip()) if part]
