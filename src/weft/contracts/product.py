"""Product and Photo: what the crawler brings home of one product."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One named property as the shop writes it: name="Neck", value="Round"."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class PhotoLink:
    """Where one photo of a product is, before it is fetched."""

    url: str
    """Absolute http(s) URL."""
    colour: str | None = None
    """The colour this photo shows, when the shop tells views of several colours apart."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """One product of one shop; sizes collapse into it, colours share it."""

    product_id: str
    """"<shop>/<id within the shop>", unique in a snapshot."""
    shop: str
    url: str
    """Canonical URL, without tracking parameters."""
    title: str
    description: str = ""
    """As the shop serves it, HTML allowed: `clean` turns it to text."""
    brand: str | None = None
    colour: str | None = None
    categories: tuple[str, ...] = ()
    """The union of all category paths seen, each "Women > Tops > Blouses", sorted."""
    attributes: tuple[Attribute, ...] = ()
    photos: tuple[PhotoLink, ...] = field(default=())
    """In the shop's order; the first is its main photo."""
