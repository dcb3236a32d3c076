"""Reading: what a shop answered, turned into outcomes; nothing it says can end the crawl."""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from protego import Protego
from scrapy.http import Response, TextResponse

from crawler import evidence, feed, reasons
from crawler.arguments import Wanted
from crawler.discover import links, sitemap, traps, urls
from crawler.extract import document, merge, sniff
from crawler.outcomes import Failed, ListingRead, Outcome, PhotoRead, ProductRead, SitemapRead, Unchanged
from crawler.overrides import Override
from crawler.sitemap_photos import supplement
from crawler.store import Store
from weft.errors import ShopError

PART = 1_000
"""Pages of a sitemap kept at once."""
DENIED = "denied by shops/<host>.yaml"

_log = logging.getLogger(__name__)


class Reading:
    """Reads the answers of one shop.

    Args:
        wanted: The shop.
        store: Of its crawl.
        override: What a person says of the shop.
        agent: Whom robots.txt speaks to.
    """

    def __init__(self, wanted: Wanted, store: Store, override: Override, agent: str) -> None:
        self._wanted, self._store, self._override, self._agent = wanted, store, override, agent
        self.rules = Protego.parse("")
        """The shop's robots.txt."""

    def feed(self, response: Response) -> Iterator[Outcome]:
        """A page of a platform's list, or a whole feed."""
        row, shop = response.meta["row"], self._wanted.shop
        pages = (response.headers.get(b"X-WP-TotalPages") or b"").decode("latin-1")
        in_all = int(pages) if pages.isdigit() else 0
        try:
            yield from feed.read(response.body, response.url, shop.name, row, shop.max_products, pages_in_all=in_all)
        except ShopError as error:
            _log.info("%s: no feed: %s", response.url, error)
            yield self._failed(response, reasons.NOT_A_FEED)

    def sitemap(self, response: Response) -> Iterator[Outcome]:
        """A sitemap: more URLs, in parts."""
        row = response.meta["row"]
        try:
            found = sitemap.read(response.body, response.url)
        except ValueError:
            yield self._failed(response, reasons.NOT_A_SITEMAP)
            return
        pages = (page for page in found.pages if self._is_wanted(page.url))
        while part := list(islice(pages, PART)):
            yield SitemapRead(
                row=row,
                settles=False,
                sitemaps=(),
                pages=tuple(page.url for page in part),
                lastmod={page.url: page.lastmod for page in part if page.lastmod},
                photos={page.url: page.photos for page in part if page.photos},
            )
        yield SitemapRead(row=row, sitemaps=found.sitemaps, pages=())

    def page(self, response: Response, *, follow: bool) -> Iterator[Outcome]:
        """A page: a product, or else a listing whose links are followed where `follow` says so."""
        row = response.meta["row"]
        if response.status == HTTPStatus.NOT_MODIFIED:
            yield Unchanged(row=row)
            return
        if not isinstance(response, TextResponse):
            yield ListingRead(row=row, url=response.url, trail="", label="", links=())
            return
        try:
            page = document.parse(response.text, response.url)
            found = merge.merge(page, self._override)
            # A home page that calls itself a product is none: its links would be lost.
            if found is not None and not (follow and urlsplit(response.url).path in ("", "/")):
                product = found.product(self._wanted.shop.name)
                product = supplement(product, self._store.sitemap_photos(response.url))
                yield ProductRead(row=row, product=product, served=evidence.served(response))
                return
            leads = links.of(page) if follow else links.Links((), ())
            listing = self._listing(row, page, leads)
        except Exception:  # noqa: BLE001 (one page that nobody foresaw must not end the crawl)
            _log.exception("%s cannot be read", response.url)
            yield self._failed(response, reasons.UNREADABLE_PAGE)
            return
        yield listing

    def photo(self, response: Response) -> Iterator[Outcome]:
        """A photo: its bytes as they are."""
        if response.status == HTTPStatus.NOT_MODIFIED:
            yield Unchanged(row=response.meta["row"])
        elif sniff.is_photo(response.body):
            yield PhotoRead(row=response.meta["row"], body=response.body, served=evidence.served(response))
        else:
            yield self._failed(response, reasons.NOT_A_PHOTO)

    def _listing(self, row: int, page: document.Document, leads: links.Links) -> ListingRead:
        allowed = [link for link in leads.followed if self.rules.can_fetch(link.url, self._agent)]
        denied = [traps.Cut(link.url, DENIED) for link in allowed if not self._override.allows(link.url)]
        return ListingRead(
            row=row,
            url=page.url,
            trail=links.trail(page),
            label=links.label(page),
            links=tuple(link for link in allowed if self._override.allows(link.url)),
            cut=(*leads.cut, *denied),
        )

    def _is_wanted(self, url: str) -> bool:
        return urls.same_site(url, self._wanted.url) and self._override.allows(url)

    def _failed(self, response: Response, reason: str) -> Failed:
        return Failed(row=response.meta["row"], reason=reason, tries=tries(response.meta))


def tries(meta: dict[str, Any]) -> int:
    """How often a request was made."""
    return int(meta.get("retry_times", 0)) + 1
