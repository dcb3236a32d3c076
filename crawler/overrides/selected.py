"""What an override's selectors find on a page: the layer before all others."""

import re
from functools import cache
from typing import Any

from parsel.csstranslator import HTMLTranslator

from crawler.extract.document import Document, said, squeeze
from crawler.extract.layer import Layer
from crawler.extract.page import inner_html
from crawler.overrides.override import Override
from weft.contracts.product import PhotoLink

_TEXTS = ("title", "description", "brand", "colour", "sku", "gtin", "group_id", "price", "availability")
_LINKS = ("data-zoom-image", "data-large_image", "data-src", "src", "href", "content")


def read(document: Document, override: Override) -> Layer:
    """The fields that `override` names. Where every selector finds something, the page is a product's."""
    found = {field: document.tree.xpath(_xpath(css)) for field, css in override.selectors.items()}
    layer = Layer(name="override", item_id=_item_id(document, override))
    for field in _TEXTS:
        values = found.get(field, [])
        texts = (_html(value) if field == "description" else _text(value) for value in values)
        setattr(layer, field, next(filter(None, texts), ""))
    steps = [text for value in found.get("category", []) if (text := _text(value))]
    layer.categories = (" > ".join(steps),) if steps else ()
    links = (document.absolute(_link(value)) for value in found.get("photos", []))
    layer.photos = tuple(PhotoLink(url=url) for url in dict.fromkeys(filter(None, links)))
    layer.is_product = bool(found) and all(found.values())
    return layer


def _item_id(document: Document, override: Override) -> str:
    if override.id is None:
        return ""
    matches = (re.search(override.id, url) for url in (document.canonical, document.url))
    return next((match[1] for match in matches if match and match[1]), "")


@cache
def _xpath(css: str) -> str:
    return str(HTMLTranslator().css_to_xpath(css))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return said(value)
    return said(value.get("content") or squeeze(value.text_content()))


def _html(value: Any) -> str:
    """The inner HTML of an element, or the text that ::text and ::attr() give."""
    return value.strip() if isinstance(value, str) else inner_html(value)


def _link(value: Any) -> str | None:
    return value if isinstance(value, str) else next(filter(None, map(value.get, _LINKS)), None)
