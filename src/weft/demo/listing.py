"""The pages that lead to products: home, category listings with pagination, and the related products."""

import random
from html import escape

from weft.demo import addresses
from weft.demo.catalogue import DemoProduct, generate_product
from weft.demo.frame import CategoryPath
from weft.demo.shelves import ShopListings
from weft.demo.shops import SHOPS, DemoShop
from weft.demo.texts import generate_text

_BLANK_IMAGE_URL = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
MAX_RELATED_PRODUCTS = 4


def render_home(shop: DemoShop, listings: ShopListings) -> str:
    """The content of the home page: a greeting and the ways in."""
    links = "".join(
        f'<li><a href="{addresses.listing_path(category_path)}?banner={n}">Shop {escape(category_path[0])}</a></li>'
        for n, category_path in enumerate(listings.list_top_level(), 1)
    )
    return f"<h1>Welcome to {escape(shop.title)}</h1><p>Discover the new collection.</p><ul>{links}</ul>"


def render_listing(shop: DemoShop, listings: ShopListings, seed: int, path: str, page_number: int) -> str | None:
    """The content of page `page` (from 1) of the listing at `path`; None where there is no such page."""
    entry = listings.find(path)
    if entry is None:
        return None
    category_path, numbers = entry
    numbers_on_page = numbers[(page_number - 1) * shop.page_size : page_number * shop.page_size]
    if page_number < 1 or not numbers_on_page:
        return None
    cards = "".join(
        _render_card(generate_product(seed, number), category_path, shop.tracking_query) for number in numbers_on_page
    )
    child_links = "".join(
        f'<li><a href="{addresses.listing_path(child)}">{escape(child[-1])}</a></li>'
        for child in listings.list_children(category_path)
    )
    facets = f'<a href="{shop.disallowed[-1]}?colour=blue&amp;in={path}">Blue only</a>'
    next_link = ""
    if page_number * shop.page_size < len(numbers):
        next_link = f'<a class="next" rel="next" href="{path}?{shop.page_parameter}={page_number + 1}">Next page</a>'
    return (
        f'<h1>{escape(category_path[-1])}</h1><ul class="below">{child_links}</ul><aside>{facets}</aside>'
        f'<ol class="products">{cards}</ol><nav class="pages">{next_link}</nav>'
    )


def render_related(viewed: DemoProduct) -> str:
    """Links from one product to others of its shop, all of them older, so that new products change no page."""
    shop_number = viewed.number // len(SHOPS)
    rng = random.Random(f"weft demo {viewed.seed} related {viewed.number}")
    others = sorted(rng.sample(range(shop_number), min(MAX_RELATED_PRODUCTS, shop_number)))
    shop_index = viewed.number % len(SHOPS)
    cards = "".join(
        _render_related_card(generate_product(viewed.seed, other * len(SHOPS) + shop_index)) for other in others
    )
    return f'<section class="related"><h2>You may also like</h2><ul>{cards}</ul></section>'


def _render_card(product: DemoProduct, category_path: CategoryPath, tracking: str) -> str:
    text = generate_text(product)
    thumbnail = addresses.thumbnail_path(product)
    link = f"{addresses.category_product_path(product, text, category_path)}?{escape(tracking, quote=True)}"
    lazy_attributes = f'src="{_BLANK_IMAGE_URL}" data-src="{thumbnail}" data-srcset="{thumbnail} 1x, {addresses.photo_path(product, 0)} 2x"'
    return f'<li class="card"><a href="{link}"><img class="lazy" {lazy_attributes} alt="">{escape(text.title)}</a></li>'


def _render_related_card(product: DemoProduct) -> str:
    text = generate_text(product)
    link = f"{addresses.product_path(product, text)}?ref=related"
    return f'<li><a href="{link}"><img src="{addresses.thumbnail_path(product)}" alt="">{escape(text.title)}</a></li>'
