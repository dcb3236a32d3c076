"""OpenGraph and product meta tags."""

from crawler.extract.document import Document, said
from crawler.extract.layer import Layer
from weft.contracts.product import Attribute, PhotoLink

_PRODUCT_TYPES = frozenset({"product", "product.item", "og:product"})
_ATTRIBUTES = ("material", "pattern", "target_gender")


def read(document: Document) -> Layer:
    """What the page's meta tags say of its product."""
    tags: dict[str, list[str]] = {}
    for meta in document.tree.iter("meta"):
        name = (meta.get("property") or meta.get("name") or "").lower()
        if name.startswith(("og:", "product:")) and (content := said(meta.get("content"))):
            tags.setdefault(name, []).append(content)

    def first(*names: str) -> str:
        return next((tags[name][0] for name in names if name in tags), "")

    images = tags.get("og:image:secure_url", []) + tags.get("og:image", []) + tags.get("og:image:url", [])
    photos = [url for image in images if (url := document.absolute(image))]
    category = first("product:category", "product:product_type")
    price = first("product:sale_price:amount", "product:price:amount", "og:price:amount")
    sku = first("product:retailer_item_id", "product:sku", "product:retailer_part_no")
    return Layer(
        name="opengraph",
        is_product=first("og:type").lower() in _PRODUCT_TYPES or bool(price),
        item_group_id=first("product:item_group_id"),
        sku=sku,
        parent_sku=sku,
        gtin=first("product:gtin", "product:ean", "product:upc", "product:isbn"),
        title=first("og:title"),
        description=first("og:description"),
        brand=first("product:brand", "og:brand"),
        colour=first("product:color", "product:colour"),
        price=price,
        availability=first("product:availability", "og:availability"),
        categories=() if not category or category.isdigit() else (category,),
        attributes=tuple(
            Attribute(name=name, value=value) for name in _ATTRIBUTES if (value := first(f"product:{name}"))
        ),
        photos=tuple(PhotoLink(url=url) for url in dict.fromkeys(photos)),
    )
