"""Whether a page sells one thing: a button to buy it, its price, that it is sold out."""

import re
from functools import lru_cache
from typing import Any

from crawler.extract import labels, values
from crawler.extract.document import Document, squeeze

_PRICE_NAME = re.compile(r"price|preis|prix|precio|prezzo|preço|preco|\bcena\b|hind\b|fiyat|цена|kaina", re.IGNORECASE)
_OTHER_PRICE = re.compile(
    r"old|was\b|before|list-?price|rrp|msrp|regular|strike|original|shipping|per[-_]?unit|unit[-_]?price|saving|compare|mrp"
    r"|range|filter|slider|alert|match",
    re.IGNORECASE,
)
_NAMING = ("id", "class", "name", "value", "action", "title", "aria-label")
_LONGEST_PRICE = 40
_SHORTEST_NOTICE, _LONGEST_NOTICE = 2, 120
_MOST_TRIED = 12
_FEWEST_CARDS, _MOST_COMPARED = 3, 6


def has_button(document: Document) -> bool:
    """A control of the page's own part that buys, and that is not one of a row of product cards."""
    tried = 0
    for element in document.own:
        if element.tag in ("button", "input", "a", "form") and _buys(element):
            if not in_card(element):
                return True
            tried += 1
            if tried == _MOST_TRIED:
                return False
    return False


def price(document: Document) -> str:
    """The first amount in an element that is named after a price and stands in no card; "" where there is none."""
    tried = 0
    for element, names in document.named:
        if _names_price(names):
            text = squeeze(element.text_content())
            if 0 < len(text) <= _LONGEST_PRICE and values.price(text).strip("0."):
                if not in_card(element):
                    return text
                tried += 1
                if tried == _MOST_TRIED:
                    return ""
    return ""


def is_sold_out(document: Document) -> bool:
    """Whether the page's own part says so, outside of product cards."""
    notices = (
        element
        for element in document.own
        if _SHORTEST_NOTICE <= len(element.text or "") <= _LONGEST_NOTICE and element.tag != "option"
    )
    return any(labels.says("sold out", element.text) and not in_card(element) for element in notices)


def in_card(element: Any) -> bool:
    """Within one of several siblings of one shape that each hold a link and an image: product cards."""
    while (parent := element.getparent()) is not None and parent.tag != "html":
        shape = (element.tag, element.get("class"))
        alike = [child for child in parent if (child.tag, child.get("class")) == shape]
        if len(alike) >= _FEWEST_CARDS:
            cards = [
                child for child in alike[:6] if child.find(".//img") is not None and child.find(".//a") is not None
            ]
            if len(cards) >= _FEWEST_CARDS:
                return True
        element = parent
    return False


def _buys(element: Any) -> bool:
    if element.get("disabled") is not None or element.get("aria-disabled") == "true":
        return False
    names = " ".join(
        element.get(key) or "" for key in ("id", "class", "name", "value", "action", "title", "aria-label")
    )
    if _says_buy(names):
        return True
    if element.tag in ("button", "a"):
        text = element.text_content()
        return len(text) <= 80 and _says_buy(squeeze(text))
    return False


@lru_cache(maxsize=65536)
def _says_buy(text: str) -> bool:
    return labels.says("buy", text)


@lru_cache(maxsize=65536)
def _names_price(names: str) -> bool:
    return bool(_PRICE_NAME.search(names)) and not _OTHER_PRICE.search(names)
