"""Extract a product from Shopify's JSON, which a page carries for its scripts and a feed lists."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from crawler.extract.models import ExtractedFields
from crawler.page.document import Document, clean_text, resolve_href
from crawler.values import labelled_values
from crawler.values.value_parsing import list_or_empty, strip_text
from weft.contracts.product import Attribute, PhotoLink

_PRODUCT_JSON_START = re.compile(
    r"(?:\bproduct|\bmeta|productJson|product_json|current_?[pP]roduct)[\"']?\s*[:=]\s*(?=\{)"
)
_ANALYTICS_PRODUCT_ID = re.compile(
    r"\bmeta\s*=\s*(?P<start>\{)\s*\"product\":\s*\{\s*\"id\":\s*(?P<id>\d+)|\"resourceType\":\s*\"product\",\s*\"resourceId\":\s*(?P<resource>\d+)"
)
_MAX_JSON_DEPTH, _MAX_JSON_VALUES = 6, 2_000
_MAX_SCRIPT_LENGTH = 2_000_000
_TAG_WORDS = re.compile(r"[^\W\d_][\w &'’-]{1,40}")
_CENTS_PER_UNIT = 100


def extract_shopify(document: Document) -> ExtractedFields:
    """Extract the page's product from its scripts; JSON of other products (quick views) is ignored."""
    if '"variants"' not in document.html and "Shopify" not in document.html:
        return ExtractedFields(source="shopify")
    entries = [entry for text in _product_scripts(document) for entry in _iter_products(text)]
    handle = unquote(urlsplit(document.canonical_url).path.rstrip("/").rsplit("/", 1)[-1])
    matching = [entry for entry in entries if clean_text(entry.get("handle")) == handle]
    ids = {clean_text(entry.get("id")) for entry in entries}
    if not matching and len(ids) == 1 and not any(entry.get("handle") for entry in entries):
        matching = entries
    if not matching:
        return _extract_analytics_data(document)
    # Analytics scripts repeat the product without its texts, so take the copy with the most keys.
    extracted = extract_fields(max(matching, key=len), document.base_url)
    extracted.is_product = bool(extracted.title)
    return extracted


def _extract_analytics_data(document: Document) -> ExtractedFields:
    """Extract what every theme passes to Shopify's analytics: the id, and mostly vendor, type, and prices in cents."""
    match = _ANALYTICS_PRODUCT_ID.search(document.html)
    product_id = (match["id"] or match["resource"]) if match else ""
    extracted = ExtractedFields(source="shopify", platform_id=product_id, is_product=bool(product_id))
    if match and match["id"]:
        try:
            value, _ = json.JSONDecoder(strict=False).raw_decode(document.html, match.start("start"))
        except (ValueError, RecursionError):
            return extracted
        product = value.get("product")
        variants = [part for part in list_or_empty(product.get("variants")) if isinstance(part, dict)]
        extracted.brand = clean_text(product.get("vendor"))
        extracted.categories = tuple(filter(None, [clean_text(product.get("type"))]))
        extracted.price = _decimal_price(variants[0].get("price")) if variants else ""
        extracted.sku = clean_text(variants[0].get("sku")) if variants else ""
    return extracted


def _product_scripts(document: Document) -> Iterator[tuple[str, bool]]:
    """Yield (text, whether the whole text is JSON) of scripts that may hold a product with variants."""
    for script in document.tree.iter("script"):
        text = script.text or ""
        if '"variants"' in text and len(text) <= _MAX_SCRIPT_LENGTH:
            yield text, "json" in (script.get("type") or "")


def _iter_products(script: tuple[str, bool]) -> Iterator[dict[str, Any]]:
    text, is_json = script
    decoder = json.JSONDecoder(strict=False)
    starts = [0] if is_json else [match.end() for match in _PRODUCT_JSON_START.finditer(text)]
    for start in starts:
        try:
            value, _ = decoder.raw_decode(text.lstrip() if is_json else text, start)
        except (ValueError, RecursionError):
            continue
        yield from _find_products_in(value)


def _find_products_in(value: Any) -> Iterator[dict[str, Any]]:
    queue, visited = [(value, 0)], 0
    while queue and visited < _MAX_JSON_VALUES:
        part, depth = queue.pop(0)
        visited += 1
        if is_product_json(part):
            yield part
        elif depth < _MAX_JSON_DEPTH and isinstance(part, dict | list):
            inner = part.values() if isinstance(part, dict) else part
            queue.extend((child, depth + 1) for child in inner if isinstance(child, dict | list))


def is_product_json(value: object) -> bool:
    """Return whether `value` has the shape of a product in Shopify's JSON."""
    return isinstance(value, dict) and "title" in value and "variants" in value and bool({"handle", "id"} & set(value))


def product_url(entry: dict[str, Any], base_url: str) -> str:
    """Return the URL of the product's page, or `base_url` if the entry has no handle."""
    handle = clean_text(entry.get("handle"))
    return urljoin(base_url, f"/products/{quote(handle)}") if handle else base_url


def extract_fields(entry: dict[str, Any], base_url: str) -> ExtractedFields:
    """Extract the fields of one product."""
    variants = [variant for variant in list_or_empty(entry.get("variants")) if isinstance(variant, dict)]
    options = _option_names(entry)
    colour_index = next((index for index, name in enumerate(options) if labelled_values.is_colour_label(name)), None)
    colours = {id(variant): _option_value(variant, colour_index) for variant in variants}
    distinct_colours = {colour for colour in colours.values() if colour}
    first_variant = variants[0] if variants else {}
    product_type = clean_text(entry.get("product_type")) or clean_text(entry.get("type"))
    return ExtractedFields(
        source="shopify",
        platform_id=clean_text(entry.get("id")),
        sku=clean_text(first_variant.get("sku")),
        parent_sku=clean_text(first_variant.get("sku")) if len(variants) == 1 else "",
        gtin=clean_text(first_variant.get("barcode")),
        title=clean_text(entry.get("title")),
        description=strip_text(entry.get("body_html")) or strip_text(entry.get("description")),
        brand=clean_text(entry.get("vendor")),
        colour=distinct_colours.pop() if len(distinct_colours) == 1 else "",
        price=_decimal_price(first_variant.get("price", entry.get("price"))),
        currency=clean_text(entry.get("currency")),
        availability=_availability(variants, entry),
        categories=(product_type,) if product_type else (),
        attributes=tuple(_attributes(entry, options, variants)),
        photos=tuple(_photos(entry, variants, colours, base_url)),
    )


def _option_names(entry: dict[str, Any]) -> list[str]:
    """Return the names of the options: ["Colour", "Size"]."""
    return [
        clean_text(option.get("name")) if isinstance(option, dict) else clean_text(option)
        for option in list_or_empty(entry.get("options"))
    ]


def _option_value(variant: dict[str, Any], index: int | None) -> str:
    if index is None:
        return ""
    option_values = list_or_empty(variant.get("options"))
    return clean_text(variant.get(f"option{index + 1}")) or (
        clean_text(option_values[index]) if index < len(option_values) else ""
    )


def _decimal_price(value: Any) -> str:
    """Convert a price: .js and themes write cents as an integer, .json writes a decimal as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value / _CENTS_PER_UNIT:.2f}"
    return clean_text(value)


def _availability(variants: list[dict[str, Any]], entry: dict[str, Any]) -> str:
    flags = [v["available"] for v in (*variants, entry) if isinstance(v.get("available"), bool)]
    return "" if not flags else "InStock" if any(flags) else "OutOfStock"


def _attributes(entry: dict[str, Any], options: list[str], variants: list[dict[str, Any]]) -> Iterator[Attribute]:
    for index, name in enumerate(options):
        if name and name.lower() != "title":
            for value in dict.fromkeys(_option_value(variant, index) for variant in variants):
                if value:
                    yield Attribute(name=name, value=value)
    tags = entry.get("tags")
    for tag in tags.split(",") if isinstance(tags, str) else list_or_empty(tags):
        # Some tags are instructions to the shop's apps ("sale:20", "__label1"), not words for customers.
        if (text := clean_text(tag)) and _TAG_WORDS.fullmatch(text):
            yield Attribute(name="tag", value=text)


def _photos(
    entry: dict[str, Any], variants: list[dict[str, Any]], colours: dict[int, str], base_url: str
) -> Iterator[PhotoLink]:
    """Yield the images in order, each with the colour of the variants that it shows if they have the same colour."""
    colour_by_variant_id = {clean_text(variant.get("id")): colours[id(variant)] for variant in variants}
    featured: dict[str, set[str]] = {}
    for variant in variants:
        image = variant.get("featured_image")
        if (url := resolve_href(base_url, image.get("src") if isinstance(image, dict) else image)) is not None:
            featured.setdefault(url, set()).add(colours[id(variant)])
    images = list_or_empty(entry.get("images")) or [entry.get("image") or entry.get("featured_image")]
    seen: dict[str, str | None] = {}
    for image in sorted(images, key=_position):
        url = resolve_href(base_url, image.get("src") if isinstance(image, dict) else image)
        if url is None:
            continue
        ids = list_or_empty(image.get("variant_ids")) if isinstance(image, dict) else []
        shown_colours = {colour_by_variant_id.get(clean_text(variant_id), "") for variant_id in ids} | featured.get(
            url, set()
        )
        seen.setdefault(url, shown_colours.pop() or None if len(shown_colours) == 1 else None)
    for url, variant_colours in featured.items():
        seen.setdefault(url, next(iter(variant_colours)) or None if len(variant_colours) == 1 else None)
    yield from (PhotoLink(url=url, colour=colour) for url, colour in seen.items())


def _position(image: Any) -> int:
    position = image.get("position") if isinstance(image, dict) else None
    return position if isinstance(position, int) else 0
