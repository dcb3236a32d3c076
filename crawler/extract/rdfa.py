"""RDFa Lite (typeof, property, resource), brought to the shape of JSON-LD."""

from typing import Any

import lxml.html

from crawler.extract import schema_org
from crawler.extract.document import Document, collapse_whitespace
from crawler.extract.layer import ExtractedFields

_URL_ATTRIBUTES = ("resource", "href", "src", "data-src")


def extract_rdfa(document: Document) -> ExtractedFields:
    """What the page's RDFa says of its product."""
    return schema_org.extract_schema_org(find_rdfa_nodes(document), document, "rdfa")


def find_rdfa_nodes(document: Document) -> list[schema_org.Node]:
    """The page's top resources in the shape of JSON-LD's top nodes."""
    if "typeof" not in document.html:
        return []
    elements = document.tree.xpath("//*[@typeof and not(@property)]")
    return [_rdfa_node(element) for element in elements]


def _rdfa_node(element: lxml.html.HtmlElement) -> schema_org.Node:
    node: schema_org.Node = {
        "@type": (element.get("typeof") or "").split(),
        "@id": element.get("resource") or element.get("about"),
    }
    _read_rdfa_properties(element, node)
    return node


def _read_rdfa_properties(element: lxml.html.HtmlElement, node: schema_org.Node) -> None:
    """Properties below `element`, each of the nearest resource above it."""
    queue = list(element)
    while queue:
        child = queue.pop(0)
        if not isinstance(child.tag, str):
            continue
        names, kind = (child.get("property") or "").split(), child.get("typeof")
        if names:
            value = _rdfa_node(child) if kind else _rdfa_value(child)
            for name in names:
                node.setdefault(_strip_vocabulary(name), []).append(value)
        if not kind:
            queue[:0] = child


def _strip_vocabulary(name: str) -> str:
    """The name without its vocabulary: of "schema:name" and "http://schema.org/name" it is "name"."""
    return name.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def _rdfa_value(element: lxml.html.HtmlElement) -> Any:
    if (content := element.get("content")) is not None:
        return content
    if element.tag in ("a", "img", "link", "source", "area", "iframe"):
        return next((link for link in map(element.get, _URL_ATTRIBUTES) if link), "")
    return collapse_whitespace(element.text_content())
