"""The product that the crawler extracts from a shop, with the links to its photos."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One attribute in the shop's words: name="Neck", value="Round"."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class PhotoLink:
    """The link to one photo of a product, before it is downloaded."""

    url: str
    """Absolute http(s) URL."""
    colour: str | None = None
    """The colour in this photo, if the shop assigns photos to colours."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """One product of one shop; all its sizes and colours are one product."""

    product_id: str
    """"<shop>/<id within the shop>", unique in a snapshot."""
    shop: str
    url: str
    """Canonical URL, without tracking parameters."""
    title: str
    description: str = ""
    """The shop's text, possibly HTML; `clean` extracts the visible text."""
    brand: str | None = None
    colour: str | None = None
    sku: str | None = None
    """The SKU that the shop shows for the product, or for the colour of its page."""
    gtin: str | None = None
    """8, 12, 13 or 14 digits with a correct check digit."""
    mpn: str | None = None
    """The part number of the manufacturer."""
    group_id: str | None = None
    """The shop's id of the product over all its colours and sizes."""
    price: str | None = None
    """A decimal number without currency: "1299.50"."""
    currency: str | None = None
    """The ISO 4217 code of the price: "EUR"."""
    availability: str | None = None
    """The name of schema.org: "InStock", "OutOfStock", "PreOrder" ..."""
    language: str | None = None
    """The language of the texts, an ISO 639 code in lower case: "de"."""
    categories: tuple[str, ...] = ()
    """All category paths under which the product was seen, sorted; a path is "Women > Tops > Blouses"."""
    attributes: tuple[Attribute, ...] = ()
    photos: tuple[PhotoLink, ...] = field(default=())
    """In the shop's order; the first is the main photo."""
