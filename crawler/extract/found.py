"""Found: one product as a page or a feed shows it, every field with the layer it came from."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from weft.contracts.product import Attribute, PhotoLink, Product

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
