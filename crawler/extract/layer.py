"""Layer: what one kind of markup says about a page's product."""

from dataclasses import dataclass, field

from weft.contracts.product import Attribute, PhotoLink


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
