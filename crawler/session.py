"""The session of one crawl: its arguments, store, limits, strategy and stop reason, which Scrapy's components share."""

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import closing
from typing import Self
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider, NotConfigured
from scrapy.http import Response

from crawler import exceptions
from crawler.discover import urls
from crawler.extensions.limits import Limits
from crawler.items import FailedItem
from crawler.overrides import Override, load_override
from crawler.spider_args import SPIDER_ARGS, SpiderArgs
from crawler.storage.snapshot import Snapshot
from crawler.storage.store import Store
from crawler.strategies import DiscoveryStrategy
from weft.errors import ShopError

TICK_SECONDS = 1.0
"""Interval between two checks of the clock and of the parent process."""

_log = logging.getLogger(__name__)


class CrawlSession:
    """The crawl of one shop, from the opening of the spider to its end.

    The session is an extension of Scrapy, so every component finds it with `find_session`. Spiders that crawl no shop
    into a state file have no session.

    Args:
        crawler: Scrapy's crawler.
        args: The arguments of the crawl.
    """

    store: Store
    limits: Limits
    strategy: DiscoveryStrategy
    override: Override

    def __init__(self, crawler: Crawler, args: SpiderArgs) -> None:
        self._crawler = crawler
        self.args = args
        self.is_open = False
        """Whether the state file is open."""
        self.is_ready = False
        """Whether robots.txt is read and the frontier has its start URLs."""
        self.stop_reason = ""
        """Why the crawl stopped before its end, "" if it did not."""
        self._clock_task: asyncio.Task[None] | None = None
        self._close_task: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the session from the setting SPIDER_ARGS; Scrapy calls this.

        Raises:
            NotConfigured: This crawler crawls no shop.
        """
        args = crawler.settings.get(SPIDER_ARGS)
        if args is None:
            raise NotConfigured
        session = cls(crawler, args)
        crawler.signals.connect(session.open, signal=signals.spider_opened)
        crawler.signals.connect(session.on_response_received, signal=signals.response_received)
        crawler.signals.connect(session.on_idle, signal=signals.spider_idle)
        crawler.signals.connect(session.close, signal=signals.spider_closed)
        return session

    def open(self) -> None:
        """Open the state file.

        Raises:
            CloseSpider: It cannot be opened, or the override of the shop cannot be read.
        """
        try:
            self.override = load_override(urlsplit(self.args.url).hostname or "") or Override()
            self.store = Store(self.args.state)
            self.limits = Limits(self.args.shop, self.store)
            self.is_open = True
            self.store.begin(self.args.shop.name, self.args.url, self.args.snapshot)
            if self.args.retry_failed:
                self.store.retry_failed()
        except ShopError as error:
            _log.error(error)
            self.stop_reason = str(error)
            raise CloseSpider("stopped") from error
        start_urls = [urls.canonicalize(url) for url in self.override.start] or [self.args.url]
        self.strategy = DiscoveryStrategy(self.args, self.store, start_urls)

    def begin(self, sitemaps: Sequence[str]) -> None:
        """Add the start URLs of the first strategy; from now on the scheduler takes requests from the frontier.

        Args:
            sitemaps: The sitemaps that robots.txt lists.
        """
        self.store.set_meta(stop_reason="", max_products=str(self.args.shop.max_products))
        try:
            self.strategy.begin(sitemaps)
        except ShopError as error:
            self.stop(str(error))
            return
        self.is_ready = True
        self._clock_task = asyncio.ensure_future(self._run_clock())

    def has_enough_products(self) -> bool:
        """Return whether the limit on products is reached."""
        return 0 < self.args.shop.max_products <= self.store.product_count

    def start_next_strategy(self) -> bool:
        """Start the next strategy, or else request the previous crawl's products; return whether URLs were added."""
        if self.has_enough_products() or self.limits.limit_reached:
            return False
        return self.strategy.start_next_strategy() or (
            self.strategy.is_exhaustive and self.store.add_unseen_previous_urls()
        )

    def commit(self) -> None:
        """Commit the store; stop the crawl if the disk cannot be written."""
        try:
            self.store.commit()
        except ShopError as error:
            self.stop(str(error))

    def stop(self, reason: str) -> None:
        """Stop the crawl with a reason; it can be resumed."""
        _log.error(reason)
        if self._close_task is None:
            self.stop_reason = reason
            self._close_task = asyncio.ensure_future(self._crawler.engine.close_spider_async(reason="stopped"))

    def on_response_received(self, response: Response) -> None:
        """Count the bytes of a response."""
        self.limits.count_bytes(len(response.body))

    def on_idle(self) -> None:
        """Save a failure for every request that Scrapy lost, now that no request is left."""
        for row in sorted(self.store.in_flight):
            self.store.save(FailedItem(row=row, reason=exceptions.REQUEST_LOST, attempts=1))

    def close(self, reason: str) -> None:
        """Save how the crawl ended, close the state file, and log a summary."""
        if self._clock_task is not None:
            self._clock_task.cancel()
        if not self.is_open:
            return
        self.is_open = False
        try:
            self._save_end(reason)
            self.store.close()
        except ShopError as error:
            _log.exception("the end of the crawl cannot be saved")
            self.store.close_with_error(self.stop_reason or str(error))
        self._log_summary()

    def _save_end(self, reason: str) -> None:
        self.limits.save()
        if self.stop_reason:
            self.store.set_meta(stop_reason=self.stop_reason)
        elif reason == "finished":
            self.store.finish()

    async def _run_clock(self) -> None:
        parent_pid = self.args.parent_pid
        while not parent_pid or os.getppid() == parent_pid:
            self.limits.update_clock()
            await asyncio.sleep(TICK_SECONDS)
        self.stop("the process that started this crawl has ended; run again to resume")

    def _log_summary(self) -> None:
        shop = self.args.shop.name
        try:
            with closing(Snapshot(self.store.path)) as snapshot:
                skipped = snapshot.skipped_urls()
        except ShopError:
            skipped = {}
        for reason, found in skipped.items():
            _log.info("%s: skipped, %s: %s pages such as %s", shop, reason, found["pages"], found["examples"][0])
        if self.limits.limit_reached:
            _log.info("%s: the limit %s is reached; some URLs were not requested", shop, self.limits.limit_reached)
        _log.info(
            "%s: %s products so far; python -m crawler.export.export %s --out FOLDER exports them",
            shop,
            self.store.product_count,
            self.store.path,
        )


def find_session(crawler: Crawler) -> CrawlSession | None:
    """Return the session of a crawler, None if it crawls no shop."""
    return crawler.get_extension(CrawlSession)


def get_session(crawler: Crawler) -> CrawlSession:
    """Return the session of a crawler that crawls a shop."""
    session = find_session(crawler)
    assert session is not None
    return session
