"""Outcomes: what the spider yields for each URL that was asked, all that the store must keep of it at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from crawler.discover.links import Link
from crawler.discover.traps import Cut
from weft.contracts.product import Product

SITEMAP, FEED, PHOTO, PAGE = "sitemap", "feed", "photo", "page"
"""The kinds of URL in the frontier."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """How the shop served what was asked: evidence kept beside each photo, and what a later crawl asks with."""

    url: str = ""
    """Where it was had in the end, after redirects."""
    at: str = ""
    """When: ISO 8601, UTC, to the second."""
    robots: str = ""
    """What robots.txt decided: "allowed", or "no robots.txt"."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that matter, by lower-case name: etag, last-modified, content-type, x-robots-tag ..."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One URL of the frontier was read."""

    row: int
    """Its id in the frontier."""
    settles: bool = True
    """Nothing more will come of it; False for all parts but the last of what is read in parts."""


class FeedProduct(NamedTuple):
    """One product that a feed tells."""

    place: int
    """Its place among all products of the shop's feed, from 0: a limit takes the first."""
    product: Product


class BadRow(NamedTuple):
    """A row of a feed that is no product."""

    url: str
    """Which row of which feed: "https://shop.example/feed.xml#row-7"."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class SitemapRead(Outcome):
    """A sitemap names further sitemaps and pages."""

    sitemaps: tuple[str, ...]
    pages: tuple[str, ...]
    lastmod: Mapping[str, str] = field(default_factory=dict)
    """By page, when the shop says it changed last, as written; pages without are not in it."""
    photos: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By page, the images that the sitemap says it shows; pages without are not in it."""


@dataclass(frozen=True, kw_only=True)
class FeedRead(Outcome):
    """A part of a feed names products whole, each by its own `Product.url`, and where the feed goes on."""

    products: tuple[FeedProduct, ...]
    bad: tuple[BadRow, ...] = ()
    feeds: tuple[str, ...] = ()
    """The feed's next page, where it has one."""


@dataclass(frozen=True, kw_only=True)
class ProductRead(Outcome):
    """A page shows one product."""

    product: Product
    served: Served = Served()


@dataclass(frozen=True, kw_only=True)
class ListingRead(Outcome):
    """A page shows no product, or several: a listing, or something else."""

    url: str
    trail: str
    """The category path it says it is, "" where it says none."""
    label: str
    """Its own name, for the paths of listings below it."""
    links: tuple[Link, ...]
    """The pages of the same shop that it leads to."""
    cut: tuple[Cut, ...] = ()
    """The links that are not followed though they lead to the shop's pages."""


@dataclass(frozen=True, kw_only=True)
class PhotoRead(Outcome):
    """The bytes of a photo, as served."""

    body: bytes
    served: Served = Served()


@dataclass(frozen=True, kw_only=True)
class Unchanged(Outcome):
    """A page or photo is what it was in the crawl before: the shop answered HTTP 304."""


@dataclass(frozen=True, kw_only=True)
class Failed(Outcome):
    """Asked for the last time, in vain."""

    reason: str
    """One short constant phrase, fit for counting: "HTTP 404"."""
    tries: int
