"""Microdata, read by extruct and brought to the shape of JSON-LD."""

from typing import Any

from extruct.w3cmicrodata import MicrodataExtractor

from crawler.extract import schema_org
from crawler.extract.document import Document
from crawler.extract.layer import ExtractedFields

_MAX_MICRODATA_ITEMS = 1_000
_TOO_DEEP_XPATH = "boolean(//*[@itemscope][count(ancestor::*[@itemscope]) > 20])"
"""Items within items cost the cube of their depth; no shop nests more than a handful."""
_MICRODATA_EXTRACTOR = MicrodataExtractor()


def extract_microdata(document: Document) -> ExtractedFields:
    """What the page's microdata says of its product."""
    return schema_org.extract_schema_org(find_microdata_nodes(document), document, "microdata")


def find_microdata_nodes(document: Document) -> list[schema_org.Node]:
    """The page's items in the shape of JSON-LD's top nodes."""
    if not 0 < document.html.count("itemscope") <= _MAX_MICRODATA_ITEMS or document.tree.xpath(_TOO_DEEP_XPATH):
        return []
    return [_microdata_node(item) for item in _MICRODATA_EXTRACTOR.extract_items(document.tree, document.base_url)]


def _microdata_node(item: dict[str, Any]) -> schema_org.Node:
    node = {name: _microdata_value(value) for name, value in item.get("properties", {}).items()}
    node["@type"] = item.get("type", "")
    node["@id"] = item.get("id")
    return node


def _microdata_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_microdata_value(part) for part in value]
    return _microdata_node(value) if isinstance(value, dict) and "type" in value else value
