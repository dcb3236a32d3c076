"""Layer: what one kind of markup says about a page's product.

Found: one product as a page or a feed shows it, every field with the layer it came from.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from weft.contracts.product import Attribute, PhotoLink, Product


@dataclass(kw_only=True)
class ExtractedFields:
    """One kind of markup's answers; empty where it is silent."""

    source: str
    """Which markup: "json-ld", "microdata", "opengraph", "magento", "page" ..."""
    is_product: bool = False
    """It says by itself that there is one product."""
    item_id: str = ""
    """What a person's override says the item is."""
    group_id: str = ""
    """The product's id over all its colours and sizes."""
    item_group_id: str = ""
    """The same in the words of product feeds and product meta tags."""
    platform_id: str = ""
    """The number by which the shop's software knows the product."""
    parent_sku: str = ""
    """The sku of the product as a whole, not that of one of its variants."""
    sku: str = ""
    """The number the shop shows for what can be bought here."""
    gtin: str = ""
    title: str = ""
    description: str = ""
    """HTML allowed."""
    brand: str = ""
    colour: str = ""
    price: str = ""
    """As written, with or without currency."""
    availability: str = ""
    """As written: "http://schema.org/InStock", "in stock", "true"."""
    categories: tuple[str, ...] = ()
    """Paths, "Women > Tops"."""
    attributes: tuple[Attribute, ...] = ()
    photos: tuple[PhotoLink, ...] = field(default=())
    """In the markup's order, URLs absolute."""


Value = TypeVar("Value")


@dataclass(frozen=True)
class SourcedValue(Generic[Value]):
    """A value, and who says so."""

    value: Value
    source: str
    """"shopify", "json-ld", "microdata", "opengraph", "page" and so on; see `layer.Layer.name`."""


@dataclass(frozen=True, kw_only=True)
class ExtractedProduct:
    """One product, before it has a shop; a field nobody tells is None or empty."""

    url: str
    """Canonical, without tracking parameters."""
    item_id: SourcedValue[str]
    """Shared by the sizes and colours of one product, safe as a part of a path."""
    title: SourcedValue[str]
    description: SourcedValue[str] | None = None
    """HTML allowed."""
    brand: SourcedValue[str] | None = None
    colour: SourcedValue[str] | None = None
    sku: SourcedValue[str] | None = None
    gtin: SourcedValue[str] | None = None
    """8 to 14 digits with a right check digit."""
    group_id: SourcedValue[str] | None = None
    """The shop's own name for the group of variants."""
    price: SourcedValue[str] | None = None
    """A decimal number without currency: "1299.50"."""
    availability: SourcedValue[str] | None = None
    """As schema.org says it: "InStock", "OutOfStock", "PreOrder" ..."""
    categories: tuple[SourcedValue[str], ...] = ()
    """Paths, "Women > Tops"."""
    attributes: tuple[SourcedValue[Attribute], ...] = ()
    photos: tuple[SourcedValue[PhotoLink], ...] = ()
    """In the shop's order; the first is the main photo."""

    def to_product(self, shop: str) -> Product:
        """The same as a product of `shop`."""
        return Product(
            product_id=f"{shop}/{self.item_id.value}",
            shop=shop,
            url=self.url,
            title=self.title.value,
            description=self.description.value if self.description else "",
            brand=self.brand.value if self.brand else None,
            colour=self.colour.value if self.colour else None,
            categories=tuple(sorted(path.value for path in self.categories)),
            attributes=tuple(attribute.value for attribute in self.attributes),
            photos=tuple(photo.value for photo in self.photos),
        )
