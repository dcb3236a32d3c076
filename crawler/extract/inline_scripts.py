"""Find brand and SKU in the inline scripts of a page (data layers, states), by text search: no script is run."""

import re
from collections.abc import Iterator

from crawler.extract.document import Document, clean_text
from crawler.extract.models import ExtractedFields

MAX_SCRIPT_LENGTH = 1_000_000
"""Number of characters of one script that are searched."""
_BRAND = re.compile(
    r"(?:[bB]rand|BRAND|[mM]anufacturer|[vV]endor|[mM]arca)(?:[_]?[nN]ame)?(?:\\?[\"'])?\s*[:=,]\s*"
    r"(?:\{\\?[\"']name\\?[\"']\s*:\s*)?(?:\\?[\"'])([^\"'\\<>{}\n]{1,60})\\?[\"']"
)
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
    skus: dict[str, None] = {}
    for text in _script_texts(document):
        if "brand" in missing_fields:
            brands.update((clean_text(match[1]), None) for match in _BRAND.finditer(text))
        if "sku" in missing_fields:
            skus.update((match[1], None) for match in _SKU.finditer(text))
    names = [name for name in brands if name and any(c.isalpha() for c in name) and not _PLACEHOLDER_BRANDS.match(name)]
    in_title = [name for name in names if _is_in_title(name, title)]
    extracted.brand = max(in_title, key=len) if in_title else names[0] if len(names) == 1 else ""
    extracted.sku = next(iter(skus)) if len(skus) == 1 else ""
    return extracted


def _script_texts(document: Document) -> Iterator[str]:
    for script in document.tree.iter("script"):
        if script.text and "ld+json" not in (script.get("type") or ""):
            yield script.text[:MAX_SCRIPT_LENGTH]


def _is_in_title(name: str, title: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", title.casefold()) is not None
