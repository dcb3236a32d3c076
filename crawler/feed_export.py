"""CSV export of products by Scrapy's FEEDS: one row for each product."""

from typing import Any

from scrapy.exporters import CsvItemExporter

from weft.contracts.product import Attribute, PhotoLink

SEPARATOR = " | "
"""Between several values in one cell; URLs and texts contain commas."""


class ProductCsvExporter(CsvItemExporter):
    """Scrapy's exporter, which writes attributes as "Name: value" and photos as their URLs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"join_multivalued": SEPARATOR, **kwargs})

    def serialize_field(self, field: Any, name: str, value: Any) -> Any:
        """Return the value of one cell; Scrapy joins several values."""
        if isinstance(value, tuple):
            value = [_to_text(part) for part in value]
        return super().serialize_field(field, name, value)


def _to_text(value: Any) -> Any:
    match value:
        case Attribute():
            return f"{value.name}: {value.value}"
        case PhotoLink():
            return value.url
        case _:
            return value
