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
    categories: tuple[str, ...] = ()
    """All category paths under which the product was seen, sorted; a path is "Women > Tops > Blouses"."""
    attributes: tuple[Attribute, ...] = ()
    photos: tuple[PhotoLink, ...] = field(default=())
    """In the shop's order; the first is the main photo."""
