"""Merge layers into one product, field by field, the most specific layer first."""

from collections.abc import Callable, Sequence
from html import unescape

from crawler.extract import (
    fields,
    head,
    jsonld,
    magento,
    microdata,
    opengraph,
    page,
    rdfa,
    scripted,
    shopify,
    values,
    woocommerce,
)
from crawler.extract.document import Document, parse, squeeze
from crawler.extract.found import Found, Told
from crawler.extract.identity import identity
from crawler.extract.layer import Layer
from crawler.overrides import Override, selected

LAYERS: tuple[Callable[[Document], Layer], ...] = (
    shopify.read,
    jsonld.read,
    microdata.read,
    rdfa.read,
    opengraph.read,
    magento.read,
    woocommerce.read,
)
"""Kinds of markup, the most specific first; what the visible page, the head and the scripts say comes after them."""
_SHORTEST_INTERNAL = 6
_SEARCHED = ("brand", "sku", "price", "availability")


def extract(html: str, url: str, override: Override | None = None) -> Found | None:
    """The product that a page shows, or None when it shows none, or several.

    Args:
        html: The page.
        url: Where it was found.
        override: What a person says of this shop, before all layers.
    """
    return merge(parse(html, url), override)


def merge(document: Document, override: Override | None = None) -> Found | None:
    """As `extract`, for a page already parsed."""
    layers = [selected.read(document, override)] if override else []
    layers += [read(document) for read in LAYERS]
    known = {name for name in _SEARCHED if any(getattr(layer, name) for layer in layers)}
    skus = [layer for layer in layers if layer.sku]
    if all(values.gtin(layer.sku) for layer in skus):
        known.discard("sku")
    elif all(_is_internal(layer.sku, document) for layer in skus):
        known.add("internal sku")
    if any(layer.is_product for layer in layers):
        known.add("product")
    layers.append(page.read(document, frozenset(known)))
    if "internal sku" in known and layers[-1].sku:
        for layer in skus:
            layer.sku = ""
    layers.append(head.read(document))
    title = fields.title(layers, document.heading)
    unsaid = frozenset(name for name in _SEARCHED if not any(getattr(layer, name) for layer in layers))
    layers.append(scripted.read(document, unsaid, title.value if title else ""))
    return settle(layers, document.canonical, document.heading, document.html)


def _is_internal(sku: str, document: Document) -> bool:
    """A long number that nobody sees on the page: the software's own, not the one the shop sells by."""
    if len(sku) < _SHORTEST_INTERNAL or not sku.isdecimal():
        return False
    return not any(sku in (element.text or "") or sku in (element.tail or "") for element in document.own)


def settle(layers: Sequence[Layer], url: str, heading: str = "", html: str = "") -> Found | None:
    """One product of what `layers` say, the most specific first, or None when none says that there is one.

    Args:
        layers: Of one page, or of one entry of a feed.
        url: The product's canonical URL.
        heading: Of its page.
        html: Its page.
    """
    title = fields.title(layers, heading)
    if title is None or not any(layer.is_product for layer in layers):
        return None
    return Found(
        url=url,
        item_id=identity(layers, url),
        title=title,
        description=fields.description(layers, title.value),
        brand=fields.first(layers, lambda layer: values.brand(layer.brand)),
        colour=fields.first(layers, lambda layer: squeeze(unescape(layer.colour))),
        sku=fields.sku(layers, url),
        gtin=fields.first(layers, lambda layer: values.gtin(layer.gtin)),
        group_id=fields.first(layers, lambda layer: layer.group_id or layer.item_group_id),
        price=fields.first(layers, lambda layer: values.paid(layer.price)),
        availability=fields.first(layers, lambda layer: values.availability(layer.availability)),
        categories=fields.categories(layers, title.value),
        attributes=tuple(
            Told(attribute, layer.name)
            for layer in layers[: 1 + next((n for n, layer in enumerate(layers) if layer.attributes), 0)]
            for attribute in dict.fromkeys(layer.attributes)
        ),
        photos=fields.photos(layers, html),
    )
