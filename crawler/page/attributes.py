"""Find the attributes that a page shows: in tables and definition lists, as "<b>Fit:</b> Regular", as choices."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from crawler.page.choices import choices_in, find_choices, is_quantity
from crawler.page.document import Document, clean_text
from crawler.values.text import visible_text
from weft.contracts.product import Attribute

MAX_ATTRIBUTE_NAME_LENGTH = 40
"""Maximum number of characters of the name of an attribute."""
MAX_ATTRIBUTE_VALUE_LENGTH = 200
"""Maximum number of characters of the value of an attribute."""
_MAX_PLAIN_VALUE_LENGTH, _MAX_PLAIN_NAME_WORDS = 60, 3
_MAX_CELL_LENGTH = 4_000
_MAX_DEFINITIONS = 20
_CELLS_PER_PAIR = 2
_LABEL_TAGS = frozenset({"b", "strong", "em", "span", "label", "i", "u"})
_INLINE_TAGS = frozenset({"a", "span", "em", "i", "u", "small", "sup", "sub", "font", "abbr", "time", "img", "mark"})
_PAIR_TAGS = frozenset({"span", "div", "p", "b", "strong", "label", "em", "h4", "h5", "h6"})
_LABEL_NAME = re.compile(r"(?<![a-z])(?:label|name|key|attr|attribute|term|property)(?![a-z])", re.IGNORECASE)
_VALUE_NAME = re.compile(r"(?<![a-z])(?:value|val|data|content|desc|description)(?![a-z])", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?]$")


def extract_attributes(document: Document) -> Iterator[Attribute]:
    """Yield the attributes in document order, then the choices of menus; a choice is an attribute of its own."""
    for element in document.main_elements:
        if element.tag == "tr":
            yield from _row_attributes(element)
        elif element.tag == "dt":
            yield from _definition_attributes(element)
        elif element.tag in _LABEL_TAGS:
            yield from _bold_attribute(element)
        elif element.tag in ("li", "div", "p"):
            yield from _pair_attribute(element, document)
    for label, choices in find_choices(document):
        if not is_quantity(label, choices):
            yield from (Attribute(name=label, value=choice) for choice in choices)


def _row_attributes(row: Any) -> Iterator[Attribute]:
    cells = [cell for cell in row if cell.tag in ("td", "th")]
    is_pairs = len(cells) == _CELLS_PER_PAIR or [cell.tag for cell in cells] == ["th", "td"] * (len(cells) // 2)
    for label, value in zip(cells[::2], cells[1::2], strict=False) if is_pairs else ():
        if value.tag == "td":
            yield from _attributes(label, value)


def _definition_attributes(term: Any) -> Iterator[Attribute]:
    for definition in islice(term.itersiblings(), _MAX_DEFINITIONS):
        if definition.tag == "dt":
            return
        if definition.tag == "dd":
            yield from _attributes(term, definition)


def _attributes(label: Any, value: Any) -> Iterator[Attribute]:
    if len(label.text_content()) > _MAX_CELL_LENGTH or len(value.text_content()) > _MAX_CELL_LENGTH:
        return
    name, choices = visible_text(label), choices_in(value)
    if choices is None:
        yield from _valid_attribute(name, visible_text(value))
    elif not is_quantity(name.rstrip(" :："), choices):
        for choice in choices:
            yield from _valid_attribute(name, choice)


def _valid_attribute(name: str, value: str) -> Iterator[Attribute]:
    name, value = clean_text(name).rstrip(" :："), clean_text(value).lstrip(" :：")
    if 0 < len(name) <= MAX_ATTRIBUTE_NAME_LENGTH and 0 < len(value) <= MAX_ATTRIBUTE_VALUE_LENGTH:
        yield Attribute(name=name, value=value)


def _bold_attribute(label: Any) -> Iterator[Attribute]:
    """Yield the attribute of a label with a colon in its element or after it: "<b>Fit:</b> Regular"."""
    text = label.text
    if not text or len(text) > MAX_ATTRIBUTE_NAME_LENGTH + 2:
        return
    tail = label.tail or ""
    whole = label.text_content() if len(label) else text
    if not whole.rstrip().endswith((":", "：")) and not tail.lstrip().startswith((":", "：")):
        return
    name = visible_text(label)
    parts = [tail]
    for sibling in label.itersiblings():
        if sibling.tag not in _INLINE_TAGS or (sibling.text or "").rstrip().endswith(":"):
            break
        parts += [visible_text(sibling), sibling.tail or ""]
        if sum(map(len, parts)) > MAX_ATTRIBUTE_VALUE_LENGTH:
            break
    yield from _valid_attribute(name, "".join(parts))


def _pair_attribute(element: Any, document: Document) -> Iterator[Attribute]:
    """Yield the attribute of an element that holds a label and a value only, or of the plain text "Fit: Regular"."""
    if len(element) == 0 and element.tag == "li":
        yield from _plain_attribute(element.text or "")
    if len(element) != _CELLS_PER_PAIR or (element.text or "").strip():
        return
    label, value = element
    if label.tag not in _PAIR_TAGS or value.tag not in _PAIR_TAGS or any((e.tail or "").strip() for e in element):
        return
    is_named = _LABEL_NAME.search(label.get("class") or "") and _VALUE_NAME.search(value.get("class") or "")
    if not (is_named or (label.text_content()[:_MAX_CELL_LENGTH].rstrip().endswith(":"))):
        return
    if not document.product_cards.contain(element):
        yield from _attributes(label, value)


def _plain_attribute(text: str) -> Iterator[Attribute]:
    name, colon, value = text.replace("：", ":").partition(":")
    value = value.strip()
    is_short = len(name.split()) <= _MAX_PLAIN_NAME_WORDS and len(value) <= _MAX_PLAIN_VALUE_LENGTH
    if colon and is_short and "//" not in value and not _SENTENCE_END.search(value):
        yield from _valid_attribute(name, value)
