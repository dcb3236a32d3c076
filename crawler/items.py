"""Outcomes: what the spider yields for each URL that was asked, all that the store must keep of it at once.

Evidence: how the shop served what was asked, as it is kept beside each photo and page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from scrapy.http import Response

from crawler.discover.crawl_traps import SkippedUrl
from crawler.discover.links import Link
from weft.contracts.product import Product

SITEMAP, FEED, PHOTO, PAGE = "sitemap", "feed", "photo", "page"
"""The kinds of URL in the frontier."""


@dataclass(frozen=True, kw_only=True)
class ResponseInfo:
    """How the shop served what was asked: evidence kept beside each photo, and what a later crawl asks with."""

    url: str = ""
    """Where it was had in the end, after redirects."""
    fetched_at: str = ""
    """When: ISO 8601, UTC, to the second."""
    robots: str = ""
    """What robots.txt decided: "allowed", or "no robots.txt"."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that matter, by lower-case name: etag, last-modified, content-type, x-robots-tag ..."""


@dataclass(frozen=True, kw_only=True)
class CrawlItem:
    """One URL of the frontier was read."""

    row: int
    """Its id in the frontier."""
    is_final: bool = True
    """Nothing more will come of it; False for all parts but the last of what is read in parts."""


class FeedProduct(NamedTuple):
    """One product that a feed tells."""

    position: int
    """Its place among all products of the shop's feed, from 0: a limit takes the first."""
    product: Product


class BadRow(NamedTuple):
    """A row of a feed that is no product."""

    url: str
    """Which row of which feed: "https://shop.example/feed.xml#row-7"."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class SitemapItem(CrawlItem):
    """A sitemap names further sitemaps and pages."""

    sitemaps: tuple[str, ...]
    pages: tuple[str, ...]
    lastmod: Mapping[str, str] = field(default_factory=dict)
    """By page, when the shop says it changed last, as written; pages without are not in it."""
    photos: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By page, the images that the sitemap says it shows; pages without are not in it."""


@dataclass(frozen=True, kw_only=True)
class FeedPartItem(CrawlItem):
    """A part of a feed names products whole, each by its own `Product.url`, and where the feed goes on."""

    products: tuple[FeedProduct, ...]
    bad_rows: tuple[BadRow, ...] = ()
    next_pages: tuple[str, ...] = ()
    """The feed's next page, where it has one."""


@dataclass(frozen=True, kw_only=True)
class ProductItem(CrawlItem):
    """A page shows one product."""

    product: Product
    response_info: ResponseInfo = ResponseInfo()


@dataclass(frozen=True, kw_only=True)
class ListingItem(CrawlItem):
    """A page shows no product, or several: a listing, or something else."""

    url: str
    breadcrumb: str
    """The category path it says it is, "" where it says none."""
    page_title: str
    """Its own name, for the paths of listings below it."""
    links: tuple[Link, ...]
    """The pages of the same shop that it leads to."""
    skipped: tuple[SkippedUrl, ...] = ()
    """The links that are not followed though they lead to the shop's pages."""


@dataclass(frozen=True, kw_only=True)
class PhotoItem(CrawlItem):
    """The bytes of a photo, as served."""

    body: bytes
    response_info: ResponseInfo = ResponseInfo()


@dataclass(frozen=True, kw_only=True)
class UnchangedItem(CrawlItem):
    """A page or photo is what it was in the crawl before: the shop answered HTTP 304."""


@dataclass(frozen=True, kw_only=True)
class FailedItem(CrawlItem):
    """Asked for the last time, in vain."""

    reason: str
    """One short constant phrase, fit for counting: "HTTP 404"."""
    attempts: int


KEPT_HEADERS = (
    "content-type",
    "etag",
    "last-modified",
    "x-robots-tag",
    "tdm-reservation",
    "tdm-policy",
    "content-location",
)
"""What tells whether it has changed, and what the shop says about its use."""
ROBOTS_META_KEY = "robots"
"""Request.meta key: what robots.txt decided, where it is not that the URL is allowed."""
ROBOTS_ALLOWED = "allowed"
_MAX_HEADER_CHARS = 1_000


def response_info(response: Response) -> ResponseInfo:
    """The evidence of one answer; the time is ours, since the shop's clock may be wrong."""
    headers = {}
    for name in KEPT_HEADERS:
        value = b", ".join(response.headers.getlist(name)).decode("latin-1").strip()
        if value:
            headers[name] = value[:_MAX_HEADER_CHARS]
    return ResponseInfo(
        url=response.url,
        fetched_at=datetime.now(UTC).isoformat(timespec="seconds"),
        robots=response.meta.get(ROBOTS_META_KEY, ROBOTS_ALLOWED),
        headers=headers,
    )
