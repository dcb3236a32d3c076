"""Extract fields with the CSS selectors of an override."""

import re
from functools import cache
from typing import Any

from parsel.csstranslator import HTMLTranslator

from crawler.extract.html_heuristics import inner_html
from crawler.extract.models import ExtractedFields
from crawler.overrides.override import Override
from crawler.page.document import Document, clean_text, collapse_whitespace
from weft.contracts.product import PhotoLink

_TEXT_FIELDS = ("title", "description", "brand", "colour", "sku", "gtin", "group_id", "price", "availability")
_URL_ATTRIBUTES = ("data-zoom-image", "data-large_image", "data-src", "src", "href", "content")


def extract_with_selectors(document: Document, override: Override) -> ExtractedFields:
    """Extract the fields of `override.selectors`; the page is a product page if every selector matches."""
    matches = {field: document.tree.xpath(_to_xpath(css)) for field, css in override.selectors.items()}
    extracted = ExtractedFields(source="override", item_id=_find_item_id(document, override))
    for field in _TEXT_FIELDS:
        values = matches.get(field, [])
        texts = (_value_html(value) if field == "description" else _value_text(value) for value in values)
        setattr(extracted, field, next(filter(None, texts), ""))
    categories = [text for value in matches.get("category", []) if (text := _value_text(value))]
    extracted.categories = (" > ".join(categories),) if categories else ()
    photo_urls = (document.resolve_href(_value_url(value)) for value in matches.get("photos", []))
    extracted.photos = tuple(PhotoLink(url=url) for url in dict.fromkeys(filter(None, photo_urls)))
    extracted.is_product = bool(matches) and all(matches.values())
    return extracted


def _find_item_id(document: Document, override: Override) -> str:
    if override.id is None:
        return ""
    matches = (re.search(override.id, url) for url in (document.canonical_url, document.url))
    return next((match[1] for match in matches if match and match[1]), "")


@cache
def _to_xpath(css: str) -> str:
    return str(HTMLTranslator().css_to_xpath(css))


def _value_text(value: Any) -> str:
    if isinstance(value, str):
        return clean_text(value)
    return clean_text(value.get("content") or collapse_whitespace(value.text_content()))


def _value_html(value: Any) -> str:
    """Return the inner HTML of an element, or the text of ::text and ::attr()."""
    return value.strip() if isinstance(value, str) else inner_html(value)


def _value_url(value: Any) -> str | None:
    return value if isinstance(value, str) else next(filter(None, map(value.get, _URL_ATTRIBUTES)), None)
