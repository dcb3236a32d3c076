"""Find the signs that a page sells one product: a buy button, a price, a sold-out notice."""

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from crawler.discover import urls
from crawler.page.document import Document, collapse_whitespace
from crawler.values import labelled_values, prices
from crawler.values.image_urls import IMAGE_EXTENSION

_PRICE_NAME = re.compile(r"price|preis|prix|precio|prezzo|preço|preco|\bcena\b|hind\b|fiyat|цена|kaina", re.IGNORECASE)
_OTHER_PRICE = re.compile(
    r"old|was\b|before|list-?price|rrp|msrp|regular|strike|original|shipping|per[-_]?unit|unit[-_]?price|saving|compare|mrp"
    r"|range|filter|slider|alert|match|price-tax|excl|netto|ex-?(?:vat|tax)",
    re.IGNORECASE,
)
_NAME_ATTRIBUTES = ("id", "class", "name", "value", "action", "title", "aria-label")
_MAX_PRICE_LENGTH = 40
_MAX_PRICES_LENGTH = 200
"""Maximum number of characters of a price with the former price and their labels beside it."""
_STRUCK_TAGS = frozenset({"del", "s", "strike"})
_MAX_LEVELS = 3
_MIN_NOTICE_LENGTH, _MAX_NOTICE_LENGTH = 2, 120
_MAX_CANDIDATES = 12
"""Maximum number of buttons or prices in product cards that are checked on one page."""
_MAX_BUTTON_LENGTH = 80
_MIN_CARDS = 3


def has_buy_button(document: Document) -> bool:
    """Return whether the main content has an enabled buy button outside product cards."""
    num_tried = 0
    for element in document.main_elements:
        if element.tag in ("button", "input", "a", "form") and _is_buy_control(element):
            if not document.product_cards.contain(element):
                return True
            num_tried += 1
            if num_tried == _MAX_CANDIDATES:
                return False
    return False


def find_price(document: Document) -> str:
    """Return the first price in an element named "price" outside product cards; "" if there is none."""
    num_tried = 0
    for element, names in document.labelled_elements:
        if _is_price_name(names) and (text := _price_text(element)):
            if not document.product_cards.contain(element):
                return text
            num_tried += 1
            if num_tried == _MAX_CANDIDATES:
                return ""
    return ""


def _price_text(element: Any) -> str:
    """Return the text of a price, "" if it is none; struck-through and former prices inside it are left out."""
    text = collapse_whitespace(element.text_content())
    around = islice(element.iterancestors(), _MAX_LEVELS)
    if not 0 < len(text) <= _MAX_PRICES_LENGTH or any(map(_is_struck, (element, *around))):
        return ""
    texts = [text]
    if len(element):
        parts = (_text_without(element, is_left_out) for is_left_out in (_is_other_price, _is_struck))
        texts = [collapse_whitespace(part) for part in parts]
    return next((t for t in texts if len(t) <= _MAX_PRICE_LENGTH and prices.parse_price(t).amount.strip("0.")), "")


def _text_without(element: Any, is_left_out: Callable[[Any], bool]) -> str:
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and not is_left_out(child):
            parts.append(_text_without(child, is_left_out))
        parts.append(child.tail or "")
    return "".join(parts)


def _is_struck(element: Any) -> bool:
    return element.tag in _STRUCK_TAGS or "line-through" in (element.get("style") or "")


def _is_other_price(element: Any) -> bool:
    """Return whether an element holds another price than that to pay, such as the former one."""
    return _is_struck(element) or bool(_OTHER_PRICE.search(f"{element.get('id') or ''} {element.get('class') or ''}"))


def is_sold_out(document: Document) -> bool:
    """Return whether the main content has a sold-out notice outside product cards."""
    notices = (
        element
        for element in document.main_elements
        if _MIN_NOTICE_LENGTH <= len(element.text or "") <= _MAX_NOTICE_LENGTH and element.tag != "option"
    )
    return any(
        labelled_values.has_phrase("sold out", element.text) and not document.product_cards.contain(element)
        for element in notices
    )


def is_gone(document: Document) -> bool:
    """Return whether the heading, the title or a short text says that the product or the page does not exist."""
    short_texts = (
        text
        for element in document.main_elements
        if _MIN_NOTICE_LENGTH <= len(text := element.text or "") <= _MAX_NOTICE_LENGTH and element.tag != "option"
    )
    return any(labelled_values.has_phrase("gone", text) for text in (document.heading, document.title, *short_texts))


def has_product_cards(document: Document) -> bool:
    """Return whether the main content shows several other products: cards, or images that link to other pages."""
    targets: set[str] = set()
    for element in document.main_elements:
        if element.tag == "a" and (element.find(".//img") is not None or document.product_cards.contain(element)):
            target = document.resolve_href(element.get("href"))
            if target and urls.is_same_site(target, document.url) and not IMAGE_EXTENSION.search(urlsplit(target).path):
                targets.add(urls.canonicalize(target))
                if len(targets - {document.url, document.canonical_url}) >= _MIN_CARDS:
                    return True
    return False


def _is_buy_control(element: Any) -> bool:
    if element.get("disabled") is not None or element.get("aria-disabled") == "true":
        return False
    names = " ".join(element.get(key) or "" for key in _NAME_ATTRIBUTES)
    if _has_buy_phrase(names):
        return True
    if element.tag in ("button", "a"):
        text = element.text_content()
        return len(text) <= _MAX_BUTTON_LENGTH and _has_buy_phrase(collapse_whitespace(text))
    return False


@lru_cache(maxsize=65536)
def _has_buy_phrase(text: str) -> bool:
    return labelled_values.has_phrase("buy", text)


@lru_cache(maxsize=65536)
def _is_price_name(names: str) -> bool:
    return bool(_PRICE_NAME.search(names)) and not _OTHER_PRICE.search(names)
