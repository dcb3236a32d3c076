"""JSON-LD, script by script, so that one broken script does not drop the others."""

from collections.abc import Iterator

from crawler.extract import json_repair, schema_org
from crawler.extract.document import Document
from crawler.extract.layer import Layer


def read(document: Document) -> Layer:
    """What all JSON-LD scripts of the page say of its product."""
    return schema_org.read(nodes(document), document, "json-ld")


def nodes(document: Document) -> Iterator[schema_org.Node]:
    """The top nodes of every script that can be read."""
    for script in document.tree.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            yield from schema_org.nodes_of(json_repair.loads(script.text or ""))
