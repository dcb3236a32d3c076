"""Render robots.txt and the sitemaps of a shop."""

import gzip
from html import escape
from itertools import islice

from weft.demo.catalogue import generate_product
from weft.demo.listings import ShopListings
from weft.demo.shops import DemoShop
from weft.demo.text_generation import generate_text
from weft.demo.urls import listing_path, product_path

PRODUCTS_PER_SITEMAP = 10_000
_NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def render_robots_txt(shop: DemoShop, base_url: str) -> str:
    """Render robots.txt."""
    lines = ["User-agent: *", *(f"Disallow: {prefix}" for prefix in shop.disallowed)]
    if shop.has_sitemap:
        lines += ["", f"Sitemap: {base_url}/sitemap.xml"]
    return "\n".join(lines) + "\n"


def render_sitemap_index(listings: ShopListings, base_url: str) -> str:
    """Render the sitemap index: one sitemap of listings, and compressed sitemaps of products."""
    n_parts = -(-sum(1 for _ in listings.iter_product_numbers()) // PRODUCTS_PER_SITEMAP)
    names = ["sitemap-shelves.xml", *(f"sitemap-products-{part}.xml.gz" for part in range(1, n_parts + 1))]
    entries = "".join(f"<sitemap><loc>{base_url}/{name}</loc></sitemap>" for name in names)
    return f"{_DECLARATION}<sitemapindex {_NAMESPACE}>{entries}</sitemapindex>"


def render_listing_sitemap(listings: ShopListings, base_url: str) -> str:
    """Render the sitemap of the listings."""
    return _render_urlset([base_url + listing_path(category_path) for category_path in listings.list_category_paths()])


def render_product_sitemap(listings: ShopListings, seed: int, base_url: str, part: int) -> bytes | None:
    """Render a compressed sitemap of product pages, counted from 1; return None if it does not exist."""
    if part < 1:
        return None
    first = (part - 1) * PRODUCTS_PER_SITEMAP
    chosen = [
        generate_product(seed, number)
        for number in islice(listings.iter_product_numbers(), first, first + PRODUCTS_PER_SITEMAP)
    ]
    if not chosen:
        return None
    xml = _render_urlset([base_url + product_path(item, generate_text(item)) for item in chosen])
    return gzip.compress(xml.encode(), compresslevel=1, mtime=0)


def _render_urlset(urls: list[str]) -> str:
    entries = "".join(f"<url><loc>{escape(url)}</loc></url>" for url in urls)
    return f"{_DECLARATION}<urlset {_NAMESPACE}>{entries}</urlset>"
