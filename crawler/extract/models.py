"""The types of extraction: the fields found by one extractor, and the product combined from all of them."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from weft.contracts.product import Attribute, PhotoLink, Product


@dataclass(kw_only=True)
class ExtractedFields:
    """The fields that one extractor finds; a field that it does not find is empty."""

    source: str
    """The kind of markup or feed: "json-ld", "microdata", "opengraph", "magento", "page", "csv" ..."""
    is_product: bool = False
    """Whether this source alone shows that the page is about one product."""
    item_id: str = ""
    """The id that the override of the shop takes from the URL."""
    group_id: str = ""
    """The id of the product over all its colours and sizes."""
    item_group_id: str = ""
    """The same as item_group_id of product feeds and product meta tags."""
    platform_id: str = ""
    """The id of the product in the software of the shop."""
    parent_sku: str = ""
    """The SKU of the whole product, not of one of its variants."""
    sku: str = ""
    """The SKU that the shop shows for the product or one of its variants."""
    gtin: str = ""
    mpn: str = ""
    """The part number of the manufacturer."""
    title: str = ""
    description: str = ""
    """HTML allowed."""
    brand: str = ""
    colour: str = ""
    price: str = ""
    """The price as written, with or without currency."""
    currency: str = ""
    """The currency as written, if it is stated apart from the price: "EUR", "€"."""
    availability: str = ""
    """The availability as written: "http://schema.org/InStock", "in stock", "true"."""
    language: str = ""
    """The language of the texts as written: "de-AT"."""
    categories: tuple[str, ...] = ()
    """Paths, "Women > Tops"."""
    attributes: tuple[Attribute, ...] = ()
    photos: tuple[PhotoLink, ...] = field(default=())
    """In the order of the markup, with absolute URLs."""


Value = TypeVar("Value")


@dataclass(frozen=True)
class SourcedValue(Generic[Value]):
    """A value and the source that it was extracted from."""

    value: Value
    source: str
    """The source as in `ExtractedFields.source`, or "url" for an id made from the URL."""


@dataclass(frozen=True, kw_only=True)
class ExtractedProduct:
    """A product as extracted from one page or feed entry; a missing field is None or empty."""

    url: str
    """The canonical URL, without tracking parameters."""
    item_id: SourcedValue[str]
    """The id that all sizes and colours of one product share; safe as a part of a path."""
    title: SourcedValue[str]
    description: SourcedValue[str] | None = None
    """HTML allowed."""
    brand: SourcedValue[str] | None = None
    colour: SourcedValue[str] | None = None
    sku: SourcedValue[str] | None = None
    gtin: SourcedValue[str] | None = None
    """8, 12, 13 or 14 digits with a correct check digit."""
    mpn: SourcedValue[str] | None = None
    """The part number of the manufacturer."""
    group_id: SourcedValue[str] | None = None
    """The id of the group of variants."""
    price: SourcedValue[str] | None = None
    """A decimal number without currency: "1299.50"."""
    currency: SourcedValue[str] | None = None
    """The ISO 4217 code of the price: "EUR"."""
    availability: SourcedValue[str] | None = None
    """The name of schema.org: "InStock", "OutOfStock", "PreOrder" ..."""
    language: SourcedValue[str] | None = None
    """The language of the texts, an ISO 639 code in lower case: "de"."""
    categories: tuple[SourcedValue[str], ...] = ()
    """Paths, "Women > Tops"."""
    attributes: tuple[SourcedValue[Attribute], ...] = ()
    photos: tuple[SourcedValue[PhotoLink], ...] = ()
    """In the order of the shop; the first is the main photo."""

    def to_product(self, shop: str) -> Product:
        """Return the product as a row of the catalogue of `shop`."""
        return Product(
            product_id=f"{shop}/{self.item_id.value}",
            shop=shop,
            url=self.url,
            title=self.title.value,
            description=self.description.value if self.description else "",
            brand=self.brand.value if self.brand else None,
            colour=self.colour.value if self.colour else None,
            sku=self.sku.value if self.sku else None,
            gtin=self.gtin.value if self.gtin else None,
            mpn=self.mpn.value if self.mpn else None,
            group_id=self.group_id.value if self.group_id else None,
            price=self.price.value if self.price else None,
            currency=self.currency.value if self.price and self.currency else None,
            availability=self.availability.value if self.availability else None,
            language=self.language.value if self.language else None,
            categories=tuple(sorted(path.value for path in self.categories)),
            attributes=tuple(attribute.value for attribute in self.attributes),
            photos=tuple(photo.value for photo in self.photos),
        )
