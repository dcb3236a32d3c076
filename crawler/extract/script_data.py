"""Find the product in the data that a page carries for its scripts.

An object is a product by its shape: a name beside a price or images.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from crawler.discover import urls
from crawler.extract import flat_record, shopify
from crawler.extract.models import ExtractedFields
from crawler.extract.record_values import localised_text
from crawler.extract.script_values import iter_script_values
from crawler.page.document import Document, clean_text
from crawler.page.once_per_document import once_per_document
from crawler.values import labelled_values
from crawler.values.graphql import flatten_connections

MAX_VALUES = 50_000
"""Maximum number of JSON values of one page that are visited."""
_MAX_DEPTH = 14
_NAMES = ("name", "title", "productName", "product_name", "displayName", "item_name")
_PRICE_KEY = re.compile(r"price|^offers?$|^amount$|^prices$", re.IGNORECASE)
_IMAGE_KEY = re.compile(r"image|^img|picture|photo|^media|gallery|thumbnail|^assets$", re.IGNORECASE)
_URL_KEYS = ("url", "href", "link", "path", "canonicalUrl", "productUrl", "permalink", "uri", "canonical_url", "pdpUrl")
_SLUG_KEYS = ("slug", "handle", "urlKey", "url_key", "seoUrl", "urlPath", "seoName")
_ID_KEYS = (
    "id",
    "sku",
    "productId",
    "product_id",
    "code",
    "articleNumber",
    "itemId",
    "styleId",
    "item_id",
    "id_product",
)
_VARIANT_KEYS = ("variants", "skus", "variations", "children", "colors", "colours", "colorVariants", "items")
_MAIN_VARIANT_KEYS = ("masterVariant", "defaultVariant", "selectedVariant", "firstVariant", "defaultSku")
_COLOUR_KEYS = ("color", "colour", "colorName", "colourName", "color_name", "colour_name")
_IMAGE_LIST_KEYS = (
    "images",
    "image",
    "media",
    "gallery",
    "photos",
    "pictures",
    "imageUrl",
    "image_url",
    "featuredImage",
)
_SAME_URL, _SAME_SLUG, _SAME_NAME, _ID_IN_URL = 8, 6, 5, 4
_MIN_ID_LENGTH = 4

Node = dict[str, Any]


def extract_script_data(document: Document) -> ExtractedFields:
    """Extract the product of the page from the data of its scripts."""
    node = _find_main_product(document)
    if node is None:
        return ExtractedFields(source="script data")
    entry = flatten_connections(node)
    if shopify.is_product_json(entry):
        extracted = shopify.extract_fields(entry, document.base_url)
    else:
        extracted, _ = flat_record.read_record({**entry, **_colour_photos(entry)}, document.base_url, "")
        if extracted.sku == clean_text(entry.get("id")) and not any("sku" in key.lower() for key in entry):
            # In a feed the id is the SKU; in the data of a page it is a number of the shop's software.
            extracted.platform_id, extracted.sku, extracted.parent_sku = extracted.sku, "", ""
    extracted.source = "script data"
    extracted.is_product = bool(extracted.title)
    return extracted


def product_links(document: Document) -> Iterator[str]:
    """Yield the URLs of the products in the data of the page's scripts."""
    for node in _find_product_nodes(document):
        yield from (url for key in _URL_KEYS if (url := clean_text(node.get(key))) and _is_link(url))


def _is_link(url: str) -> bool:
    return url.startswith(("/", "http://", "https://")) and " " not in url


def _find_main_product(document: Document) -> Node | None:
    """Return the product that the page is about: by its URL, slug, id or name; None if no product is sure."""
    nodes = _find_product_nodes(document)
    scores = [_score(node, document) for node in nodes]
    best = max(scores, default=0)
    if best > 0:
        # Of several copies, the one with the most fields is the page's own data.
        return max((node for node, score in zip(nodes, scores, strict=True) if score == best), key=_richness)
    is_shell = not document.heading and len(nodes) == 1
    return nodes[0] if is_shell and _richness(nodes[0]) > len(_NAMES) else None


def _richness(node: Node) -> int:
    return sum(bool(value) for value in node.values())


def _score(node: Node, document: Document) -> int:
    page_urls = {document.url, document.canonical_url}
    last_step = unquote(urlsplit(document.canonical_url).path.rstrip("/").rsplit("/", 1)[-1]).lower()
    links = [document.resolve_href(node.get(key)) for key in _URL_KEYS if isinstance(node.get(key), str)]
    slugs = {_text(node.get(key)).strip("/").rsplit("/", 1)[-1].lower() for key in _SLUG_KEYS} - {""}
    name = _name(node).casefold()
    headings = {document.heading.casefold(), document.title.casefold()} - {""}
    ids = {clean_text(node.get(key)).lower() for key in _ID_KEYS}
    score = _SAME_URL * bool({urls.canonicalize(link) for link in links if link} & page_urls)
    score += _SAME_SLUG * any(slug == last_step.removesuffix(".html") for slug in slugs)
    score += _SAME_NAME * (name in headings)
    return score + _ID_IN_URL * any(len(i) >= _MIN_ID_LENGTH and i in document.url.lower() for i in ids)


def _name(node: Node) -> str:
    return next((text for key in _NAMES if (text := _text(node.get(key)))), "")


def _text(value: Any) -> str:
    return localised_text(value) if isinstance(value, dict) else clean_text(value)


@once_per_document
def _find_product_nodes(document: Document) -> list[Node]:
    return list(_iter_product_nodes(document))


def _iter_product_nodes(document: Document) -> Iterator[Node]:
    visited = 0
    for value in iter_script_values(document):
        stack: list[tuple[Any, int]] = [(value, 0)]
        while stack and visited < MAX_VALUES:
            part, depth = stack.pop()
            visited += 1
            if isinstance(part, dict) and _is_product_shaped(whole := _with_main_variant(part)):
                yield whole
            if depth < _MAX_DEPTH and isinstance(part, dict | list):
                inner = part.values() if isinstance(part, dict) else part
                stack.extend((child, depth + 1) for child in reversed(list(inner)) if isinstance(child, dict | list))


def _with_main_variant(node: Node) -> Node:
    """Return a product with the prices and images that it states only in its main variant, as commercetools does."""
    variant = next((node[key] for key in _MAIN_VARIANT_KEYS if isinstance(node.get(key), dict)), None)
    return node if variant is None else {**variant, **{key: value for key, value in node.items() if value}}


def _is_product_shaped(node: Node) -> bool:
    if not _name(node) or clean_text(node.get("@type")).lower() not in ("", "product", "productgroup"):
        return False
    has_price = any(_PRICE_KEY.search(key) and value not in (None, "", [], {}) for key, value in node.items())
    has_image = any(_IMAGE_KEY.search(key) and value not in (None, "", [], {}) for key, value in node.items())
    is_identified = any(key in node for key in (*_ID_KEYS, *_SLUG_KEYS, *_URL_KEYS, "variants", "description"))
    return is_identified and (has_price or has_image)


def _colour_photos(entry: Node) -> Node:
    """Return {"colors": {colour: photos}} from the variants of an entry, {} if no variant has a colour and a photo."""
    by_colour: dict[str, list[Any]] = {}
    for key in _VARIANT_KEYS:
        for variant in entry[key] if isinstance(entry.get(key), list) else ():
            colour = _variant_colour(variant) if isinstance(variant, dict) else ""
            if colour:
                by_colour.setdefault(colour, []).extend(_image_urls(variant))
    return {"colors": by_colour} if any(by_colour.values()) else {}


def _variant_colour(variant: Node) -> str:
    for key in _COLOUR_KEYS:
        value = variant.get(key)
        text = clean_text(value.get("name") or value.get("label")) if isinstance(value, dict) else clean_text(value)
        if text:
            return text
    for key in ("options", "attributes", "selectedOptions", "option_values"):
        for part in variant[key] if isinstance(variant.get(key), list) else ():
            name = (
                clean_text(part.get("name") or part.get("label") or part.get("code")) if isinstance(part, dict) else ""
            )
            if labelled_values.is_colour_label(name):
                return clean_text(part.get("value") or part.get("option"))
    return ""


def _image_urls(node: Node) -> Iterator[str]:
    for key in _IMAGE_LIST_KEYS:
        value = node.get(key)
        for part in value if isinstance(value, list) else [value]:
            url = next((part[k] for k in ("url", "src", "href") if part.get(k)), "") if isinstance(part, dict) else part
            if isinstance(url, str) and url:
                yield url
