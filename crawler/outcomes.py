"""Outcomes: what the spider yields for each URL that was asked, all that the store must keep of it at once."""

from dataclasses import dataclass

from crawler.discover.links import Link
from weft.contracts.product import Product

SITEMAP, PHOTO, PAGE = "sitemap", "photo", "page"
"""The kinds of URL in the frontier."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One URL of the frontier is settled."""

    row: int
    """Its id in the frontier."""


@dataclass(frozen=True, kw_only=True)
class SitemapRead(Outcome):
    """A sitemap names further sitemaps and pages."""

    sitemaps: tuple[str, ...]
    pages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ProductRead(Outcome):
    """A page shows one product."""

    product: Product


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


@dataclass(frozen=True, kw_only=True)
class PhotoRead(Outcome):
    """The bytes of a photo, as served."""

    body: bytes


@dataclass(frozen=True, kw_only=True)
class Failed(Outcome):
    """Asked for the last time, in vain."""

    reason: str
    """One short constant phrase, fit for counting: "HTTP 404"."""
    tries: int
