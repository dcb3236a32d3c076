"""Product lists in JSON: the APIs of shop software, schema.org, search indexes, and lists of flat records."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from crawler.decoding.byte_stream import open_limited
from crawler.decoding.text_encoding import SAMPLE_BYTES, detect_feed_encoding
from crawler.discover.platform_apis import SHOPIFY
from crawler.extract import flat_record, schema_org
from crawler.extract.linked_nodes import node_types
from crawler.extract.main_product import is_product_node
from crawler.extract.models import ExtractedFields, ExtractedProduct
from crawler.feeds import algolia, bigcommerce, magento, prestashop, shopify, shopware, woocommerce
from crawler.feeds.entries import NOT_A_MAPPING, OnBadRow, entry_to_product, ignore_bad_row
from crawler.page.document import clean_text, empty_document
from crawler.values.graphql import flatten_connections
from weft.errors import ShopError

MAX_LINE_BYTES = 4 * 1024**2
"""Maximum length of one line of JSON lines; a longer line is a bad row."""
MAX_JSON_BYTES = 256 * 1024**2
"""Maximum size of a feed that is one JSON value, which is read whole. XML, CSV and JSON lines are streamed."""
NOT_A_FEED = "a list of products as JSON, JSON lines, XML or CSV"
_PRODUCT_LIST_KEYS = (
    *("products", "items", "entries", "hits", "elements", "data", "results", "@graph", "itemListElement"),
    *("dataFeedElement", "records", "list", "docs", "response", "site", "search", "catalog", "product"),
)
"""Keys below which a JSON object holds its products, in order of preference."""
_WRAPPERS = ("node", "item", "itemOffered", "product", "_source", "fields", "record")
"""Keys under which an entry of a list holds the product itself."""
_LIST_TYPES = frozenset({"itemlist", "offercatalog", "datafeed", "collectionpage"})
_NAMES = frozenset({"name", "title", "product_name", "product_title", "item_name", "productName"})
_MAX_DEPTH = 12


class _Platform(NamedTuple):
    """The JSON of one shop software."""

    name: str
    is_product_json: Callable[[dict[str, Any]], bool]
    to_record: Callable[[dict[str, Any]], dict[str, Any]]
    """Returns a flat record, whose URLs may be relative."""


_PLATFORMS = (
    _Platform("shopware", shopware.is_product_json, shopware.to_record),
    _Platform("bigcommerce", bigcommerce.is_product_json, bigcommerce.to_record),
    _Platform("prestashop", prestashop.is_product_json, prestashop.to_record),
    _Platform("magento", magento.is_product_json, magento.to_record),
    _Platform("algolia", algolia.is_product_json, algolia.to_record),
)


def json_products(
    source: Path | str | BinaryIO, base_url: str, on_bad_row: OnBadRow = ignore_bad_row
) -> Iterator[ExtractedProduct]:
    """Yield the products inside one JSON value: a list, an object that holds a list at any depth, or one product.

    Raises:
        ShopError: The source cannot be read or is not JSON.
    """
    with open_limited(source, base_url if not isinstance(source, str | Path) else "", MAX_JSON_BYTES) as raw:
        value = decode_json(raw.read(), base_url)
    entries = find_entries(flatten_connections(value))
    _link_variants(entries)
    for number, entry in enumerate(entries):
        yield from _entry_products(entry, base_url, f"product {number}", on_bad_row)


def api_products(
    body: bytes, base_url: str, platform: str, on_bad_row: OnBadRow = ignore_bad_row
) -> Iterator[ExtractedProduct]:
    """Yield the products of one page of the API of `platform`.

    Raises:
        ShopError: `body` is not JSON, or is not a list of products of this API: another shop software answers there.
    """
    value = decode_json(body, base_url)
    entries = value.get("products") if platform == SHOPIFY and isinstance(value, dict) else value
    if not isinstance(entries, list):
        raise ShopError(f"{base_url}: expected a list of products of {platform}, got {type(value).__name__}")
    for number, entry in enumerate(flatten_connections(entries)):
        yield from _entry_products(entry, base_url, f"product {number}", on_bad_row)


def json_lines_products(
    source: Path | str | BinaryIO, base_url: str, on_bad_row: OnBadRow = ignore_bad_row
) -> Iterator[ExtractedProduct]:
    """Yield one product per line; the lines of Shopify's bulk export that follow a product belong to it.

    Args:
        source: A path or an open binary stream, compressed with gzip or not.
        base_url: Relative URLs are resolved against it. A line without a link gets a URL below it.
        on_bad_row: Called with each line that is not a product.

    Raises:
        ShopError: The file cannot be read.
    """
    pending: tuple[str, dict[str, Any]] | None = None
    with open_limited(source, base_url if not isinstance(source, str | Path) else "") as raw:
        for number, line in _iter_lines(raw):
            location = f"line {number}"
            entry = _decode_line(line, location, on_bad_row)
            if entry is None:
                continue
            if pending and shopify.is_part_of_product(entry):
                shopify.add_part(pending[1], entry)
                continue
            if pending:
                yield from _entry_products(pending[1], base_url, pending[0], on_bad_row)
            pending = (location, entry)
    if pending:
        yield from _entry_products(pending[1], base_url, pending[0], on_bad_row)


def decode_json(body: bytes, base_url: str) -> Any:
    """Decode the JSON in `body`.

    Raises:
        ShopError: `body` is not JSON.
    """
    try:
        text = body.decode(detect_feed_encoding(body[:SAMPLE_BYTES]), errors="replace").removeprefix("\ufeff")
        return json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise ShopError(f"{base_url}: expected {NOT_A_FEED}, got a file that is not JSON ({error})") from error


def find_entries(value: Any, depth: int = 0) -> list[Any]:
    """Return the entries inside a JSON value: the first list of products that is found, else the value itself."""
    if isinstance(value, list):
        lists = [part for part in value if isinstance(part, dict) and not _is_named(part) and _holds_list(part)]
        if lists and len(lists) == len(value) and depth < _MAX_DEPTH:
            return [entry for part in value for entry in find_entries(part, depth + 1)]
        return value
    if not isinstance(value, dict) or _is_product(value) or depth > _MAX_DEPTH:
        return [value]
    keys = [key for key in _PRODUCT_LIST_KEYS if isinstance(value.get(key), list | dict)]
    others = [key for key, part in value.items() if key not in keys and isinstance(part, list | dict)]
    found: list[Any] | None = None
    for key in (*keys, *others):
        entries = find_entries(value[key], depth + 1)
        if any(isinstance(entry, dict) and _is_named(_unwrap(entry)) for entry in entries):
            return entries
        if found is None and keys:
            found = entries
    return [value] if found is None else found


def extract_entry(entry: dict[str, Any], base_url: str) -> tuple[ExtractedFields, str]:
    """Extract the fields of one JSON object and the URL of its product.

    The object has the shape of a product of schema.org or of a known shop software, or is a flat record with columns of
    usual names.
    """
    if is_product_node(entry):
        document = empty_document(base_url)
        return schema_org.extract_schema_org([entry], document, "json-ld"), schema_org.product_url(entry, document)
    if shopify.is_product_json(entry):
        return shopify.extract_fields(entry, base_url), shopify.product_url(entry, base_url)
    if woocommerce.is_product_json(entry):
        return woocommerce.extract_fields(entry, base_url), woocommerce.product_url(entry, base_url)
    for platform in _PLATFORMS:
        if platform.is_product_json(entry):
            return flat_record.read_record(platform.to_record(entry), base_url, platform.name)
    return flat_record.read_record(entry, base_url, "json")


def _entry_products(entry: Any, base_url: str, location: str, on_bad_row: OnBadRow) -> Iterator[ExtractedProduct]:
    if not isinstance(entry, dict):
        on_bad_row(location, NOT_A_MAPPING)
        return
    entry = _unwrap(entry)
    if not _is_named(entry) and (url := clean_text(entry.get("url"))):
        on_bad_row(location, f"it is only a link to {url}, without a title")
        return
    extracted, url = extract_entry(entry, base_url)
    yield from entry_to_product(extracted, url, location, on_bad_row)


def _unwrap(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the product inside a wrapper such as {"product": {...}} or {"@type": "ListItem", "item": {...}}."""
    attributes = entry.get("attributes")
    if entry.get("type") == "product" and isinstance(attributes, dict) and not _is_named(entry):
        return {**attributes, "id": entry.get("id")}
    for key in _WRAPPERS:
        inner = entry.get(key)
        is_wrapper = not _is_named(entry) or (node_types(entry) <= {"listitem", "offer"} and key != "product")
        if is_wrapper and isinstance(inner, dict) and _is_named(inner):
            return _unwrap(inner)
    return entry


def _is_named(entry: dict[str, Any]) -> bool:
    return bool(_NAMES & set(entry))


def _is_product(value: dict[str, Any]) -> bool:
    if node_types(value) & _LIST_TYPES:
        return False
    known = shopify.is_product_json(value) or woocommerce.is_product_json(value) or is_product_node(value)
    return known or any(platform.is_product_json(value) for platform in _PLATFORMS)


def _holds_list(value: dict[str, Any]) -> bool:
    return any(isinstance(value.get(key), list) for key in _PRODUCT_LIST_KEYS)


def _link_variants(entries: list[Any]) -> None:
    """Give variants that are entries of their own the id and the title of their product, if it is in the same list."""
    products = {clean_text(entry.get("id")): entry for entry in entries if isinstance(entry, dict)}
    for entry in products.copy().values():
        for child in magento.variant_ids(entry):
            if child in products:
                entry["parent_sku"] = entry.get("sku")
                products[child] |= {"parent_sku": entry.get("sku"), "name": entry.get("name")}
                products[child]["url_key"] = magento.url_key(entry)
    for entry in list(products.values()):
        for get_parent in (woocommerce.parent_id, shopware.parent_id):
            parent = products.get(get_parent(entry))
            if parent is not None and parent is not entry:
                for name in ("name", "permalink", "translated"):
                    if name in parent:
                        entry[name] = parent[name]


def _decode_line(line: bytes | None, location: str, on_bad_row: OnBadRow) -> dict[str, Any] | None:
    if line is None:
        on_bad_row(location, f"it is longer than {MAX_LINE_BYTES} bytes")
        return None
    if not line.strip():
        return None
    try:
        entry = json.loads(line.decode("utf-8-sig", errors="replace"), strict=False)
    except (ValueError, RecursionError) as error:
        on_bad_row(location, f"it is not JSON: {error}")
        return None
    if not isinstance(entry, dict):
        on_bad_row(location, NOT_A_MAPPING)
        return None
    flat: dict[str, Any] = flatten_connections(entry)
    return flat


def _iter_lines(raw: io.BufferedReader) -> Iterator[tuple[int, bytes | None]]:
    """Yield (number from 1, line), with None in place of a line that is too long."""
    number = 0
    while line := raw.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) <= MAX_LINE_BYTES or line.endswith(b"\n"):
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = raw.readline(MAX_LINE_BYTES + 1)
        yield number, None
