"""Read the visible texts of a product, field by field."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from weft.text.html import extract_visible_text

_TRUE_VALUES = frozenset({"yes", "true", "y", "1"})
_FALSE_VALUES = frozenset({"no", "false", "n", "0", "na", "n/a", "none", "-", ""})


def iter_texts(product: Mapping[str, Any], fields: Sequence[str]) -> Iterator[str]:
    """Yield the visible texts of one row of PRODUCTS in the order of `fields`; each category step is its own text."""
    for field in fields:
        if field == "attributes":
            yield from (_format_attribute(attribute) for attribute in product[field])
        elif field == "categories":
            yield from list_category_steps(product)
        elif product[field]:
            yield extract_visible_text(product[field])


def list_category_steps(product: Mapping[str, Any]) -> list[str]:
    """Return the steps of all category paths ("Women > Tops" has two), each once, in order."""
    steps = (step.strip() for path in product["categories"] for step in extract_visible_text(path).split(">"))
    return list(dict.fromkeys(step for step in steps if step))


def _format_attribute(attribute: Mapping[str, str]) -> str:
    """Return value and name ("Round Neck"), the name alone for a true value ("Hooded"), "" for a false one."""
    name, value = extract_visible_text(attribute["name"] or ""), extract_visible_text(attribute["value"] or "").strip()
    if value.lower() in _FALSE_VALUES:
        return ""
    return name if value.lower() in _TRUE_VALUES else f"{value} {name}"
