"""robots.txt and the sitemaps of a shop."""

import gzip
from html import escape
from itertools import islice

from weft.demo import addresses
from weft.demo.catalogue import product
from weft.demo.shelves import Shelves
from weft.demo.shops import DemoShop
from weft.demo.texts import text_of

PRODUCTS_PER_SITEMAP = 10_000
_NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def robots(shop: DemoShop, base: str) -> str:
    """The text of robots.txt."""
    lines = ["User-agent: *", *(f"Disallow: {prefix}" for prefix in shop.disallowed)]
    if shop.has_sitemap:
        lines += ["", f"Sitemap: {base}/sitemap.xml"]
    return "\n".join(lines) + "\n"


def index(shelves: Shelves, base: str) -> str:
    """The sitemap index: one sitemap of listings, and compressed ones of products."""
    parts = -(-sum(1 for _ in shelves.numbers()) // PRODUCTS_PER_SITEMAP)
    names = ["sitemap-shelves.xml", *(f"sitemap-products-{part}.xml.gz" for part in range(1, parts + 1))]
    maps = "".join(f"<sitemap><loc>{base}/{name}</loc></sitemap>" for name in names)
    return f"{_DECLARATION}<sitemapindex {_NAMESPACE}>{maps}</sitemapindex>"


def of_shelves(shelves: Shelves, base: str) -> str:
    """The sitemap of the listings."""
    return _urls([base + addresses.listing_path(trail) for trail in shelves.trails()])


def of_products(shelves: Shelves, seed: int, base: str, part: int) -> bytes | None:
    """The compressed sitemap number `part` (from 1) of product pages; None where there is none."""
    if part < 1:
        return None
    first = (part - 1) * PRODUCTS_PER_SITEMAP
    chosen = [product(seed, number) for number in islice(shelves.numbers(), first, first + PRODUCTS_PER_SITEMAP)]
    if not chosen:
        return None
    xml = _urls([base + addresses.product_path(one, text_of(one)) for one in chosen])
    return gzip.compress(xml.encode(), compresslevel=1, mtime=0)


def _urls(urls: list[str]) -> str:
    entries = "".join(f"<url><loc>{escape(url)}</loc></url>" for url in urls)
    return f"{_DECLARATION}<urlset {_NAMESPACE}>{entries}</urlset>"
