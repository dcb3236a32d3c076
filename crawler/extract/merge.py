"""Merge the layers of a page into one Product, field by field, the most specific layer first."""

from collections.abc import Callable
from dataclasses import dataclass

from crawler.extract import fields, jsonld, magento, microdata, opengraph, page
from crawler.extract.document import Document, parse
from crawler.extract.layer import Layer
from weft.contracts.product import Product

LAYERS: tuple[Callable[[Document], Layer], ...] = (
    jsonld.read,
    microdata.read,
    opengraph.read,
    magento.read,
    page.read,
)
"""Most specific first."""


@dataclass(frozen=True)
class Found:
    """A product and the layer that each of its fields came from."""

    product: Product
    layers: dict[str, str]


def extract(html: str, url: str, shop: str) -> Found | None:
    """The product that a page shows, or None when it shows none, or several.

    Args:
        html: The page.
        url: Where it was found.
        shop: Our name for the shop: the first part of product_id.
    """
    return merge(parse(html, url), shop)


def merge(document: Document, shop: str) -> Found | None:
    """As `extract`, for a page already parsed."""
    layers = [read(document) for read in LAYERS]
    title, title_layer = fields.title(layers, document.heading)
    if not title or not any(layer.is_product for layer in layers):
        return None
    identity, identity_layer = fields.identity(layers, document.canonical)
    description, description_layer = fields.description(layers)
    brand, brand_layer = fields.first(layers, lambda layer: layer.brand)
    colour, colour_layer = fields.first(layers, lambda layer: layer.colour)
    attributes, attributes_layer = fields.first(layers, lambda layer: layer.attributes)
    trails = [path for layer in layers for path in layer.categories]
    product = Product(
        product_id=f"{shop}/{identity}",
        shop=shop,
        url=document.canonical,
        title=title,
        description=description or "",
        brand=brand,
        colour=colour,
        categories=fields.union_of_trails(trails, last_not=title),
        attributes=tuple(dict.fromkeys(attributes or ())),
        photos=fields.photos(layers),
    )
    came_from = {
        "product_id": identity_layer,
        "title": title_layer,
        "description": description_layer,
        "brand": brand_layer,
        "colour": colour_layer,
        "attributes": attributes_layer,
    }
    return Found(product, {name: layer for name, layer in came_from.items() if layer})
