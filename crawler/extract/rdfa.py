"""RDFa Lite (typeof, property, resource), brought to the shape of JSON-LD."""

from typing import Any

import lxml.html

from crawler.extract import schema_org
from crawler.extract.document import Document, squeeze
from crawler.extract.layer import Layer

_LINKS = ("resource", "href", "src", "data-src")


def read(document: Document) -> Layer:
    """What the page's RDFa says of its product."""
    return schema_org.read(nodes(document), document, "rdfa")


def nodes(document: Document) -> list[schema_org.Node]:
    """The page's top resources in the shape of JSON-LD's top nodes."""
    if "typeof" not in document.html:
        return []
    found = document.tree.xpath("//*[@typeof and not(@property)]")
    return [_node(element) for element in found]


def _node(element: lxml.html.HtmlElement) -> schema_org.Node:
    node: schema_org.Node = {
        "@type": (element.get("typeof") or "").split(),
        "@id": element.get("resource") or element.get("about"),
    }
    _read_children(element, node)
    return node


def _read_children(element: lxml.html.HtmlElement, node: schema_org.Node) -> None:
    """Properties below `element`, each of the nearest resource above it."""
    waiting = list(element)
    while waiting:
        child = waiting.pop(0)
        if not isinstance(child.tag, str):
            continue
        names, kind = (child.get("property") or "").split(), child.get("typeof")
        if names:
            value = _node(child) if kind else _value(child)
            for name in names:
                node.setdefault(_bare(name), []).append(value)
        if not kind:
            waiting[:0] = child


def _bare(name: str) -> str:
    """The name without its vocabulary: of "schema:name" and "http://schema.org/name" it is "name"."""
    return name.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def _value(element: lxml.html.HtmlElement) -> Any:
    if (content := element.get("content")) is not None:
        return content
    if element.tag in ("a", "img", "link", "source", "area", "iframe"):
        return next((link for link in map(element.get, _LINKS) if link), "")
    return squeeze(element.text_content())
