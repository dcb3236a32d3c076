"""The paths of product pages, photos and listings, and the product number in a path."""

import re

from weft.demo.catalogue import DemoProduct
from weft.demo.shops import SHOPS, DemoShop
from weft.demo.text_generation import ProductText

_SKU = re.compile(r"([A-Z]{2})(\d{5,9})(?![0-9A-Z])")
_FIRST_SKU = 10_000


def slugify(text: str) -> str:
    """Return the text as one step of a path: lower-case letters and digits joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def product_path(product: DemoProduct, text: ProductText) -> str:
    """Return the canonical path of a product page, without a query."""
    name = slugify(text.title)
    if product.shop == "alder":
        return f"/p/{name}-{product.sku}"
    if product.shop == "brunel":
        return f"/{name}-{product.sku}.html"
    return f"/item/{product.sku}/{name}"


def photo_path(product: DemoProduct, position: int) -> str:
    """Return the path of one full-size photo; `position` counts the product's photos from 0."""
    return f"/media/{product.sku}-{position + 1}.jpg"


def thumbnail_path(product: DemoProduct) -> str:
    """Return the path of the thumbnail for listings."""
    return f"/media/thumbs/{product.sku}.jpg"


def listing_path(category_path: tuple[str, ...]) -> str:
    """Return the path of the listing of a category path."""
    return "/c/" + "/".join(slugify(step) for step in category_path)


def category_product_path(product: DemoProduct, text: ProductText, category_path: tuple[str, ...]) -> str:
    """Return the path to the product from the listing of `category_path`; brunel repeats the category in it."""
    canonical = product_path(product, text)
    return (
        "/" + "/".join(slugify(step) for step in category_path) + canonical if product.shop == "brunel" else canonical
    )


def parse_product_number(path: str, shop: DemoShop) -> int | None:
    """Return the number of the product whose SKU is in `path`, or None if it is not one of `shop`."""
    match = _SKU.search(path)
    if match is None or match[1] != shop.sku_prefix:
        return None
    shop_number = int(match[2]) - _FIRST_SKU
    return shop_number * len(SHOPS) + SHOPS.index(shop) if shop_number >= 0 else None
