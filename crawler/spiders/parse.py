"""Parsing of responses into items; no response can end the crawl."""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus
from itertools import chain, islice
from typing import Any
from urllib.parse import urlsplit

from protego import Protego
from scrapy.http import HtmlResponse, Response, TextResponse

from crawler import exceptions, items
from crawler.discover import crawl_traps, links, sitemaps, urls
from crawler.discover.sitemaps import add_sitemap_images
from crawler.extract import combine, relations
from crawler.feeds import reader
from crawler.items import (
    CrawlItem,
    FailedItem,
    FeedPartItem,
    ListingItem,
    PhotoItem,
    ProductItem,
    SitemapItem,
    UnchangedItem,
)
from crawler.overrides import Override, load_override
from crawler.page import document, images
from crawler.page_looks import describe_page
from crawler.spider_args import SpiderArgs, parse_spider_args
from crawler.values import value_parsing
from weft.contracts.product import Product
from weft.errors import ShopError

_NOT_NAME = re.compile(r"[^a-z0-9]+")
PAGES_PER_ITEM = 1_000
"""Number of sitemap pages that are saved at once."""
DENIED_BY_OVERRIDE = "denied by shops/<host>.yaml"

_log = logging.getLogger(__name__)


class ResponseParser:
    """Parse the responses of one shop.

    Args:
        spider_args: The arguments of the crawl.
        get_sitemap_photos: Function that returns the photos that sitemaps list for a page.
        override: The settings in shops/<host>.yaml.
        user_agent: The name that robots.txt rules apply to.
    """

    def __init__(
        self,
        spider_args: SpiderArgs,
        get_sitemap_photos: Callable[[str], Sequence[str]],
        override: Override,
        user_agent: str,
    ) -> None:
        self._spider_args, self._get_sitemap_photos = spider_args, get_sitemap_photos
        self._override, self._user_agent = override, user_agent
        self.robots_rules = Protego.parse("")
        """The rules of the shop's robots.txt."""

    def parse_feed(self, response: Response) -> Iterator[CrawlItem]:
        """Parse a feed, or a page of a platform's product list."""
        row, shop = response.meta["row"], self._spider_args.shop
        total_pages_header = (response.headers.get(b"X-WP-TotalPages") or b"").decode("latin-1")
        total_pages = int(total_pages_header) if total_pages_header.isdigit() else 0
        try:
            yield from reader.read_feed(
                response.body, response.url, shop.name, row, shop.max_products, total_pages=total_pages
            )
        except ShopError as error:
            _log.info("%s is not a feed: %s", response.url, error)
            yield self._make_failed_item(response, exceptions.NOT_A_FEED)

    def parse_sitemap(self, response: Response) -> Iterator[CrawlItem]:
        """Parse a sitemap, in parts."""
        row = response.meta["row"]
        try:
            parsed = sitemaps.parse_sitemap(response.body, response.url)
        except ValueError:
            yield self._make_failed_item(response, exceptions.NOT_A_SITEMAP)
            return
        pages = (page for page in parsed.pages if self._is_crawlable(page.url))
        while part := list(islice(pages, PAGES_PER_ITEM)):
            yield SitemapItem(
                row=row,
                is_final=False,
                sitemaps=(),
                pages=tuple(page.url for page in part),
                lastmod={page.url: page.lastmod for page in part if page.lastmod},
                photos={page.url: page.photos for page in part if page.photos},
                translations={page.url: page.translations for page in part if page.translations},
            )
        yield SitemapItem(row=row, sitemaps=parsed.sitemaps, pages=())

    def parse_page(self, response: Response, *, follow_links: bool) -> Iterator[CrawlItem]:
        """Parse a page: a product, or else a listing, whose links are extracted if `follow_links` is set."""
        row = response.meta["row"]
        if response.status == HTTPStatus.NOT_MODIFIED:
            yield UnchangedItem(row=row)
            return
        if not isinstance(response, TextResponse):
            yield ListingItem(row=row, url=response.url, breadcrumb="", page_title="", links=())
            return
        try:
            page = document.parse_html(response.text, response.url, _params_of_request(response))
            extracted = combine.extract_product(page, self._override)
            # A home page marked up as a product is treated as a listing, so that its links are followed.
            if extracted is not None and not (follow_links and urlsplit(response.url).path in ("", "/")):
                product = extracted.to_product(self._spider_args.shop.name)
                product = add_sitemap_images(product, self._get_sitemap_photos(response.url))
                yield self._make_product_item(response, page, product, follow_links=follow_links)
                return
            page_links = links.extract_links(page) if follow_links else links.PageLinks((), ())
            listing = self._make_listing_item(row, page, page_links)
        except Exception:  # noqa: BLE001 (one unexpected page must not end the crawl)
            _log.exception("%s cannot be read", response.url)
            yield self._make_failed_item(response, exceptions.UNREADABLE_PAGE)
            return
        yield listing

    def parse_photo(self, response: Response) -> Iterator[CrawlItem]:
        """Yield the bytes of a photo."""
        if response.status == HTTPStatus.NOT_MODIFIED:
            yield UnchangedItem(row=response.meta["row"])
        elif images.is_image(response.body):
            body = images.strip_junk(response.body)
            yield PhotoItem(row=response.meta["row"], body=body, response_info=items.response_info(response))
        else:
            yield self._make_failed_item(response, exceptions.NOT_A_PHOTO)

    def _make_product_item(
        self, response: Response, page: document.Document, product: Product, *, follow_links: bool
    ) -> ProductItem:
        related = relations.find_relations(page)
        variants = tuple(url for url in related.pages_of_variants if self._may_request(url)) if follow_links else ()
        language = related.find_language(page.url) or related.find_language(page.canonical_url)
        return ProductItem(
            row=response.meta["row"],
            product=replace(product, language=language or product.language),
            relations=related,
            variants=variants,
            response_info=items.response_info(response),
        )

    def _may_request(self, url: str) -> bool:
        return self.robots_rules.can_fetch(url, self._user_agent) and self._override.allows(url)

    def _make_listing_item(self, row: int, page: document.Document, page_links: links.PageLinks) -> ListingItem:
        allowed = [link for link in page_links.followed if self.robots_rules.can_fetch(link.url, self._user_agent)]
        denied = [
            crawl_traps.SkippedUrl(link.url, DENIED_BY_OVERRIDE)
            for link in allowed
            if not self._override.allows(link.url)
        ]
        return ListingItem(
            row=row,
            url=page.url,
            breadcrumb=links.breadcrumb(page),
            page_title=links.page_title(page),
            language=value_parsing.parse_language(page.tree.get("lang") or ""),
            links=tuple(link for link in allowed if self._override.allows(link.url)),
            skipped=(*page_links.skipped, *denied),
            look=describe_page(page),
        )

    def _is_crawlable(self, url: str) -> bool:
        return urls.is_same_site(url, self._spider_args.url) and self._override.allows(url)

    def _make_failed_item(self, response: Response, reason: str) -> FailedItem:
        return FailedItem(row=response.meta["row"], reason=reason, attempts=count_attempts(response.meta))


def _params_of_request(response: Response) -> frozenset[str]:
    """Return the query parameters of the URL in the frontier: the canonical form keeps only those that matter."""
    requested = next(iter(response.meta.get("redirect_urls", ())), response.request.url if response.request else "")
    return urls.query_params(requested)


def shop_name(url: str) -> str:
    """Return a name for the shop at `url` that can begin product ids: that of its host."""
    return _NOT_NAME.sub("-", (urlsplit(url).hostname or "").lower()).strip("-") or "shop"


def parse_unknown(response: Response, shop: str, user_agent: str) -> Iterator[Product | str]:
    """Yield the products and the links of a response of which only the content says whether it is a page or a feed.

    Args:
        response: A page, a feed, a sitemap, or anything else, which yields nothing.
        shop: Our name for the shop; "" for the name of its host.
        user_agent: The name that robots.txt rules apply to.

    Yields:
        Products, and the URLs to which a listing or a sitemap links.
    """
    host = urlsplit(response.url).hostname or ""
    args = parse_spider_args(shop or shop_name(response.url), urls.canonicalize(response.url), "", {})
    parser = ResponseParser(args, lambda _: (), load_override(host) or Override(), user_agent)
    response.meta["row"] = 0
    if isinstance(response, HtmlResponse):
        items: Iterator[CrawlItem] = parser.parse_page(response, follow_links=True)
    else:
        items = chain(parser.parse_feed(response), parser.parse_sitemap(response))
    for item in items:
        match item:
            case ProductItem():
                yield item.product
            case FeedPartItem():
                yield from (entry.product for entry in item.products)
            case ListingItem():
                yield from (link.url for link in item.links)
            case SitemapItem():
                yield from (*item.sitemaps, *item.pages)


def count_attempts(meta: dict[str, Any]) -> int:
    """Return how often a request was made."""
    return int(meta.get("retry_times", 0)) + 1
