"""Microdata, read by extruct and brought to the shape of JSON-LD."""

from typing import Any

from extruct.w3cmicrodata import MicrodataExtractor

from crawler.extract import schema_org
from crawler.extract.document import Document
from crawler.extract.layer import Layer

_MOST = 1_000
_TOO_DEEP = "boolean(//*[@itemscope][count(ancestor::*[@itemscope]) > 20])"
"""Items within items cost the cube of their depth; no shop nests more than a handful."""
_EXTRACTOR = MicrodataExtractor()


def read(document: Document) -> Layer:
    """What the page's microdata says of its product."""
    return schema_org.read(nodes(document), document, "microdata")


def nodes(document: Document) -> list[schema_org.Node]:
    """The page's items in the shape of JSON-LD's top nodes."""
    if not 0 < document.html.count("itemscope") <= _MOST or document.tree.xpath(_TOO_DEEP):
        return []
    return [_node(item) for item in _EXTRACTOR.extract_items(document.tree, document.base)]


def _node(item: dict[str, Any]) -> schema_org.Node:
    node = {name: _value(value) for name, value in item.get("properties", {}).items()}
    node["@type"] = item.get("type", "")
    node["@id"] = item.get("id")
    return node


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return [_value(part) for part in value]
    return _node(value) if isinstance(value, dict) and "type" in value else value
