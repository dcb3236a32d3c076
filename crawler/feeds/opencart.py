"""OpenCart: the table of its export and import extensions."""

import re
from collections.abc import Iterator
from typing import Any

from crawler.extract import flat_record
from crawler.extract.models import ExtractedFields
from crawler.feeds.csv_table import Rows, normalise_row
from crawler.feeds.entries import OnBadRow
from crawler.values.column_names import normalise_columns

_IMAGE_COLUMNS = ("image_name", "image", "additional_images")
_DISABLED = frozenset({"0", "false", "no"})


def is_csv_header(columns: frozenset[str]) -> bool:
    """Return whether the columns are those of OpenCart's products."""
    return {"product_id", "model", "name"} <= columns and bool({"image_name", "image", "seo_keyword"} & columns)


def read_csv(rows: Rows, base_url: str, on_bad_row: OnBadRow) -> Iterator[tuple[str, ExtractedFields, str]]:
    """Yield the rows; images are paths below /image, and categories can be numbers."""
    for number, row in rows(on_bad_row):
        plain: dict[str, Any] = normalise_columns(row)
        # Texts by language, such as "description(en)", stay lists; of the other columns the first counts.
        first = normalise_row(row)
        if first.get("status", "true").strip().lower() in _DISABLED:
            on_bad_row(f"row {number}", "it is disabled: the shop does not show it")
            continue
        paths = [first.get("image_name", ""), first.get("image", ""), *first.get("additional_images", "").split(",")]
        record = {
            **{name: value for name, value in plain.items() if name not in _IMAGE_COLUMNS},
            "images": [
                path if "//" in path else f"/image/{path.strip().lstrip('/')}" for path in paths if path.strip()
            ],
            "categories": [c for c in re.split(r"\s*[,|;]\s*", first.get("categories", "")) if not c.isdigit()],
            "link": plain.get("link") or f"/index.php?route=product/product&product_id={plain.get('product_id', '')}",
        }
        yield f"row {number}", *flat_record.read_record(record, base_url, "opencart")
