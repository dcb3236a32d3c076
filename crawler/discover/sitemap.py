"""Sitemaps: the bytes of one, gzip or not, to the sitemaps and pages it names."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scrapy.utils.gz import gunzip
from scrapy.utils.sitemap import Sitemap

from crawler.discover import urls

MOST_BYTES = 200_000_000
"""Of a sitemap after decompression: the standard allows 50 MB."""

_PRODUCTS = re.compile(r"produ[ck]t|item|pdp|artikel|produit|goods|sku")
_OTHERS = re.compile(
    r"categor|product_?(?:cat|tag)|(?<![a-z])tags?(?![a-z])|brand|collection|blog|post|page|author|news|image|video|store"
)


@dataclass(frozen=True)
class Sitemaps:
    """What one sitemap names."""

    sitemaps: tuple[str, ...]
    pages: tuple[str, ...]


def read(body: bytes, url: str) -> Sitemaps:
    """Read a sitemap index or urlset, XML or plain list of URLs.

    Args:
        body: As served; gzip is unpacked.
        url: Of this sitemap: relative locations are taken from it.

    Raises:
        ValueError: It is no sitemap.
    """
    if body[:2] == b"\x1f\x8b":
        try:
            body = gunzip(body, max_size=MOST_BYTES)
        except (OSError, EOFError) as error:
            raise ValueError("not a sitemap: broken gzip") from error
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        lines = body.decode("utf-8", errors="replace").split()
        return Sitemaps((), _clean((line for line in lines if line.startswith("http")), url))
    try:
        sitemap = Sitemap(body)
    except (AttributeError, ValueError, TypeError, SyntaxError, StopIteration) as error:
        raise ValueError("not a sitemap") from error
    if sitemap.type not in ("sitemapindex", "urlset"):
        raise ValueError(f"a <{sitemap.type}>, not a sitemap")
    locations = [entry["loc"] for entry in sitemap if entry.get("loc")]
    if sitemap.type == "sitemapindex":
        return Sitemaps(worth_reading(_clean(locations, url)), ())
    return Sitemaps((), _clean(locations, url))


def worth_reading(sitemaps: tuple[str, ...]) -> tuple[str, ...]:
    """The sitemaps that say they hold products, when any says so; else all."""
    # "sitemap" itself holds "item".
    names = {sitemap: sitemap.lower().rsplit("/", 1)[-1].replace("sitemap", "") for sitemap in sitemaps}
    of_products = tuple(s for s in sitemaps if _PRODUCTS.search(names[s]) and not _OTHERS.search(names[s]))
    return of_products or sitemaps


def _clean(locations: Iterable[str], url: str) -> tuple[str, ...]:
    found = (urls.absolute(url, location) for location in locations)
    return tuple(dict.fromkeys(urls.clean(location) for location in found if location))
