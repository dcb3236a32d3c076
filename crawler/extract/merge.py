"""Merge layers into one product, field by field, the most specific layer first."""

from collections.abc import Callable, Sequence

from crawler.extract import fields, head, jsonld, magento, microdata, opengraph, page, rdfa, scripted, values
from crawler.extract.document import Document, parse
from crawler.extract.found import Found, Told
from crawler.extract.identity import identity
from crawler.extract.layer import Layer

LAYERS: tuple[Callable[[Document], Layer], ...] = (
    jsonld.read,
    microdata.read,
    rdfa.read,
    opengraph.read,
    magento.read,
)
"""Kinds of markup, the most specific first; what the visible page, the head and the scripts say comes after them."""
_SEARCHED = ("brand", "sku", "price", "availability")


def extract(html: str, url: str) -> Found | None:
    """The product that a page shows, or None when it shows none, or several.

    Args:
        html: The page.
        url: Where it was found.
    """
    return merge(parse(html, url))


def merge(document: Document) -> Found | None:
    """As `extract`, for a page already parsed."""
    layers = [read(document) for read in LAYERS]
    known = {name for name in _SEARCHED if any(getattr(layer, name) for layer in layers)}
    if any(layer.is_product for layer in layers):
        known.add("product")
    layers.append(page.read(document, frozenset(known)))
    layers.append(head.read(document))
    title = fields.title(layers, document.heading)
    unsaid = frozenset(name for name in _SEARCHED if not any(getattr(layer, name) for layer in layers))
    layers.append(scripted.read(document, unsaid, title.value if title else ""))
    return settle(layers, document.canonical, document.heading, document.html)


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
        brand=fields.first(layers, lambda layer: layer.brand),
        colour=fields.first(layers, lambda layer: layer.colour),
        sku=fields.first(layers, lambda layer: layer.sku),
        gtin=fields.first(layers, lambda layer: values.gtin(layer.gtin)),
        group_id=fields.first(layers, lambda layer: layer.group_id or layer.item_group_id),
        price=fields.first(layers, lambda layer: values.price(layer.price)),
        availability=fields.first(layers, lambda layer: values.availability(layer.availability)),
        categories=fields.categories(layers, title.value),
        attributes=tuple(
            Told(attribute, layer.name)
            for layer in layers[: 1 + next((n for n, layer in enumerate(layers) if layer.attributes), 0)]
            for attribute in dict.fromkeys(layer.attributes)
        ),
        photos=fields.photos(layers, html),
    )
