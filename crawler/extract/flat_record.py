"""Extract fields from a flat record, that is, a row of a catalogue, an item of a feed or an object in a script.

Its names are those that catalogues and shop software usually use.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from crawler.extract.models import ExtractedFields
from crawler.extract.record_values import parse_pairs, text_of_mapping
from crawler.page.document import clean_text, collapse_whitespace, resolve_href
from crawler.values import labelled_values
from crawler.values.column_names import iter_values, normalise_columns
from weft.contracts.product import Attribute, PhotoLink

# fmt: off
_COLUMN_ALIASES: dict[str, tuple[str, ...]] = {
    "group": ("item_group_id", "group_id", "itemgroup_id", "product_group_id", "parent_id", "parent_sku", "parent",
              "mainnumber", "handle"),
    "id": ("id", "product_id", "item_id", "offer_id", "entity_id", "uid", "objectid", "object_id", "entityid",
           "id_product"),
    "sku": ("sku", "variant_sku", "product_sku", "article_number", "item_number", "code", "product_code_sku",
            "productnumber", "product_number", "ordernumber", "reference", "model"),
    "gtin": ("gtin", "ean", "upc", "isbn", "barcode", "variant_barcode", "gtin13", "gtin14", "gtin12", "gtin8", "ean13",
             "gtin_upc_ean_or_isbn", "global_unique_id", "product_upc_ean", "jan"),
    "mpn": ("mpn", "manufacturer_part_number", "vendorcode", "productno", "supplier_reference", "google_shopping_mpn"),
    "title": ("title", "name", "product_name", "product_title", "item_name", "productname", "display_name",
              "structured_title"),
    "description": ("description", "long_description", "description_long", "description_html",
                    "body_html", "body",
                    "content", "encoded", "product_description", "summary", "short_description", "details", "desc",
                    "structured_description"),
    "link": ("canonical_link", "link", "url", "product_url", "permalink", "product_link", "deeplink",
             "online_store_url", "canonical_url", "pdp_url", "path", "href"),
    "brand": ("brand", "brand_name", "vendor", "manufacturer", "manufacturer_name", "designer", "brands", "supplier",
              "item_brand"),
    "colour": ("color", "colour", "colour_name", "color_name", "base_colour"),
    "category": ("product_type", "category", "categories", "category_path", "breadcrumbs", "breadcrumb", "type",
                 "product_category", "categories_name"),
    "google category": ("google_product_category",),
    "price": ("sale_price", "special_price", "final_price", "price", "variant_price", "regular_price", "price_with_vat",
              "price_vat", "price_gross", "current_price", "selling_price", "prices", "offers", "price_range",
              "price_tax_included", "price_tax_incl", "price_incl_tax", "price_incl_vat", "price_ek",
             "price_tax_excluded_or_tax_included", "price_net", "price_tax_excluded", "price_tax_excl"),
    "currency": ("currency", "currencyid", "price_currency", "currency_code"),
    "availability": ("availability", "stock_status", "in_stock", "instock", "is_in_stock", "available", "avail"),
    "language": ("language", "lang", "locale", "content_language"),
    "image": ("image_link", "image", "image_url", "image_src", "main_image", "base_image", "picture", "photo", "images",
              "photos", "image_urls", "image_links", "pictures", "gallery", "additional_image_link",
              "additional_image_links", "additional_images", "additional_image", "additionalimage", "media",
              "featured_image", "assets"),
}
# fmt: on
"""The columns of each field as feeds and catalogues name them, the most reliable first."""
_IMAGE_COLUMN = re.compile(
    r"^(?:(?:main|base|cover|product|additional|extra|large|featured|primary|variant|fb)_)*(?:image|img|picture|photo)s?"
    r"(?:_?(?:file|link|url|src|path|large|big|original|main|hd|zoom|urls|links))*(?:_\d+)?(?:_(?:url|src|link))?$"
    r"|^cover_media_url$"
)
_SMALL_IMAGE_COLUMNS = ("thumbnail", "thumbnail_image", "small_image", "thumb")
_LABEL_COLUMN = re.compile(r"^(.*\d)_name$")
TITLE_COLUMNS = frozenset(_COLUMN_ALIASES["title"])
"""One of these columns every table of products has."""
_MAPPED_COLUMNS = frozenset(name for names in _COLUMN_ALIASES.values() for name in names) | {
    "attributes", "images", "variants", *_SMALL_IMAGE_COLUMNS,
}  # fmt: skip
_COMMERCE_COLUMN = re.compile(
    r"ship|tax|price|cost|sale|custom_label|promo|ads_|weight|unit_|energy|inventory|stock|quantity|qty|currency|date"
    r"|time|seo|status|published|url|link|image|identifier|_id$|id$|^mobile|expir|installment|loyalty|mpn|condition"
    r"|^adult|multipack|bundle|fulfil|policy|position|visib|backorder|upsell|cross|review|download|rating|discount"
    r"|deliver|^cpc$|^bid$|^active$|^enabled$|website|store_view|attribute_set|^is_|^meta|option_set|video|^author"
    r"|^guid$|comments|^creator$|minimum|^sort|height|width|length|depth|handle|slug|^feature(?:d)?$|warehouse",
)
_MAX_VALUE_LENGTH = 200
_IMAGE_LIST_SEPARATOR = re.compile(
    r"\s*[|;\n]\s*|\s*,\s*(?=https?:|/|\w[\w/-]*\.(?:jpe?g|png|webp|avif))|\s+(?=https?:)"
)
_IMAGE_KEYS = ("src", "url", "link", "href", "originalSrc", "transformedSrc", "url_zoom", "url_standard", "urlOriginal")
_IMAGE_SIZES = ("original", "full", "zoom", "large", "large_default", "default", "medium")
"""Under these names an image can have its sizes, the largest first."""
_EXCEL_APOSTROPHE = re.compile(r"^'(?=\d)")
"""Spreadsheets mark a number as text by an apostrophe, which some shops export."""
_LABELLED_FIELDS = ("brand", "manufacturer", "gtin", "mpn")
_PAIR_COLUMNS = frozenset(
    {"product_detail", "product_details", "configurator_options", "options", "features", "properties"}
) | {"specifications", "specification", "specs", "characteristics"}
"""Columns that can hold several attributes as text: "Fit:Regular|Neck:Round"."""
_DIGITAL_SOURCE = re.compile(r"(?:trained_algorithmic_media|default)\s*:\s*\"?(.*?)\"?", re.DOTALL)
"""Google's structured_title in a table: who wrote the text, then the text."""


def read_record(record: Mapping[Any, Any], base_url: str, source: str) -> tuple[ExtractedFields, str]:
    """Return the fields of one record and the URL of the product's page.

    Args:
        record: The record; its columns need not be normalised.
        base_url: Relative URLs are resolved against it. A record without a link gets it with its id as a parameter.
        source: The name of the format.
    """
    row = normalise_columns(record)
    return _extract_fields(row, base_url, source), _find_url(row, base_url)


def _extract_fields(row: Mapping[str, Any], base_url: str, source: str) -> ExtractedFields:
    record_id, sku, group = (
        _first_text(row, "id"),
        _first_text(row, "sku"),
        _first_text(row, "group").removeprefix("id:"),
    )
    labelled, attributes = _split_attributes(row)
    return ExtractedFields(
        source=source,
        item_group_id=group,
        # An id alone is the sku of the shop. An id beside a sku is the number of the shop's software.
        platform_id=record_id if sku and record_id != sku else "",
        sku=sku or record_id,
        parent_sku=sku or record_id,
        gtin=_EXCEL_APOSTROPHE.sub("", _first_text(row, "gtin") or labelled.get("gtin", "")),
        mpn=_first_text(row, "mpn") or labelled.get("mpn", ""),
        title=collapse_whitespace(html.unescape(_without_digital_source(_first_text(row, "title")))),
        description=max(map(_without_digital_source, _iter_texts(row, "description")), key=len, default=""),
        brand=collapse_whitespace(html.unescape(_first_text(row, "brand")))
        or labelled.get("brand", "")
        or labelled.get("manufacturer", ""),
        colour=_first_text(row, "colour") or _only_colour(attributes),
        price=next((text for text in _iter_texts(row, "price") if re.search("[1-9]", text)), ""),
        currency=_first_text(row, "currency"),
        availability=_first_text(row, "availability"),
        language=_first_text(row, "language"),
        categories=tuple(_categories(row)),
        attributes=tuple(attributes),
        photos=tuple(PhotoLink(url=url, colour=c) for url, c in _photos(row, base_url)),
    )


def _without_digital_source(text: str) -> str:
    match = _DIGITAL_SOURCE.fullmatch(text)
    return match[1] if match else text


def _find_url(row: Mapping[str, Any], base_url: str) -> str:
    for text in _iter_texts(row, "link"):
        if url := resolve_href(base_url, text):
            return url
    product_id = _first_text(row, "group") or _first_text(row, "id") or _first_text(row, "sku")
    return f"{base_url}?id={quote(product_id, safe='')}" if product_id else base_url


def _iter_texts(row: Mapping[str, Any], field: str) -> Iterator[str]:
    for name in _COLUMN_ALIASES[field]:
        for value in iter_values(row.get(name)):
            if isinstance(value, dict):
                if text := text_of_mapping(value):
                    yield text
            elif isinstance(value, bool):
                yield str(value)
            elif clean_text(value):
                yield str(value).strip()


def _first_text(row: Mapping[str, Any], field: str) -> str:
    return collapse_whitespace(next(_iter_texts(row, field), ""))


def _categories(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the category paths of the shop, else the name of Google's category."""
    paths = list(_shop_categories(row))
    yield from paths
    if not paths:
        yield from (path for path in _iter_texts(row, "google category") if not path.isdigit())


def _shop_categories(row: Mapping[str, Any]) -> Iterator[str]:
    for name in _COLUMN_ALIASES["category"]:
        for value in iter_values(row.get(name)):
            # Catalogues write both [["Women", "Tops"]] and ["Women/Tops"].
            text = (
                " > ".join(filter(None, map(clean_text, value)))
                if isinstance(value, list | tuple)
                else clean_text(value)
            )
            if not text and isinstance(value, dict):
                text = clean_text(value.get("name"))
            text = re.sub(r"\s*->\s*", " > ", html.unescape(text))
            for path in re.split(r"\s*[|;]\s*|,\s*(?=[^,>]+>)", text):
                if path and not path.isdigit():
                    yield re.sub(r"(?<=\w)/(?=\w)", " > ", path) if " > " not in path and path.count("/") else path
        if name == "categories" and row.get(name):
            return


def _split_attributes(row: Mapping[str, Any]) -> tuple[dict[str, str], list[Attribute]]:
    """Return (the values of attributes that are fields of a product, by field; the other attributes)."""
    labelled: dict[str, str] = {}
    attributes = []
    for attribute in _attributes(row):
        kind = labelled_values.classify_label(attribute.name)
        if kind in _LABELLED_FIELDS:
            labelled.setdefault(kind, attribute.value)
        else:
            attributes.append(attribute)
    return labelled, attributes


def _only_colour(attributes: Iterable[Attribute]) -> str:
    colours = {attribute.value for attribute in attributes if labelled_values.is_colour_label(attribute.name)}
    return colours.pop() if len(colours) == 1 else ""


def _attributes(row: Mapping[str, Any]) -> Iterator[Attribute]:
    for label, values in (*_named_attributes(row), *_attribute_columns(row)):
        for value in iter_values(values):
            text = collapse_whitespace(html.unescape(clean_text(value)))
            if text and len(text) <= _MAX_VALUE_LENGTH and not text.startswith(("http:", "https:", "{", "[")):
                yield Attribute(name=collapse_whitespace(str(label)).replace("_", " "), value=text)


def _named_attributes(row: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield (name, values) of the record's own list of attributes."""
    attribute_values = row.get("attributes")
    if isinstance(attribute_values, dict):
        yield from attribute_values.items()
        return
    if isinstance(attribute_values, str):
        yield from parse_pairs(attribute_values)
        return
    for part in iter_values(attribute_values):
        if isinstance(part, dict):
            values = part.get("value", part.get("values", part.get("options", part.get("option"))))
            yield part.get("name", part.get("label")), values


def _attribute_columns(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield (name, value) of the columns that are attributes; "option1_name" is the name of "option1_value"."""
    pairs = {match[1]: clean_text(row[name]) for name in row if (match := _LABEL_COLUMN.match(name))}
    for name, value in row.items():
        prefix = name.rpartition("_")[0]
        if prefix in pairs:
            if name.endswith(("_value", "_values")) and pairs[prefix].lower() not in ("", "title"):
                yield pairs[prefix], value
        elif name in _PAIR_COLUMNS and isinstance(value, str) and (attributes := parse_pairs(value)):
            yield from attributes
        elif name not in _MAPPED_COLUMNS and not _COMMERCE_COLUMN.search(name):
            yield name, value


def _photos(row: Mapping[str, Any], base_url: str) -> Iterator[tuple[str, str | None]]:
    """Yield (URL, colour): the main image, then the other images, then the images listed by colour."""
    colour_by_url = dict(_photos_by_colour(row, base_url))
    seen = set()
    names = dict.fromkeys((*_COLUMN_ALIASES["image"], *(name for name in row if _IMAGE_COLUMN.match(name))))
    found = any(row.get(name) for name in names)
    for name in names if found else _SMALL_IMAGE_COLUMNS:
        for value in iter_values(row.get(name)):
            if isinstance(value, dict):
                sizes = (value[size] for size in _IMAGE_SIZES if isinstance(value.get(size), dict))
                value = next((part[key] for part in (value, *sizes) for key in _IMAGE_KEYS if part.get(key)), None)
            for part in _IMAGE_LIST_SEPARATOR.split(value.strip()) if isinstance(value, str) else ():
                url = resolve_href(base_url, part)
                if url and url not in seen:
                    seen.add(url)
                    yield url, colour_by_url.get(url)
    yield from ((url, colour) for url, colour in colour_by_url.items() if url not in seen)


def _photos_by_colour(row: Mapping[str, Any], base_url: str) -> Iterator[tuple[str, str | None]]:
    for name in ("colours", "colors"):
        photos_by_colour = row.get(name)
        for colour, links in photos_by_colour.items() if isinstance(photos_by_colour, dict) else ():
            for link in iter_values(links):
                if url := resolve_href(base_url, link):
                    yield url, clean_text(colour) or None
