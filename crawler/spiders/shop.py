"""The spider `shop`, which crawls one shop; crawler.strategies finds URLs, crawler.spiders.parse reads responses."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler import exceptions, spider_args
from crawler.discover import urls
from crawler.extensions.limits import Limits
from crawler.items import FEED, PAGE, PHOTO, SITEMAP, CrawlItem, FailedItem
from crawler.middlewares.robotstxt import is_unreachable
from crawler.overrides import Override, load_override
from crawler.spiders.parse import ResponseParser, count_attempts
from crawler.storage.snapshot import Snapshot
from crawler.storage.store import Store
from crawler.strategies import DiscoveryStrategy
from weft.errors import ShopError

GC_THRESHOLD = 20_000
"""Number of new objects, a few megabytes, after which Python's garbage collector runs."""
TICK_SECONDS = 1.0
"""Interval between two checks of the clock and of the parent process."""


class ShopSpider(Spider):
    """Crawl one shop; a crawl that was interrupted resumes.

    Args:
        name: Our name for the shop; product ids begin with it.
        url: The start URL.
        state: The SQLite file of this crawl; by default a file in var/crawl named after the shop and the arguments.
        parent: Id of the process that started this one; the crawl stops when that process ends.
        extra_args: strategy, feed, product_urls, max_products, max_pages, max_photos, max_bytes, max_minutes: see
            `weft.params.Shop`. Products of sitemap pages count first against max_products.
            snapshot: a higher number is a later crawl, which requests only what has changed since the previous one.
            retry_failed: 1 requests only the URLs that failed.
            block_page_threshold: this many similar pages stop the crawl; 0 turns the check off.
            delay, concurrency, connect_to, allow_private_network, contact: see
            `crawler.spider_args.apply_spider_args`.
    """

    name = "shop"
    strategy: DiscoveryStrategy
    parser: ResponseParser

    def __init__(self, name: str, url: str, state: str = "", parent: str = "0", **extra_args: Any) -> None:
        self.spider_args = spider_args.parse_spider_args(name, url, state, extra_args)
        super().__init__(self.spider_args.shop.name)
        self.start_url = self.spider_args.url
        self.store = Store(self.spider_args.state)
        self.store.begin(self.spider_args.shop.name, self.start_url, self.spider_args.snapshot)
        if self.spider_args.retry_failed:
            self.store.retry_failed()
        self.limits = Limits(self.spider_args.shop, self.store)
        self.is_ready = False
        """Whether robots.txt is read and the frontier has its start URLs."""
        self.stop_reason = ""
        self._parent_pid = int(parent)
        self._clock_task: asyncio.Task[None] | None = None
        self._close_task: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Apply the arguments to the settings, then create the spider."""
        if not {"name", "url"} <= kwargs.keys():
            raise ShopError("scrapy crawl shop: expected -a name=<name of the shop> -a url=<start URL>")
        spider_args.apply_spider_args(crawler.settings, kwargs)
        spider = super().from_crawler(crawler, *args, **kwargs)
        override = load_override(urlsplit(spider.start_url).hostname or "") or Override()
        spider.strategy = DiscoveryStrategy(
            spider.spider_args, spider.store, [urls.canonicalize(url) for url in override.start] or [spider.start_url]
        )
        spider.parser = ResponseParser(
            spider.spider_args, spider.store, override, spider.settings["ROBOTSTXT_USER_AGENT"]
        )
        crawler.signals.connect(spider.on_idle, signal=signals.spider_idle)
        crawler.signals.connect(spider.on_response_received, signal=signals.response_received)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Request robots.txt; the scheduler takes all other requests from the frontier."""
        yield Request(
            urljoin(self.start_url, "/robots.txt"),
            callback=self.parse_robots,
            errback=self.handle_robots_error,
            # A missing robots.txt is also an answer.
            meta={"dont_obey_robotstxt": True, "handle_httpstatus_list": range(400, 600)},
        )

    def parse_robots(self, response: Response) -> None:
        """Read the rules of robots.txt and add the start URLs of the first strategy."""
        if is_unreachable(response.status):
            self.stop(
                f"{response.url}: answered HTTP {response.status}, so the shop may not be crawled now; run again later"
            )
            return
        text = response.body.decode("utf-8", errors="replace") if response.status < HTTPStatus.BAD_REQUEST else ""
        self.parser.robots_rules = Protego.parse(text)
        self.store.set_meta(stop_reason="", max_products=str(self.spider_args.shop.max_products))
        sitemap_urls = (urls.absolute_url(response.url, line) for line in self.parser.robots_rules.sitemaps)
        try:
            self.strategy.begin([url for url in sitemap_urls if url])
        except ShopError as error:
            self.stop(str(error))
            return
        # The objects created so far stay; without this, garbage collection takes a tenth of the crawl's time.
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        self.is_ready = True
        self._clock_task = asyncio.ensure_future(self._run_clock())

    def handle_robots_error(self, failure: Failure) -> None:
        """Stop the crawl, because robots.txt cannot be downloaded."""
        url = failure.request.url  # type: ignore[attr-defined]
        hint = spider_args.fix_hint(failure.value) or "run again later"
        self.stop(f"{url}: cannot be downloaded ({exceptions.failure_reason(failure.value)}); {hint}")

    async def _run_clock(self) -> None:
        while not self._parent_pid or os.getppid() == self._parent_pid:
            self.limits.update_clock()
            await asyncio.sleep(TICK_SECONDS)
        self.stop("the process that started this crawl has ended; run again to resume")

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
        self.limits.count_request(FEED)
        return self.parser.parse_feed(response)

    def parse_page(self, response: Response) -> Iterator[CrawlItem]:
        """Parse a page; its links are followed if the strategy says so."""
        return self.parser.parse_page(response, follow_links=self.strategy.follows_links)

    def on_response_received(self, response: Response) -> None:
        """Count the bytes of a response."""
        self.limits.count_bytes(len(response.body))

    def handle_error(self, failure: Failure) -> Iterator[CrawlItem]:
        """Yield the failure of a request after all retries."""
        meta = failure.request.meta  # type: ignore[attr-defined]
        yield FailedItem(
            row=meta["row"], reason=exceptions.failure_reason(failure.value), attempts=count_attempts(meta)
        )

    def commit(self) -> None:
        """Commit the store; stop the crawl if the disk cannot be written."""
        try:
            self.store.commit()
        except ShopError as error:
            self.stop(str(error))

    def has_enough_products(self) -> bool:
        """Return whether the limit on products is reached."""
        return 0 < self.spider_args.shop.max_products <= self.store.product_count

    def start_next_strategy(self) -> bool:
        """Start the next strategy, or else request the previous crawl's products; return whether URLs were added."""
        if self.has_enough_products() or self.limits.limit_reached:
            return False
        return self.strategy.start_next_strategy() or (
            self.strategy.is_exhaustive and self.store.add_unseen_previous_urls()
        )

    def on_idle(self) -> None:
        """Save a failure for every request that Scrapy lost, now that no request is left."""
        for row in sorted(self.store.in_flight):
            self.store.save(FailedItem(row=row, reason=exceptions.REQUEST_LOST, attempts=1))

    def stop(self, reason: str) -> None:
        """Stop the crawl with a reason; it can be resumed."""
        self.logger.error(reason)
        assert self.crawler.engine is not None
        if self._close_task is None:
            self.stop_reason = reason
            self._close_task = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason="stopped"))

    def closed(self, reason: str) -> None:
        """Save how the crawl ended and log a summary."""
        if self._clock_task is not None:
            self._clock_task.cancel()
        try:
            self.limits.save()
            if self.stop_reason:
                self.store.set_meta(stop_reason=self.stop_reason)
            elif reason == "finished":
                self.store.finish()
            self.store.close()
        except ShopError as error:
            self.logger.exception("the end of the crawl cannot be saved")
            self.store.close_with_error(self.stop_reason or str(error))
        self._log_summary()

    def _log_summary(self) -> None:
        try:
            with closing(Snapshot(self.store.path)) as snapshot:
                skipped = snapshot.skipped_urls()
        except ShopError:
            skipped = {}
        for reason, found in skipped.items():
            self.logger.info(
                "%s: skipped, %s: %s pages such as %s", self.name, reason, found["pages"], found["examples"][0]
            )
        if self.limits.limit_reached:
            self.logger.info(
                "%s: the limit %s is reached; some URLs were not requested", self.name, self.limits.limit_reached
            )
        self.logger.info("%s: %s products so far; python -m crawler.export.export %s --out FOLDER exports them",
                         self.name, self.store.product_count, self.store.path)  # fmt: skip
