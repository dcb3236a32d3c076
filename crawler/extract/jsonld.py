"""JSON-LD, script by script, so that one broken script does not drop the others."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import jstyleson

from crawler.extract import schema_org
from crawler.extract.document import Document
from crawler.extract.layer import Layer

_WRAPPING = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|"
                       r"(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>|;)\s*$")  # fmt: skip


def read(document: Document) -> Layer:
    """What all JSON-LD scripts of the page say of its product."""
    return schema_org.read(nodes(document), document, "json-ld")


def nodes(document: Document) -> Iterator[schema_org.Node]:
    """The top nodes of every script that can be read."""
    for script in document.tree.xpath("//script[contains(@type, 'ld+json')]"):
        yield from schema_org.nodes_of(loads(script.text or ""))


def loads(text: str) -> Any:
    """The JSON in a script, mended where that is safe (comments, CDATA, trailing commas, control characters).

    Returns:
        None when it cannot be read.
    """
    for _ in range(3):
        text = _WRAPPING.sub("", text).strip()
    for attempt in (lambda: text, lambda: jstyleson.dispose(text), lambda: jstyleson.dispose(html.unescape(text))):
        try:
            return json.loads(attempt(), strict=False)
        except (ValueError, RecursionError, IndexError):
            continue
    return None
