"""Read the choices of form controls, such as the colours of a <select>, which are not the value of the product."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from crawler.page.document import Document, clean_text
from crawler.values import labelled_values
from crawler.values.text import visible_text

MAX_CHOICES = 60
"""Maximum number of options of a product; a longer menu is one of countries or such."""
_MAX_LABEL_LENGTH = 40
_MAX_CHOICE_LENGTH = 60
_MAX_LEVELS = 3
_MIN_LIST_ITEMS = 2
_OTHER_CONTROL_NAME = re.compile(
    r"sort|order[-_]?by|per[-_]?page|country|currency|lang|qty|quantity|rating|search|newsletter|gender|salutation",
    re.IGNORECASE,
)
_PRICE_SUFFIX = re.compile(r"\s*[(\[]?\s*[+-]\s*\D{0,4}\d[\d.,]*\s*\D{0,4}[)\]]?$")
_NOTE = re.compile(r"\s+[-–—|]\s+|\s*[(\[]")


def choices_in(element: Any) -> list[str] | None:
    """Return what a customer can choose in `element`: options, radio buttons, the items of a list or buttons.

    Returns:
        The choices without placeholders such as "Choose an option"; None if `element` offers no choice.
    """
    if (options := list(islice(element.iter("option"), MAX_CHOICES + 1))) or element.tag == "select":
        return _distinct(_option_texts(options)) if len(options) <= MAX_CHOICES else []
    inputs = [i for i in islice(element.iter("input"), MAX_CHOICES) if i.get("type") in ("radio", "checkbox")]
    if inputs:
        return _distinct(_radio_text(radio, _labels_by_id(element)) for radio in inputs)
    for tag in ("li", "button"):
        items = list(islice(element.iter(tag), MAX_CHOICES + 1))
        if len(items) >= _MIN_LIST_ITEMS:
            texts = (visible_text(item) or _item_text(item) for item in items[:MAX_CHOICES])
            return _distinct(clean_choice(text) for text in texts)
    return None


def find_choices(document: Document) -> Iterator[tuple[str, list[str]]]:
    """Yield the label and the choices of each menu and each group of radio buttons of the main content."""
    controls = [
        element
        for element in document.main_elements
        if element.tag in ("select", "input")
        and element.get("type") in (None, "radio")
        and not _is_other_control(element)
        and not document.product_cards.contain(element)
    ]
    labels = _labels_by_id(document.tree) if controls else {}
    radios: dict[str, list[Any]] = {}
    for element in controls:
        if element.tag == "select":
            if (choices := choices_in(element)) and (label := _label_of(element, labels)):
                yield label, choices
        elif element.get("type") == "radio" and element.get("name"):
            radios.setdefault(element.get("name"), []).append(element)
    for group in radios.values():
        choices = _distinct(_radio_text(radio, labels) for radio in group[:MAX_CHOICES])
        if choices and (label := _group_label(group[0])):
            yield label, choices


def is_quantity(label: str, choices: list[str]) -> bool:
    """Return whether the choices are numbers of pieces, not properties of the product."""
    return labelled_values.is_label("quantity", label) or choices == [str(n + 1) for n in range(len(choices))]


def clean_choice(text: str) -> str:
    """Return the text of a choice without its price and without a note that it is sold out; "" for a placeholder."""
    text = _PRICE_SUFFIX.sub("", clean_text(text)).strip(" -–—*.")
    note = _NOTE.search(text)
    if note and labelled_values.has_phrase("sold out", text[note.start() :]):
        text = text[: note.start()]
    is_placeholder = labelled_values.starts_with_phrase("choose", text) or not any(map(str.isalnum, text))
    return "" if is_placeholder or len(text) > _MAX_CHOICE_LENGTH else text


def _option_texts(options: list[Any]) -> Iterator[str]:
    for option in options:
        # An option with an empty value is a placeholder, in whatever language.
        if (option.get("value") or "x").strip() and option.get("value") != "":
            yield clean_choice(option.text_content() or option.get("label") or "")


def _radio_text(radio: Any, labels: dict[str, str]) -> str:
    around = next(radio.iterancestors("label"), None)
    text = labels.get(radio.get("id") or "") or ("" if around is None else visible_text(around)) or _item_text(radio)
    return clean_choice(text or radio.get("value") or "")


def _item_text(item: Any) -> str:
    names = ("title", "aria-label", "data-value", "data-title", "data-label", "data-option-label", "alt")
    for part in (item, *islice(item.iter("img", "a", "span", "button"), 3)):
        if text := next(filter(None, map(part.get, names)), ""):
            return text
    return ""


def _distinct(choices: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(choice for choice in choices if choice))


def _is_other_control(element: Any) -> bool:
    return bool(_OTHER_CONTROL_NAME.search(f"{element.get('name') or ''} {element.get('id') or ''}"))


def _labels_by_id(tree: Any) -> dict[str, str]:
    return {label.get("for"): _clean_label(visible_text(label)) for label in tree.iter("label") if label.get("for")}


def _label_of(control: Any, labels: dict[str, str]) -> str:
    if label := labels.get(control.get("id") or ""):
        return label
    if (around := next(control.iterancestors("label"), None)) is not None and (label := visible_text(around)):
        return _clean_label(label)
    return _clean_label(control.get("aria-label") or control.get("data-label") or "") or _group_label(control)


def _group_label(control: Any) -> str:
    """Return the legend of the control's fieldset, or the short text before the control or before its container."""
    for fieldset in islice(control.iterancestors("fieldset"), 1):
        for legend in islice(fieldset.iter("legend"), 1):
            return _clean_label(visible_text(legend))
    element = control
    for _ in range(_MAX_LEVELS):
        if element.get("role") == "radiogroup" and element.get("aria-label"):
            return _clean_label(element.get("aria-label"))
        before, around = element.getprevious(), element.getparent()
        text = "" if around is None or around.tag in ("body", "form") else (around.text or "").strip()
        if text and (before is None or text.endswith((":", "："))):
            return _clean_label(text)
        if before is not None and isinstance(before.tag, str):
            text = visible_text(before) or ""
            return _clean_label(text) if before.find(".//input") is None and before.tag != "input" else ""
        element = element.getparent()
        if element is None or element.tag in ("form", "body", "td", "dd"):
            return ""
    return ""


def _clean_label(text: str) -> str:
    label = clean_text(text).strip(" :：*")
    # "Select your size" names the choice of a size.
    label = labelled_values.without_phrase("choose", label) or label
    return label if len(label) <= _MAX_LABEL_LENGTH else ""
