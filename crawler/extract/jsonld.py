"""JSON-LD, script by script, so that one broken script does not drop the others."""

from collections.abc import Iterator

from crawler.extract import json_repair, schema_org
from crawler.extract.document import Document
from crawler.extract.layer import ExtractedFields


def extract_json_ld(document: Document) -> ExtractedFields:
    """What all JSON-LD scripts of the page say of its product."""
    return schema_org.extract_schema_org(find_json_ld_nodes(document), document, "json-ld")


def find_json_ld_nodes(document: Document) -> Iterator[schema_org.Node]:
    """The top nodes of every script that can be read."""
    for script in document.tree.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            yield from schema_org.top_level_nodes(json_repair.loads(script.text or ""))
