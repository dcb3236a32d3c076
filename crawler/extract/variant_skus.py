"""Recognise the SKU of one size in the place of the SKU of the product.

Many shops state the SKU of the first size that is in stock. It changes with the stock, so it cannot identify the
product.
"""

import re
from collections.abc import Collection, Iterator

from crawler.page.document import Document, collapse_whitespace

MIN_OPTIONS = 2
_SIZE_SUFFIX = re.compile(r"[-_./ ](\d{0,2}x{0,4}[sml]|\d?xs|one-?size|os|\d{1,3}(?:[.,]5)?)$", re.IGNORECASE)
_OPTION_ATTRIBUTES = ("value", "data-sku", "data-variant-sku", "data-product-sku", "data-article", "data-id")


def is_sku_of_variant(sku: str, other_skus: Collection[str], document: Document) -> bool:
    """Return whether `sku` is that of one variant.

    Args:
        sku: The SKU that the markup states for the product.
        other_skus: The SKUs that the markup states for offers and variants.
        document: The page. It lists variants if a select or a group of buttons has the SKU as one of several values, or
            has the size at the end of the SKU.
    """
    if not sku:
        return False
    if len({sku, *other_skus}) > 1 and sku in other_skus:
        return True
    suffix = _SIZE_SUFFIX.search(sku)
    sizes = {suffix[1].casefold()} if suffix else set()
    for options in _option_groups(document):
        if len(options) >= MIN_OPTIONS and any(sku in values or sizes & values for values in options):
            return True
    return False


def _option_groups(document: Document) -> Iterator[list[set[str]]]:
    """Yield for each select, and each group of radio buttons, the texts and values of its options."""
    radios: dict[str, list[set[str]]] = {}
    for element in document.main_elements:
        if element.tag == "select":
            yield [_option_values(option) for option in element.iter("option")]
        elif element.tag == "input" and element.get("type") == "radio":
            radios.setdefault(element.get("name") or "", []).append(_option_values(element))
    yield from radios.values()


def _option_values(option: object) -> set[str]:
    values = {option.get(name) or "" for name in _OPTION_ATTRIBUTES}  # type: ignore[attr-defined]
    text = collapse_whitespace(option.text_content()).casefold()  # type: ignore[attr-defined]
    return {*values, text} - {""}
