"""The spider `shop`, which crawls one shop; crawler.strategies finds URLs, crawler.spiders.parse reads responses."""

import gc
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import Settings
from twisted.python.failure import Failure

from crawler import exceptions, spider_args
from crawler.discover import urls
from crawler.items import FEED, PAGE, PHOTO, SITEMAP, CrawlItem, FailedItem
from crawler.middlewares.robotstxt import is_unreachable
from crawler.session import CrawlSession, find_session
from crawler.spider_args import SPIDER_ARGS, SpiderArgs
from crawler.spiders.parse import ResponseParser, count_attempts, parse_unknown
from weft.contracts.product import Product
from weft.errors import ShopError

GC_THRESHOLD = 20_000
"""Number of new objects, a few megabytes, after which Python's garbage collector runs."""


class ShopSpider(Spider):
    """Crawl one shop.

    Arguments (`scrapy crawl shop -a NAME=VALUE`):
        name: Our name for the shop; product ids begin with it.
        url: The start URL.
        state: The SQLite file of this crawl; by default a file in var/crawl named after the shop and the arguments.
        parent: Id of the process that started this one; the crawl stops when that process ends.
        strategy, feed, product_urls, max_products, max_pages, max_photos, max_bytes, max_minutes: see
            `weft.params.Shop`. Products of sitemap pages count first against max_products.
        snapshot: A higher number is a later crawl, which requests only what has changed since the previous one.
        retry_failed: 1 requests only the URLs that failed.
        block_page_threshold: This many similar pages stop the crawl; 0 turns the check off.
        delay, concurrency, connect_to, allow_private_network, contact: see `crawler.spider_args.apply_spider_args`.

    Without arguments, as in `scrapy shell` and `scrapy parse`, nothing is saved, and only `parse` is of use.
    """

    name = "shop"
    custom_settings = {  # noqa: RUF012 (Scrapy reads it from the class)
        "SPIDER_MIDDLEWARES": {
            "crawler.middlewares.store.StoreMiddleware": 50,
            "crawler.middlewares.opt_out.PageOptOutMiddleware": 100,
            # Not needed: a crawl yields no requests from responses.
            "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
            "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
            "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
            "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
            "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
        },
        # Scrapy creates this many tasks for every response; our responses usually have one item.
        "CONCURRENT_ITEMS": 1,
        # It would parse the source of every callback at run time.
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
    }
    session: CrawlSession
    parser: ResponseParser

    def __init__(self, args: SpiderArgs | None) -> None:
        super().__init__(args.shop.name if args else type(self).name)
        self.args = args

    @classmethod
    def from_crawler(cls, crawler: Crawler, *_: Any, **kwargs: Any) -> Self:
        """Create the spider; its arguments become settings, from which Scrapy's components and the session read them.

        Raises:
            ShopError: An argument is missing, unknown or invalid.
        """
        args = None
        if kwargs:
            args = spider_args.configure(crawler.settings, kwargs)
            crawler.settings.set(SPIDER_ARGS, args, priority="spider")
        return super().from_crawler(crawler, args)

    @classmethod
    def check_arguments(cls, kwargs: dict[str, Any]) -> None:
        """Check the arguments of a crawl before Scrapy starts it.

        Raises:
            ShopError: An argument is missing, unknown or invalid.
        """
        spider_args.configure(Settings(), kwargs)

    @classmethod
    def handles_request(cls, request: Request) -> bool:
        """Return whether this spider can read the response, which may be of any shop."""
        return urlsplit(request.url).scheme in ("http", "https")

    async def start(self) -> AsyncIterator[Request | Product]:
        """Yield the products that earlier runs of this crawl found, and the request for robots.txt.

        The scheduler takes all other requests from the frontier.

        Raises:
            ShopError: The spider has no arguments.
        """
        session = find_session(self.crawler)
        if session is None:
            raise ShopError(spider_args.MISSING_ARGUMENTS)
        self.session = session
        self.parser = ResponseParser(
            session.args, session.store.get_sitemap_photos, session.override, self.settings["ROBOTSTXT_USER_AGENT"]
        )
        yield Request(
            urljoin(session.args.url, "/robots.txt"),
            callback=self.parse_robots,
            errback=self.handle_robots_error,
            # A missing robots.txt is also an answer.
            meta={"dont_obey_robotstxt": True, "handle_httpstatus_list": range(400, 600)},
        )
        for product in session.known_products():
            yield product

    def parse(self, response: Response, **_: Any) -> Iterator[Product | Request]:
        """Yield the products of a page or feed, and requests for the pages that a listing or a sitemap links to.

        This is for `scrapy parse` and `scrapy shell`; a crawl saves more than that, see `make_request`.
        """
        shop = self.args.shop.name if self.args else ""
        for found in parse_unknown(response, shop, self.settings["ROBOTSTXT_USER_AGENT"]):
            yield Request(found, callback=self.parse) if isinstance(found, str) else found

    def parse_robots(self, response: Response) -> Iterator[CrawlItem]:
        """Read the rules of robots.txt and add the start URLs of the first strategy."""
        if is_unreachable(response.status):
            self.session.stop(
                f"{response.url}: answered HTTP {response.status}, so the shop may not be crawled now; run again later"
            )
            return
        text = response.body.decode("utf-8", errors="replace") if response.status < HTTPStatus.BAD_REQUEST else ""
        self.parser.robots_rules = Protego.parse(text)
        sitemap_urls = (urls.absolute_url(response.url, line) for line in self.parser.robots_rules.sitemaps)
        yield from self.session.begin([url for url in sitemap_urls if url])
        # The objects created so far stay; without this, garbage collection takes a tenth of the crawl's time.
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)

    def handle_robots_error(self, failure: Failure) -> None:
        """Stop the crawl, because robots.txt cannot be downloaded."""
        url = failure.request.url  # type: ignore[attr-defined]
        advice = getattr(failure.value, "advice", "") or "run again later"
        self.session.stop(f"{url}: cannot be downloaded ({exceptions.failure_reason(failure.value)}); {advice}")

    def make_request(self, kind: str, row: int, url: str) -> Request:
        """Return the request for one row of the frontier."""
        callbacks = {
            FEED: self.parse_feed,
            SITEMAP: self.parser.parse_sitemap,
            PAGE: self.parse_page,
            PHOTO: self.parser.parse_photo,
        }
        return Request(
            url, callback=callbacks[kind], errback=self.handle_error, meta={"kind": kind, "row": row}, dont_filter=True
        )

    def parse_feed(self, response: Response) -> Iterator[CrawlItem]:
        """Parse a feed; it counts as a page only now, because a feed that does not exist is not a page."""
        self.session.limits.count_request(FEED)
        return self.parser.parse_feed(response)

    def parse_page(self, response: Response) -> Iterator[CrawlItem]:
        """Parse a page; its links are followed if the strategy says so."""
        return self.parser.parse_page(response, follow_links=self.session.strategy.follows_links)

    def handle_error(self, failure: Failure) -> None:
        """Save the failure of a request after all retries."""
        meta = failure.request.meta  # type: ignore[attr-defined]
        reason = exceptions.failure_reason(failure.value)
        self.session.save(FailedItem(row=meta["row"], reason=reason, attempts=count_attempts(meta)))
