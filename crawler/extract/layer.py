"""Layer: what one kind of markup says about a page's product."""

from dataclasses import dataclass, field

from weft.contracts.product import Attribute, PhotoLink


@dataclass(kw_only=True)
class Layer:
    """One kind of markup's answers; empty where it is silent."""

    name: str
    """Which markup: "json-ld", "microdata", "opengraph", "magento", "page"."""
    is_product: bool = False
    """It says by itself that the page shows one product."""
    group_id: str = ""
    """The product's id over all its colours and sizes."""
    item_id: str = ""
    """Its sku or the platform's product id."""
    title: str = ""
    description: str = ""
    """HTML allowed."""
    brand: str = ""
    colour: str = ""
    categories: tuple[str, ...] = ()
    """Paths, "Women > Tops"."""
    attributes: tuple[Attribute, ...] = ()
    photos: tuple[PhotoLink, ...] = field(default=())
    """In the markup's order, URLs absolute."""
