"""Sitemaps: the bytes of one, gzip or not, to the sitemaps and pages it names."""

import io
import re
from collections.abc import Iterator
from typing import NamedTuple

import lxml.etree
from scrapy.utils.gz import gunzip

from crawler.discover import urls

MOST_BYTES = 64_000_000
"""Of a sitemap after decompression: the standard allows 52,428,800."""
MOST_PHOTOS = 1_000
"""Of one page: what the standard allows."""

_PRODUCTS = re.compile(r"produ[ck]t|item|pdp|artikel|produit|goods|sku")
_OTHERS = re.compile(
    r"categor|product_?(?:cat|tag)|(?<![a-z])tags?(?![a-z])|brand|collection|blog|post|page|author|news|image|video|store"
)


class Place(NamedTuple):
    """A page, as a sitemap names it."""

    url: str
    """Clean."""
    lastmod: str = ""
    """When it last changed, in the sitemap's own words: a W3C date, "" where it does not say."""
    photos: tuple[str, ...] = ()
    """URLs of the images that it shows, image:image."""


class Sitemap(NamedTuple):
    """What one sitemap names."""

    sitemaps: tuple[str, ...]
    """Further sitemaps."""
    pages: Iterator[Place]
    """Each once, read as they are taken."""


def read(body: bytes, url: str) -> Sitemap:
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
        return Sitemap((), _once(Place(line) for line in lines if line.startswith("http")))
    elements = lxml.etree.iterparse(
        io.BytesIO(body), events=("start", "end"), recover=True, resolve_entities=False, remove_comments=True
    )
    try:
        kind = _name(next(elements)[1])
    except (StopIteration, lxml.etree.XMLSyntaxError) as error:
        raise ValueError("not a sitemap") from error
    if kind == "sitemapindex":
        return Sitemap(worth_reading(tuple(place.url for place in _once(_places(elements, url)))), iter(()))
    if kind == "urlset":
        return Sitemap((), _once(_places(elements, url)))
    raise ValueError(f"a <{kind}>, not a sitemap")


def worth_reading(sitemaps: tuple[str, ...]) -> tuple[str, ...]:
    """The sitemaps that say they hold products, when any says so; else all."""
    # "sitemap" itself holds "item".
    names = {sitemap: sitemap.lower().rsplit("/", 1)[-1].replace("sitemap", "") for sitemap in sitemaps}
    of_products = tuple(s for s in sitemaps if _PRODUCTS.search(names[s]) and not _OTHERS.search(names[s]))
    return of_products or sitemaps


def _places(elements: "lxml.etree.iterparse[tuple[str, lxml.etree._Element]]", url: str) -> Iterator[Place]:
    for event, element in elements:
        if event != "end" or _name(element) not in ("url", "sitemap"):
            continue
        said: dict[str, str] = {}
        photos = []
        for part in element:
            if _name(part) == "image":
                photos += [(child.text or "").strip() for child in part if _name(child) == "loc"]
            else:
                said.setdefault(_name(part), (part.text or "").strip())
        if page := urls.absolute(url, said.get("loc", "")) if said.get("loc") else None:
            named = (urls.absolute(page, photo) for photo in photos[:MOST_PHOTOS] if photo)
            yield Place(page, said.get("lastmod", ""), tuple(dict.fromkeys(photo for photo in named if photo)))
        # What is read is let go: a sitemap may name 50,000 pages.
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _once(places: Iterator[Place]) -> Iterator[Place]:
    seen = set()
    for place in places:
        page = place._replace(url=urls.clean(place.url))
        if page.url not in seen:
            seen.add(page.url)
            yield page


def _name(element: lxml.etree._Element) -> str:
    """Without its namespace; "" for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
