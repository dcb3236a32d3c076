"""Find values that a page prints beside a label: "SKU: 1234", "Marke | Fenwick".

The labels and phrases of many languages are in field_labels.txt.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import lxml.html

from crawler.extract import value_parsing
from crawler.extract.document import Document, clean_text

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
_LABEL_KINDS = ("colour", "brand", "manufacturer", "gtin", "mpn", "reference", "sku")
_LABEL_PUNCTUATION = re.compile(r"[\s._:：#№*]+")
_MAX_PARENT_LEVELS = 2


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


def _labelled_pairs(element: Any, text: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, value) for the label with which `element` starts."""
    if len(text) <= MAX_LABEL_LENGTH and (kind := classify_label(text)):
        yield from ((kind, value) for value in _values_beside(element))
        return
    if len(text) <= 2 * MAX_NAME_LENGTH and (store := _BRAND_STORE_LINK.fullmatch(text)):
        yield "brand", next(filter(None, store.groups()))
        return
    label, colon, value = text.replace("：", ":").partition(":")
    if colon and len(label) <= MAX_LABEL_LENGTH and (kind := classify_label(label)):
        yield kind, value.strip() or clean_text(element.text_content().partition(":")[2])
        return
    match = _LABEL_AND_CODE.fullmatch(text) if len(text) <= 2 * MAX_LABEL_LENGTH else None
    if match and (kind := classify_label(match[1])) in ("sku", "reference", "gtin", "mpn"):
        yield kind, match[2]


def _values_beside(label: Any) -> Iterator[str]:
    """Yield the texts after a label: the rest of its element, the text after it, the next element or cell."""
    inner = " ".join(
        clean_text(child.text_content()) + " " + (child.tail or "") for child in label if _is_content_element(child)
    )
    if inner.strip():
        yield inner
    element = label
    for _ in range(_MAX_PARENT_LEVELS + 1):
        if (element.tail or "").strip(" \t\r\n:："):
            yield element.tail.strip(" \t\r\n:：")
            return
        following = next((e for e in element.itersiblings() if _is_content_element(e)), None)
        if following is not None:
            text = clean_text(following.text_content())
            if text.strip(":： "):
                yield text.strip(":： ")
            return
        element = element.getparent()
        if element is None or element.tag in ("body", "ul", "table", "tbody", "dl"):
            return


def _is_content_element(node: lxml.html.HtmlElement) -> bool:
    return isinstance(node.tag, str) and node.tag not in ("script", "style")


def _clean_value(kind: str, value: str) -> str:
    text = clean_text(value).strip(" :：,;|‎‏")
    if kind == "gtin":
        return value_parsing.parse_gtin(text.split(" ")[0]) or value_parsing.parse_gtin(text)
    if kind in ("sku", "reference", "mpn"):
        code = text.split(" ")[0].strip(",;()") if text else ""
        return code if _CODE.fullmatch(code) else ""
    return text if 0 < len(text) <= MAX_NAME_LENGTH and any(c.isalnum() for c in text) and "http" not in text else ""


def classify_label(label: str) -> str:
    """Return the kind of a label: "colour", "brand", "manufacturer", "gtin", "mpn", "sku", "reference", or ""."""
    return _kind_by_label().get(_normalise_label(label), "")


def is_colour_label(name: str) -> bool:
    """Return whether `name` is a label of a colour: "Colour", "Farbe"."""
    return classify_label(name) == "colour"


@cache
def _kind_by_label() -> dict[str, str]:
    return {_normalise_label(word): name for name in _LABEL_KINDS for word in _load_sections()[name]}


def _normalise_label(label: str) -> str:
    """Normalise a label for comparison: "Art. Nr.:" and "art_nr" become "art nr"."""
    return " ".join(_LABEL_PUNCTUATION.sub(" ", label).casefold().split())


def has_phrase(section: str, text: str) -> bool:
    """Return whether `text` contains a phrase of `section` of field_labels.txt, ignoring case."""
    return _phrase_pattern(section).search(text.casefold()) is not None


@cache
def _phrase_pattern(section: str) -> re.Pattern[str]:
    # Both sides are casefolded, because IGNORECASE is several times slower.
    return re.compile("|".join(re.escape(phrase.casefold()) for phrase in sorted(_load_sections()[section])))


@cache
def _load_sections() -> dict[str, tuple[str, ...]]:
    sections: dict[str, list[str]] = {}
    name = ""
    for line in (Path(__file__).parent / "field_labels.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif not line.startswith("#"):
            sections.setdefault(name, []).extend(word.strip() for word in line.split("|") if word.strip())
    return {name: tuple(words) for name, words in sections.items()}
