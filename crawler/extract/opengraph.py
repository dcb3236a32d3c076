"""OpenGraph and product meta tags."""

from crawler.extract.document import Document, clean_text
from crawler.extract.layer import ExtractedFields
from weft.contracts.product import Attribute, PhotoLink

_OG_PRODUCT_TYPES = frozenset({"product", "product.item", "og:product"})
_OG_ATTRIBUTES = ("material", "pattern", "target_gender")


def extract_opengraph(document: Document) -> ExtractedFields:
    """What the page's meta tags say of its product."""
    tags: dict[str, list[str]] = {}
    for meta in document.tree.iter("meta"):
        name = (meta.get("property") or meta.get("name") or "").lower()
        if name.startswith(("og:", "product:")) and (content := clean_text(meta.get("content"))):
            tags.setdefault(name, []).append(content)

    def first_content(*names: str) -> str:
        return next((tags[name][0] for name in names if name in tags), "")

    images = tags.get("og:image:secure_url", []) + tags.get("og:image", []) + tags.get("og:image:url", [])
    photos = [url for image in images if (url := document.resolve_href(image))]
    category = first_content("product:category", "product:product_type")
    price = first_content("product:sale_price:amount", "product:price:amount", "og:price:amount")
    sku = first_content("product:retailer_item_id", "product:sku", "product:retailer_part_no")
    return ExtractedFields(
        source="opengraph",
        is_product=first_content("og:type").lower() in _OG_PRODUCT_TYPES or bool(price),
        item_group_id=first_content("product:item_group_id"),
        sku=sku,
        parent_sku=sku,
        gtin=first_content("product:gtin", "product:ean", "product:upc", "product:isbn"),
        title=first_content("og:title"),
        description=first_content("og:description"),
        brand=first_content("product:brand", "og:brand"),
        colour=first_content("product:color", "product:colour"),
        price=price,
        availability=first_content("product:availability", "og:availability"),
        categories=() if not category or category.isdigit() else (category,),
        attributes=tuple(
            Attribute(name=name, value=value) for name in _OG_ATTRIBUTES if (value := first_content(f"product:{name}"))
        ),
        photos=tuple(PhotoLink(url=url) for url in dict.fromkeys(photos)),
    )
