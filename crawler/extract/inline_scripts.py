"""Find brand and SKU in the inline scripts of a page (data layers, states), by text search: no script is run."""

import re
from collections.abc import Iterator
from html import unescape

from crawler.extract.models import ExtractedFields
from crawler.page.document import Document, clean_text
from crawler.values.labelled_values import is_brand_label

MAX_SCRIPT_LENGTH = 1_000_000
"""Number of characters of one script that are searched."""
_BRAND = re.compile(
    r"(?:[bB]rand|BRAND|[mM]anufacturer|[vV]endor|[mM]arca)(?:[_]?[nN]ame)?(?:\\?[\"'])?\s*[:=,]\s*"
    r"(?:\{\\?[\"']name\\?[\"']\s*:\s*)?(?:\\?[\"'])([^\"'\\<>{}\n]{1,60})\\?[\"']"
)
_ATTRIBUTE_PAIR = re.compile(
    r"[\"']\w{0,20}(?:[nN]ame|[lL]abel|[kK]ey|[tT]itle)\\?[\"']\s*:\s*\\?[\"']([^\"'\\]{2,40})\\?[\"']\s*,\s*"
    r"\\?[\"']\w{0,20}(?:[vV]alues?|[tT]ext|[vV]al|[cC]ontent)\\?[\"']\s*:\s*\[?\s*\\?[\"']([^\"'\\<>{}\n]{1,60})\\?[\"']"
)
"""A label and its value in a list of attributes: {"attrName": "Brand Name", "attrValue": "Fenwick"}."""
_MAX_ATTRIBUTE_NAME_LENGTH = 50
_WORD = re.compile(r"\w+")
_BRAND_ATTRIBUTE = re.compile(r"(?:brand|manufacturer|vendor)(?:-?name)?=[\"']([^\"'<>]{1,60})[\"']")
"""The end of the name of a data attribute, and its value; other products on the page have it too."""
_BRAND_KEYS = ("rand", "BRAND", "anufacturer", "endor", "arca")
_SKU = re.compile(
    r"(?:\b|_)(?:sku|SKU|[pP]roductSku|product_sku|[aA]rticleNumber|articleCode|[pP]roductCode|product_code|itemNumber)"
    r"(?:\\?[\"'])?\s*[:=,]\s*\[?\s*(?:\\?[\"'])?((?=[^\s\"'\\,}]*\d)[\w./-]{3,40})\\?[\"',\s;}\]]"
)
_PLACEHOLDER_BRANDS = re.compile(r"^(?:true|false|null|undefined|string|none|brand|other|all)$", re.IGNORECASE)


def extract_from_scripts(document: Document, missing_fields: frozenset[str], title: str) -> ExtractedFields:
    """Extract those of the fields "brand" and "sku" that are in `missing_fields`.

    Scripts also name other products. A brand must therefore be in the title or be the only one in the scripts, and a
    SKU must be the only one.
    """
    extracted = ExtractedFields(source="script")
    brands: dict[str, None] = {}
    labelled_brands: dict[str, None] = {}
    skus: dict[str, None] = {}
    if "brand" in missing_fields:
        matches = _BRAND_ATTRIBUTE.finditer(document.html)
        found = (clean_text(unescape(m[1])) for m in matches if _is_data_attribute(document.html, m.start()))
        brands.update((name, None) for name in found if _is_in_title(name, title))
    for text in _script_texts(document):
        if "brand" in missing_fields and any(key in text for key in _BRAND_KEYS):
            brands.update((clean_text(match[1]), None) for match in _BRAND.finditer(text))
            pairs = (match.groups() for match in _ATTRIBUTE_PAIR.finditer(text))
            labelled_brands.update((value, None) for label, value in pairs if is_brand_label(label))
        if "sku" in missing_fields:
            skus.update((match[1], None) for match in _SKU.finditer(text))
    # The brand in the product's own list of attributes is surer than any name in the scripts.
    brands = labelled_brands if len(labelled_brands) == 1 else brands
    names = [name for name in brands if name and any(c.isalpha() for c in name) and not _PLACEHOLDER_BRANDS.match(name)]
    in_title = [name for name in names if _is_in_title(name, title)]
    extracted.brand = max(in_title, key=len) if in_title else names[0] if len(names) == 1 else ""
    extracted.sku = next(iter(skus)) if len(skus) == 1 else ""
    return extracted


def _script_texts(document: Document) -> Iterator[str]:
    for script in document.tree.iter("script"):
        if script.text and "ld+json" not in (script.get("type") or ""):
            yield script.text[:MAX_SCRIPT_LENGTH]


def _is_data_attribute(html: str, position: int) -> bool:
    """Return whether the name at whose end `position` stands begins with "data-"."""
    start = html.rfind(" ", max(0, position - _MAX_ATTRIBUTE_NAME_LENGTH), position)
    return start >= 0 and html.startswith("data-", start + 1)


def _is_in_title(name: str, title: str) -> bool:
    """Return whether the words of `name` follow each other in the title: "TP Link" in "TP-LINK Archer"."""
    words = " ".join(_WORD.findall(name.casefold()))
    return bool(words) and f" {words} " in f" {' '.join(_WORD.findall(title.casefold()))} "
