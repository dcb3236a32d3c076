"""PrestaShop: the web service and the listings of the shop as JSON, and the CSV export."""

import re
from collections.abc import Iterator
from typing import Any

from crawler.extract import flat_record
from crawler.extract.models import ExtractedFields
from crawler.feeds.csv_table import Rows, normalise_row
from crawler.feeds.entries import OnBadRow
from crawler.page.document import clean_text
from crawler.values.value_parsing import list_or_empty

_FEATURE = re.compile(r"([^:,]+):([^:,]+)(?::[^,]*)?")
_INACTIVE = "0"
_SIGNATURES = (
    frozenset({"name", "reference", "image_urls"}),
    frozenset({"name", "reference", "price_tax_excl", "price_tax_incl", "status"}),
)


def is_product_json(entry: dict[str, Any]) -> bool:
    """Return whether `entry` is a product of the web service or of a listing."""
    return "name" in entry and bool({"link_rewrite", "id_default_image", "id_product", "id_manufacturer"} & set(entry))


def to_record(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a flat record of a product."""
    product_id = clean_text(entry.get("id_product") or entry.get("id"))
    rewrite = _text(entry.get("link_rewrite"))
    images = [_listed_image(part) for part in (entry.get("cover"), *list_or_empty(entry.get("images")))]
    associations = entry.get("associations")
    numbered = list_or_empty(associations.get("images")) if isinstance(associations, dict) else []
    numbers = [clean_text(part.get("id")) for part in numbered if isinstance(part, dict)]
    if not any(images):
        # The address of a photo whose number is known, as PrestaShop's own pages write it.
        images = [f"/{number}-large_default/{rewrite}.jpg" for number in numbers if number]
    link = clean_text(entry.get("url") or entry.get("link") or entry.get("canonical_url"))
    page = f"/{product_id}-{rewrite}.html" if product_id and rewrite else None
    features = [part for part in list_or_empty(entry.get("features")) if isinstance(part, dict)]
    return {
        "id": product_id,
        "sku": entry.get("reference"),
        "gtin": entry.get("ean13") or entry.get("upc"),
        "mpn": entry.get("mpn") or entry.get("supplier_reference"),
        "name": _text(entry.get("name")),
        "description": [_text(entry.get("description")), _text(entry.get("description_short"))],
        "url": link or page,
        "brand": entry.get("manufacturer_name"),
        "price": entry.get("price_amount") or entry.get("price"),
        "categories": [_text(entry.get("category_name"))],
        "images": list(dict.fromkeys(url for url in images if url)),
        "attributes": features,
    }


def _text(value: Any) -> str:
    """Return a text that may be given by language: [{"id": "1", "value": "Dress"}]."""
    if isinstance(value, list):
        return next((text for part in value if isinstance(part, dict) and (text := _text(part.get("value")))), "")
    if isinstance(value, dict):
        return next((text for part in value.values() if (text := _text(part))), "")
    return value.strip() if isinstance(value, str) else ""


def _listed_image(image: Any) -> str:
    if not isinstance(image, dict):
        return ""
    large = image.get("large") or image.get("medium") or image
    return clean_text(large.get("url")) if isinstance(large, dict) else ""


def is_csv_header(columns: frozenset[str]) -> bool:
    """Return whether the columns are those of PrestaShop's import and export of products."""
    return ("name" in columns and bool({"url_rewritten", "id_default_combination"} & columns)) or any(
        signature <= columns for signature in _SIGNATURES
    )


def read_csv(rows: Rows, base_url: str, on_bad_row: OnBadRow) -> Iterator[tuple[str, ExtractedFields, str]]:
    """Yield the rows of the export; a feature is written "Name:Value:Position"."""
    for number, row in rows(on_bad_row):
        plain: dict[str, Any] = normalise_row(row)
        if plain.get("active", plain.get("status", "1")).strip() == _INACTIVE:
            on_bad_row(f"row {number}", "it is not active: the shop does not show it")
            continue
        features = next((value for name, value in plain.items() if name.startswith("feature") and ":" in value), "")
        record = {name: value for name, value in plain.items() if not name.startswith("feature")}
        record["attributes"] = [{"name": n.strip(), "value": v.strip()} for n, v in _FEATURE.findall(features)]
        record["categories"] = [part for part in re.split(r"\s*,\s*", plain.get("categories", "")) if part]
        record["image_urls"] = re.split(r"\s*,\s*", plain.get("image_urls", ""))
        if plain.get("url_rewritten") and plain.get("id"):
            record["url"] = f"/{plain['id']}-{record.pop('url_rewritten')}.html"
        yield f"row {number}", *flat_record.read_record(record, base_url, "prestashop")
