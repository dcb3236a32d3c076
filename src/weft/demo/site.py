"""One shop as a function from request to response: home page, listings, product pages, photos, sitemaps.

The server only transports the responses.
"""

import hashlib
import random
import re
from dataclasses import dataclass, field
from html import escape

from weft.demo import photos, sitemaps, urls
from weft.demo.catalogue import DemoProduct, generate_product
from weft.demo.listings import ShopListings
from weft.demo.markup import CategoryPath, ProductPage, render_page, render_product
from weft.demo.shops import SHOPS, DemoShop
from weft.demo.text_generation import ProductText, generate_text

HTML_CONTENT_TYPE = "text/html; charset=utf-8"
XML_CONTENT_TYPE = "application/xml"
TEXT_CONTENT_TYPE = "text/plain; charset=utf-8"

_PHOTO_PATH = re.compile(r"/media/[A-Z]{2}\d+-([1-9])\.jpg")
_THUMBNAIL_PATH = re.compile(r"/media/thumbs/[A-Z]{2}\d+\.jpg")
_SITEMAP_PATH = re.compile(r"/sitemap-products-(\d{1,6})\.xml\.gz")

_BLANK_IMAGE_URL = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
MAX_RELATED_PRODUCTS = 4


@dataclass(frozen=True, kw_only=True)
class SiteResponse:
    """The response to one request."""

    kind: str
    """The kind of page, by which requests are counted: "product", "photo", "missing" ..."""
    body: bytes
    content_type: str = HTML_CONTENT_TYPE
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Site:
    """One shop with its catalogue.

    Args:
        shop: One of the three demo shops.
        products: Number of products of all shops together; each shop has every third one.
        seed: Seed of the catalogue.
    """

    def __init__(self, shop: DemoShop, products: int, seed: int) -> None:
        self.shop = shop
        self._products, self._seed = products, seed
        self._listings = ShopListings(shop, products, seed)

    def respond(self, path: str, query: dict[str, str], base_url: str) -> SiteResponse:
        """Return the response to a GET request.

        Args:
            path: The path, percent-decoded, without the query.
            query: The parameters of the query.
            base_url: Scheme and host as the client wrote them, without a final slash.
        """
        if path.startswith(self.shop.disallowed):
            return SiteResponse(
                kind="disallowed", body=b"robots.txt asks not to come here\n", content_type=TEXT_CONTENT_TYPE
            )
        if path.startswith("/media/"):
            return self._serve_photo(path) or _make_not_found()
        if path == "/robots.txt" or (path.startswith("/sitemap") and self.shop.has_sitemap):
            return self._serve_robots(path, base_url) or _make_not_found()
        if path == "/":
            return self._serve_page("home", self.shop.title, "", render_home(self.shop, self._listings))
        if path == "/about":
            return self._serve_page("about", "About us", "", "<h1>About us</h1><p>We sell clothes.</p>")
        if path.startswith("/c/"):
            return self._serve_listing(path, query, base_url) or _make_not_found()
        return self._serve_product(path, base_url) or _make_not_found()

    def _serve_page(self, kind: str, title: str, head: str, body: str) -> SiteResponse:
        return SiteResponse(
            kind=kind, body=render_page(self.shop, title, head, body, self._listings.list_top_level()).encode()
        )

    def _serve_robots(self, path: str, base_url: str) -> SiteResponse | None:
        if path == "/robots.txt":
            return SiteResponse(
                kind="robots",
                body=sitemaps.render_robots_txt(self.shop, base_url).encode(),
                content_type=TEXT_CONTENT_TYPE,
            )
        if path == "/sitemap.xml":
            return SiteResponse(
                kind="sitemap",
                body=sitemaps.render_sitemap_index(self._listings, base_url).encode(),
                content_type=XML_CONTENT_TYPE,
            )
        if path == "/sitemap-shelves.xml":
            return SiteResponse(
                kind="sitemap",
                body=sitemaps.render_listing_sitemap(self._listings, base_url).encode(),
                content_type=XML_CONTENT_TYPE,
            )
        match = _SITEMAP_PATH.fullmatch(path)
        body = sitemaps.render_product_sitemap(self._listings, self._seed, base_url, int(match[1])) if match else None
        return SiteResponse(kind="sitemap", body=body, content_type="application/gzip") if body else None

    def _serve_listing(self, path: str, query: dict[str, str], base_url: str) -> SiteResponse | None:
        page_text = query.get(self.shop.page_parameter, "1")
        page_number = int(page_text) if re.fullmatch(r"\d{1,7}", page_text) else 1
        body = render_listing(self.shop, self._listings, self._seed, path, page_number)
        if body is None:
            return None
        query_text = f"?{self.shop.page_parameter}={page_number}" if page_number > 1 else ""
        head = f'<link rel="canonical" href="{base_url}{path}{query_text}">'
        return self._serve_page("listing", path.rsplit("/", 1)[-1].replace("-", " ").capitalize(), head, body)

    def _serve_product(self, path: str, base_url: str) -> SiteResponse | None:
        item = self._find_product(path)
        if item is None:
            return None
        text = generate_text(item)
        category_path = _match_category_path(path, item, text)
        if category_path is None:
            return None
        head, body = render_product(
            ProductPage(product=item, text=text, category_path=category_path, base_url=base_url), self.shop.markup
        )
        return self._serve_page("product", text.title, head, body + render_related(item))

    def _serve_photo(self, path: str) -> SiteResponse | None:
        item = self._find_product(path)
        if item is None:
            return None
        if _THUMBNAIL_PATH.fullmatch(path):
            return _make_image_response("thumbnail", photos.render_thumbnail(item))
        match = _PHOTO_PATH.fullmatch(path)
        if match is None or int(match[1]) > len(item.views):
            return None
        return _make_image_response("photo", photos.render_photo(item, item.views[int(match[1]) - 1]))

    def _find_product(self, path: str) -> DemoProduct | None:
        number = urls.parse_product_number(path, self.shop)
        return generate_product(self._seed, number) if number is not None and number < self._products else None


def _match_category_path(path: str, item: DemoProduct, text: ProductText) -> CategoryPath | None:
    """Return the category path in which `path` shows the item, or None if `path` is none of its URLs."""
    if path == urls.product_path(item, text):
        return text.category_paths[0]
    prefixes = {full_path[:depth] for full_path in text.category_paths for depth in range(1, len(full_path) + 1)}
    return next(
        (
            category_path
            for category_path in sorted(prefixes)
            if path == urls.category_product_path(item, text, category_path)
        ),
        None,
    )


def _make_image_response(kind: str, jpeg: bytes) -> SiteResponse:
    etag = f'"{hashlib.md5(jpeg, usedforsecurity=False).hexdigest()}"'
    return SiteResponse(kind=kind, body=jpeg, content_type="image/jpeg", headers={"ETag": etag})


def _make_not_found() -> SiteResponse:
    return SiteResponse(kind="missing", body=b"<!doctype html><h1>Not found</h1>", status=404)


def render_home(shop: DemoShop, listings: ShopListings) -> str:
    """Render the content of the home page: a greeting and links to the top categories."""
    links = "".join(
        f'<li><a href="{urls.listing_path(category_path)}?banner={n}">Shop {escape(category_path[0])}</a></li>'
        for n, category_path in enumerate(listings.list_top_level(), 1)
    )
    return f"<h1>Welcome to {escape(shop.title)}</h1><p>Discover the new collection.</p><ul>{links}</ul>"


def render_listing(shop: DemoShop, listings: ShopListings, seed: int, path: str, page_number: int) -> str | None:
    """Render a page, counted from 1, of the listing at `path`; return None if the page does not exist."""
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
        f'<li><a href="{urls.listing_path(child)}">{escape(child[-1])}</a></li>'
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
    """Render links to other products of the shop with lower numbers, so that added products change no page."""
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
    thumbnail = urls.thumbnail_path(product)
    link = f"{urls.category_product_path(product, text, category_path)}?{escape(tracking, quote=True)}"
    sources = f"{thumbnail} 1x, {urls.photo_path(product, 0)} 2x"
    lazy_attributes = f'src="{_BLANK_IMAGE_URL}" data-src="{thumbnail}" data-srcset="{sources}"'
    return f'<li class="card"><a href="{link}"><img class="lazy" {lazy_attributes} alt="">{escape(text.title)}</a></li>'


def _render_related_card(product: DemoProduct) -> str:
    text = generate_text(product)
    link = f"{urls.product_path(product, text)}?ref=related"
    return f'<li><a href="{link}"><img src="{urls.thumbnail_path(product)}" alt="">{escape(text.title)}</a></li>'
