"""Find values that a page prints beside a label: "SKU: 1234", "Marke | Fenwick"."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from crawler.page.choices import choices_in
from crawler.page.document import Document, clean_text
from crawler.values import labelled_values, value_parsing
from crawler.values.text import visible_text

MAX_LABEL_LENGTH = 40
"""Maximum number of characters of a label."""
MAX_NAME_LENGTH = 60
"""Maximum number of characters of a brand, manufacturer or colour."""
_MAX_TEXT_LENGTH = 400
_CODE = re.compile(r"(?=[^\s]*\d)[^\W_][\w./+-]{1,39}")
_LABEL_AND_CODE = re.compile(r"(\D{2,40}?)[\s.:：#№]*((?=\S*\d)[A-Z0-9][\w./-]{2,39})")
_BRAND_STORE_LINK = re.compile(
    r"visit the (.{1,60}) store|besuche(?:n sie)? den (.{1,60})-store|visite[rz] la boutique (.{1,60})"
    r"|visita lo store di (.{1,60})|visita la tienda de (.{1,60})|bezoek de (.{1,60})-(?:store|winkel)",
    re.IGNORECASE,
)
"""The link of a marketplace to the store of the brand."""
_MAX_PARENT_LEVELS = 2
_SWATCH_NAME = re.compile(r"swatch|colou?r|option|variant|variation", re.IGNORECASE)


def find_labelled_values(document: Document) -> dict[str, str]:
    """Return the first value on the page of each kind of label; `classify_label` lists the kinds."""
    value_by_kind: dict[str, str] = {}
    for element in document.main_elements:
        text = element.text
        if text and len(text) <= _MAX_TEXT_LENGTH and (text := text.strip()):
            for kind, value in _labelled_pairs(element, text):
                if value := _clean_value(kind, value):
                    value_by_kind.setdefault(kind, value)
    return value_by_kind


def is_code(text: str) -> bool:
    """Return whether `text` has the form of an article number: no white space, and at least one digit."""
    return bool(_CODE.fullmatch(text))


def _labelled_pairs(element: Any, text: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, value) for the label with which `element` starts."""
    if len(text) <= MAX_LABEL_LENGTH and (kind := labelled_values.classify_label(text)):
        yield from ((kind, value) for value in _values_beside(element))
        return
    if len(text) <= 2 * MAX_NAME_LENGTH and (store := _BRAND_STORE_LINK.fullmatch(text)):
        yield "brand", next(filter(None, store.groups()))
        return
    label, colon, value = text.replace("：", ":").partition(":")
    if colon and len(label) <= MAX_LABEL_LENGTH and (kind := labelled_values.classify_label(label)):
        if value.strip():
            yield kind, value.strip()
        elif (choices := choices_in(element)) is None:
            yield kind, visible_text(element).replace("：", ":").partition(":")[2].strip()
        elif len(choices) == 1:
            yield kind, choices[0]
        return
    match = _LABEL_AND_CODE.fullmatch(text) if len(text) <= 2 * MAX_LABEL_LENGTH else None
    if match and (kind := labelled_values.classify_label(match[1])) in ("sku", "reference", "gtin", "mpn"):
        yield kind, match[2]


def _values_beside(label: Any) -> Iterator[str]:
    """Yield the texts after a label: the rest of its element, the text after it, the next element or cell."""
    if (choices := choices_in(label)) is not None:
        yield from choices if len(choices) == 1 else ()
        return
    inner = " ".join(visible_text(child) + " " + (child.tail or "") for child in label if _is_content_element(child))
    if inner.strip():
        yield inner
    element = label
    for _ in range(_MAX_PARENT_LEVELS + 1):
        if (element.tail or "").strip(" \t\r\n:："):
            yield element.tail.strip(" \t\r\n:：")
            return
        following = next((e for e in element.itersiblings() if _is_content_element(e)), None)
        if following is not None:
            if text := _single_value(following).strip(":： "):
                yield text
            return
        element = element.getparent()
        if element is None or element.tag in ("body", "ul", "table", "tbody", "dl"):
            return


def _single_value(element: Any) -> str:
    """Return the text of an element, "" if it offers a choice of several values, of which none is the product's."""
    if _is_one_of_several_controls(element):
        return ""
    choices = choices_in(element)
    return visible_text(element) if choices is None else choices[0] if len(choices) == 1 else ""


def _is_one_of_several_controls(element: Any) -> bool:
    """Return whether another radio button, button or swatch beside `element` is another choice."""
    is_control = (
        element.tag in ("button", "input")
        or element.find(".//input") is not None
        or _SWATCH_NAME.search(element.get("class") or "")
    )
    others = islice(element.itersiblings(element.tag), 1)
    return bool(is_control) and any(True for _ in others)


def _is_content_element(node: Any) -> bool:
    return isinstance(node.tag, str) and node.tag not in ("script", "style")


def _clean_value(kind: str, value: str) -> str:
    text = clean_text(value).strip(" :：,;|‎‏")
    if kind == "gtin":
        return value_parsing.parse_gtin(text.split(" ")[0]) or value_parsing.parse_gtin(text)
    if kind in ("sku", "reference", "mpn"):
        code = text.split(" ")[0].strip(",;()") if text else ""
        return code if _CODE.fullmatch(code) else ""
    if labelled_values.classify_label(text) or labelled_values.is_size_label(text):
        # The header of the next column.
        return ""
    return text if 0 < len(text) <= MAX_NAME_LENGTH and any(c.isalnum() for c in text) and "http" not in text else ""
