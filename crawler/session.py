"""The session of one crawl: its arguments, store, limits, strategy and stop reason, which Scrapy's components share."""

import asyncio
import json
import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from typing import Self
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider, DontCloseSpider, NotConfigured
from scrapy.http import Response

from crawler import block_detection, exceptions
from crawler.discover import urls
from crawler.extensions.limits import Limits
from crawler.items import CrawlItem, FailedItem, ListingItem
from crawler.overrides import Override, load_override
from crawler.spider_args import SPIDER_ARGS, SpiderArgs
from crawler.storage.no_products import PAGE_LOOKS
from crawler.storage.skipped_urls import SkippedUrls
from crawler.storage.snapshot import Snapshot
from crawler.storage.state_file import StateError
from crawler.storage.store import Store
from crawler.strategies import DiscoveryStrategy
from weft.contracts.product import Product
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
    _page_looks: Counter[str]

    def __init__(self, crawler: Crawler, args: SpiderArgs) -> None:
        self._crawler = crawler
        self.args = args
        self.is_open = False
        """Whether the state file is open."""
        self.is_ready = False
        """Whether robots.txt is read and the frontier has its start URLs."""
        self.stop_reason = ""
        """Why the crawl stopped before its end, "" if it did not."""
        self.has_fault = False
        """Whether the crawl stopped early, or ended without a product although no limit was reached."""
        self._block_detector = block_detection.BlockPageDetector(args.block_page_threshold)
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
            self._page_looks = Counter(json.loads(self.store.get_meta(PAGE_LOOKS) or "{}"))
            self.is_open = True
            self.store.begin(self.args.shop.name, self.args.url, self.args.snapshot, self.args.shop.max_products)
            if self.args.retry_failed:
                self.store.retry_failed()
        except ShopError as error:
            _log.error(error)
            self.stop_reason = str(error)
            self.has_fault = True
            raise CloseSpider("stopped") from error
        start_urls = [urls.canonicalize(url) for url in self.override.start] or [self.args.url]
        self.strategy = DiscoveryStrategy(self.args, self.store, start_urls)

    def begin(self, sitemaps: Sequence[str]) -> Iterator[CrawlItem]:
        """Add the start URLs of the first strategy; from now on the scheduler takes requests from the frontier.

        Args:
            sitemaps: The sitemaps that robots.txt lists.

        Yields:
            The products that need no request.
        """
        self.store.set_meta(stop_reason="")
        try:
            yield from self.strategy.begin(sitemaps)
        except ShopError as error:
            self.stop(str(error))
            return
        self.is_ready = True
        self._clock_task = asyncio.ensure_future(self._run_clock())

    def has_enough_products(self) -> bool:
        """Return whether the limit on products is reached."""
        limit = self.args.shop.max_products
        return 0 < limit <= self.store.product_count and limit <= self.store.recount_products()

    def start_next_strategy(self) -> bool:
        """Start the next strategy, or else request the previous crawl's products; return whether URLs were added."""
        if self.has_enough_products() or self.limits.limit_reached:
            return False
        return self.strategy.start_next_strategy() or (
            self.strategy.is_exhaustive and self.store.add_unseen_previous_urls()
        )

    def save(self, item: CrawlItem) -> None:
        """Save an item; stop the crawl if the disk cannot be written or the shop serves a block page."""
        signature = block_detection.page_signature(item)
        if isinstance(item, ListingItem) and item.look:
            self._page_looks[item.look] += 1
        try:
            self.store.save(item, signature)
            if signature is None:
                return
            page = block_detection.page_key(item, self.store.get_url(item.row))
            if self._block_detector.is_blocked(signature, page):
                reverted = self.store.revert_pages(signature)
                self.stop(
                    f"{reverted} different pages have the title {block_detection.signature_title(signature)!r}: "
                    f"probably a bot check or a login. They are discarded and the crawl stops. Run again later with a "
                    f"longer delay, or raise crawl.quality_checks.block_page_threshold (0 turns the check off) if the "
                    f"pages are real"
                )
        except StateError as error:
            self.stop(str(error))

    def commit(self) -> None:
        """Commit the store; stop the crawl if the disk cannot be written."""
        try:
            self.store.commit()
        except ShopError as error:
            self.stop(str(error))

    def stop(self, reason: str) -> None:
        """Stop the crawl with a reason; it can be resumed."""
        _log.error(reason)
        self.stop_reason = self.stop_reason or reason
        if self._close_task is None:
            self._close_task = asyncio.ensure_future(self._crawler.engine.close_spider_async(reason="stopped"))

    def on_response_received(self, response: Response) -> None:
        """Count the bytes of a response."""
        self.limits.count_bytes(len(response.body))

    def known_products(self) -> Iterator[Product]:
        """Iterate over the products that earlier runs of this crawl found."""
        return iter(()) if self._is_limited else self._read_products()

    def new_products(self) -> Iterator[Product]:
        """Iterate over the products that were found since the last call.

        A crawl with a limit on products has none until its end, because only then the first ones are known.
        """
        return iter(()) if self._is_limited else self.store.take_new_products()

    @property
    def _is_limited(self) -> bool:
        return self.args.shop.max_products > 0

    def on_idle(self) -> None:
        """Save a failure for every request that Scrapy lost, and pass on the last products, now that none is left.

        Raises:
            DontCloseSpider: Some products were not passed on yet.
        """
        for row in sorted(self.store.in_flight):
            self.save(FailedItem(row=row, reason=exceptions.REQUEST_LOST, attempts=1))
        if self._close_task is None and (self._is_limited or self.store.new_product_ids):
            self._close_task = asyncio.ensure_future(self._pass_on_last_products())
        if self._close_task is not None:
            raise DontCloseSpider

    async def _pass_on_last_products(self) -> None:
        """Pass on the products of a limited crawl, or those that were found without a response, and end the crawl."""
        self.commit()
        try:
            for product in self._read_products() if self._is_limited else self.store.take_new_products():
                await self._crawler.engine.scraper.start_itemproc_async(product, response=None)
        except ShopError as error:
            self.stop(str(error))
        await self._crawler.engine.close_spider_async(reason="finished")

    def _read_products(self) -> Iterator[Product]:
        with closing(Snapshot(self.store.path)) as snapshot:
            yield from snapshot.products()

    def close(self, reason: str) -> None:
        """Save how the crawl ended, close the state file, and log a summary."""
        if self._clock_task is not None:
            self._clock_task.cancel()
        if not self.is_open:
            return
        self.is_open = False
        found_nothing = reason == "finished" and not self.store.product_count and not self.limits.limit_reached
        # Scrapy reports an exception of the spider's method start as the reason "start_error".
        self.has_fault = bool(self.stop_reason) or found_nothing or reason == "start_error"
        try:
            self._save_end(reason)
            self._record_stats()
            self.store.close()
        except ShopError as error:
            _log.exception("the end of the crawl cannot be saved")
            self.store.close_with_error(self.stop_reason or str(error))
        self._log_summary()

    def _save_end(self, reason: str) -> None:
        self.limits.save()
        self.store.set_meta(**{PAGE_LOOKS: json.dumps(self._page_looks)})
        if self.stop_reason:
            self.store.set_meta(stop_reason=self.stop_reason)
        elif reason == "finished":
            self.store.finish()

    def _record_stats(self) -> None:
        """Add the totals of all runs of this crawl to the statistics that Scrapy logs at the end."""
        stats = self._crawler.stats
        stats.set_value("product_count", self.store.product_count)
        stats.set_value("photo_count", self.store.count_photos())
        for reason, count in self.store.count_failures().items():
            stats.set_value(f"failure_count/{reason}", count)

    async def _run_clock(self) -> None:
        parent_pid = self.args.parent_pid
        while not parent_pid or os.getppid() == parent_pid:
            self.limits.update_clock()
            await asyncio.sleep(TICK_SECONDS)
        self.stop("the process that started this crawl has ended; run again to resume")

    def _log_summary(self) -> None:
        shop = self.args.shop.name
        skipped: dict[str, SkippedUrls] = {}
        explanation = ""
        # The file is unreadable if the disk failed, which is logged already.
        with suppress(ShopError), closing(Snapshot(self.store.path)) as snapshot:
            skipped = snapshot.skipped_urls()
            explanation = snapshot.explain_no_products() if not self.store.product_count else ""
        for reason, found in skipped.items():
            _log.info("%s: skipped, %s: %s pages such as %s", shop, reason, found["pages"], found["examples"][0])
        if self.limits.limit_reached:
            _log.info("%s: the limit %s is reached; some URLs were not requested", shop, self.limits.limit_reached)
        if explanation and not self.stop_reason:
            _log.error("%s: no product found; the crawl %s", shop, explanation)
            return
        _log.info(
            "%s: %s products so far; python -m crawler.export.export %s --out FOLDER exports them",
            shop,
            self.store.product_count,
            self.store.path,
        )


def find_session(crawler: Crawler) -> CrawlSession | None:
    """Return the session of a crawler, None if it crawls no shop."""
    return crawler.get_extension(CrawlSession)
