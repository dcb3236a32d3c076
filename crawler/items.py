"""Scrapy items: what the spider yields for each requested URL, with everything the store saves in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from scrapy.http import Response

from crawler.discover.crawl_traps import SkippedUrl
from crawler.discover.links import Link
from crawler.extract.relations import Relations
from weft.contracts.product import Product

SITEMAP, FEED, PHOTO, PAGE = "sitemap", "feed", "photo", "page"
"""The kinds of URL in the frontier."""
KEPT_HEADERS = (
    "content-type",
    "etag",
    "last-modified",
    "x-robots-tag",
    "tdm-reservation",
    "tdm-policy",
    "content-location",
)
"""Validators for conditional requests, and the shop's statements about the use of its content."""
ROBOTS_META_KEY = "robots"
"""Request.meta key: the decision of robots.txt, unless it is ROBOTS_ALLOWED."""
ROBOTS_ALLOWED = "allowed"
_MAX_HEADER_CHARS = 1_000


@dataclass(frozen=True, kw_only=True)
class ResponseInfo:
    """How the shop served a URL: provenance of each photo, and validators for the requests of a later crawl."""

    url: str = ""
    """The final URL, after redirects."""
    fetched_at: str = ""
    """ISO 8601, UTC, to the second."""
    robots: str = ""
    """The decision of robots.txt: "allowed", or "no robots.txt"."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The headers in KEPT_HEADERS, by lower-case name."""


@dataclass(frozen=True, kw_only=True)
class CrawlItem:
    """The result of one URL of the frontier."""

    row: int
    """The id of the URL in the frontier."""
    is_final: bool = True
    """Whether this is the last item of the URL; a sitemap or feed yields several items."""


class FeedProduct(NamedTuple):
    """One product of a feed."""

    position: int
    """The 0-based position among all products of the shop's feed; a limit keeps the first ones."""
    product: Product


class BadRow(NamedTuple):
    """A row of a feed that is not a product."""

    url: str
    """The feed and the row: "https://shop.example/feed.xml#row-7"."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class SitemapItem(CrawlItem):
    """The pages and further sitemaps that a sitemap lists."""

    sitemaps: tuple[str, ...]
    pages: tuple[str, ...]
    lastmod: Mapping[str, str] = field(default_factory=dict)
    """By page, the last modification as the sitemap writes it; pages without one are missing."""
    photos: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By page, the image URLs that the sitemap lists for it; pages without images are missing."""
    translations: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """By page, (language code, URL) of its translations; pages without translations are missing."""


@dataclass(frozen=True, kw_only=True)
class FeedPartItem(CrawlItem):
    """A part of a feed: complete products, each with its own `Product.url`, and the next page of the feed."""

    products: tuple[FeedProduct, ...]
    bad_rows: tuple[BadRow, ...] = ()
    next_pages: tuple[str, ...] = ()
    """The URL of the feed's next page, if it has one."""


@dataclass(frozen=True, kw_only=True)
class ProductItem(CrawlItem):
    """A page that shows one product."""

    product: Product
    relations: Relations = field(default_factory=Relations)
    """The other pages that the page names as those of the same product."""
    variants: tuple[str, ...] = ()
    """The pages of variants to request; canonical URLs."""
    response_info: ResponseInfo = ResponseInfo()


@dataclass(frozen=True, kw_only=True)
class ListingItem(CrawlItem):
    """A page that shows no product, or several: a listing, or any other page."""

    url: str
    breadcrumb: str
    """The category path that the page states, "" if it states none."""
    page_title: str
    """The name of the page, used in the category paths of the listings below it."""
    language: str = ""
    """The language of the page, an ISO 639 code in lower case, "" if it states none."""
    links: tuple[Link, ...]
    """The links to pages of the same shop."""
    skipped: tuple[SkippedUrl, ...] = ()
    """The links to pages of the same shop that are not followed."""
    look: str = ""
    """What the page looks like, see `crawler.page_looks`; "" for an ordinary page."""


@dataclass(frozen=True, kw_only=True)
class PhotoItem(CrawlItem):
    """The bytes of a photo, as served."""

    body: bytes
    response_info: ResponseInfo = ResponseInfo()


@dataclass(frozen=True, kw_only=True)
class UnchangedItem(CrawlItem):
    """A page or photo has not changed since the previous crawl: the shop answered HTTP 304."""


@dataclass(frozen=True, kw_only=True)
class FailedItem(CrawlItem):
    """A URL that failed after all retries."""

    reason: str
    """A short constant phrase that can be counted: "HTTP 404"."""
    attempts: int


def response_info(response: Response) -> ResponseInfo:
    """Return how a response was served; the time is our own, because the shop's clock may be wrong."""
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
