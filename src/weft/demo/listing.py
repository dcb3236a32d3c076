"""The pages that lead to products: home, category listings with pagination, and the related products."""

import random
from html import escape

from weft.demo import addresses
from weft.demo.catalogue import DemoProduct, product
from weft.demo.frame import Trail
from weft.demo.shelves import Shelves
from weft.demo.shops import SHOPS, DemoShop
from weft.demo.texts import text_of

_BLANK = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
RELATED = 4


def home(shop: DemoShop, shelves: Shelves) -> str:
    """The content of the home page: a greeting and the ways in."""
    ways = "".join(
        f'<li><a href="{addresses.listing_path(trail)}?banner={n}">Shop {escape(trail[0])}</a></li>'
        for n, trail in enumerate(shelves.top(), 1)
    )
    return f"<h1>Welcome to {escape(shop.title)}</h1><p>Discover the new collection.</p><ul>{ways}</ul>"


def listing(shop: DemoShop, shelves: Shelves, seed: int, path: str, page: int) -> str | None:
    """The content of page `page` (from 1) of the listing at `path`; None where there is no such page."""
    found = shelves.at(path)
    if found is None:
        return None
    trail, numbers = found
    part = numbers[(page - 1) * shop.page_size : page * shop.page_size]
    if page < 1 or not part:
        return None
    cards = "".join(_card(product(seed, number), trail, shop.tracking) for number in part)
    below = "".join(
        f'<li><a href="{addresses.listing_path(child)}">{escape(child[-1])}</a></li>' for child in shelves.below(trail)
    )
    facets = f'<a href="{shop.disallowed[-1]}?colour=blue&amp;in={path}">Blue only</a>'
    more = ""
    if page * shop.page_size < len(numbers):
        more = f'<a class="next" rel="next" href="{path}?{shop.page_parameter}={page + 1}">Next page</a>'
    return (
        f'<h1>{escape(trail[-1])}</h1><ul class="below">{below}</ul><aside>{facets}</aside>'
        f'<ol class="products">{cards}</ol><nav class="pages">{more}</nav>'
    )


def related(shown: DemoProduct) -> str:
    """Links from one product to others of its shop, all of them older, so that new products change no page."""
    within = shown.number // len(SHOPS)
    rng = random.Random(f"weft demo {shown.seed} related {shown.number}")
    others = sorted(rng.sample(range(within), min(RELATED, within)))
    place = shown.number % len(SHOPS)
    cards = "".join(_related_card(product(shown.seed, other * len(SHOPS) + place)) for other in others)
    return f'<section class="related"><h2>You may also like</h2><ul>{cards}</ul></section>'


def _card(shown: DemoProduct, trail: Trail, tracking: str) -> str:
    text = text_of(shown)
    thumbnail = addresses.thumbnail_path(shown)
    link = f"{addresses.path_within(shown, text, trail)}?{escape(tracking, quote=True)}"
    slow = f'src="{_BLANK}" data-src="{thumbnail}" data-srcset="{thumbnail} 1x, {addresses.photo_path(shown, 0)} 2x"'
    return f'<li class="card"><a href="{link}"><img class="lazy" {slow} alt="">{escape(text.title)}</a></li>'


def _related_card(other: DemoProduct) -> str:
    text = text_of(other)
    link = f"{addresses.product_path(other, text)}?ref=related"
    return f'<li><a href="{link}"><img src="{addresses.thumbnail_path(other)}" alt="">{escape(text.title)}</a></li>'
