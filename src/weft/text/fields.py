"""Which texts of a product are read, and how each becomes text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from weft.text.html import visible_text

_YES = frozenset({"yes", "true", "y", "1"})
_NO = frozenset({"no", "false", "n", "0", "na", "n/a", "none", "-", ""})


def texts(product: Mapping[str, Any], fields: Sequence[str]) -> Iterator[str]:
    """The visible texts of one row of PRODUCTS, field by field in the given order; each step of a path by itself."""
    for field in fields:
        if field == "attributes":
            yield from (_attribute(attribute) for attribute in product[field])
        elif field == "categories":
            yield from category_steps(product)
        elif product[field]:
            yield visible_text(product[field])


def category_steps(product: Mapping[str, Any]) -> list[str]:
    """The steps of all category paths ("Women > Tops" has two), each once, in order."""
    steps = (step.strip() for path in product["categories"] for step in visible_text(path).split(">"))
    return list(dict.fromkeys(step for step in steps if step))


def _attribute(attribute: Mapping[str, str]) -> str:
    """Value and name ("round neck"), the name alone for a plain yes ("hooded"), nothing for a plain no."""
    name, value = visible_text(attribute["name"] or ""), visible_text(attribute["value"] or "").strip()
    if value.lower() in _NO:
        return ""
    return name if value.lower() in _YES else f"{value} {name}"
