"""Scheduler: feeds Scrapy from the frontier on disk, a slice at a time, so that memory does not grow with the shop."""

from collections import deque
from typing import TYPE_CHECKING, Self

from scrapy.core.scheduler import BaseScheduler
from scrapy.utils.asyncio import CallLaterResult, call_later

from crawler.items import FEED, PAGE, PHOTO, SITEMAP

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler

    from crawler.spiders.shop import ShopSpider

FRONTIER_BATCH_SIZE = 200
"""Rows read from the frontier at once."""
WAIT_META_KEY = "wait_seconds"
"""Request.meta key: the scheduler holds the request back for this long."""


class FrontierScheduler(BaseScheduler):
    """Feeds first, then sitemaps, photos, pages; what Scrapy itself sends back (redirects, retries) before all.

    Pages wait until every sitemap is read, and pages that links led to until those of the sitemaps are: the order of
    pages, and so what a limit on products leaves out, then depends on nothing but the shop.
    """

    spider: "ShopSpider"

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler
        self._requeued: deque[Request] = deque()
        self._delayed: dict[Request, CallLaterResult] = {}
        self._buffers: dict[str, deque[tuple[int, str]]] = {kind: deque() for kind in (FEED, SITEMAP, PHOTO, PAGE)}
        self._in_flight: set[int] = set()

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> Self:
        """Scrapy's way to make one."""
        return cls(crawler)

    def open(self, spider: "Spider") -> None:
        """Learn the spider, which owns the store and turns rows into requests."""
        self.spider = spider  # type: ignore[assignment]

    def close(self, reason: str) -> None:  # noqa: ARG002
        """Let go of what is held back; it stands in the frontier still."""
        for timer in self._delayed.values():
            timer.cancel()
        self._delayed.clear()

    def mark_done(self, row: int) -> None:
        """`row` has its outcome."""
        self._in_flight.discard(row)

    def missing_responses(self) -> set[int]:
        """Rows that were handed out and, with nothing under way any more, never had an outcome."""
        return self._in_flight - {row for buffer in self._buffers.values() for row, _ in buffer}

    def has_pending_requests(self) -> bool:
        """Whether anything is left to hand out."""
        return bool(self._requeued or self._delayed) or (self.spider.is_ready and self._has_frontier_requests())

    def enqueue_request(self, request: "Request") -> bool:
        """Take back a redirect or a retry, at once or after its wait."""
        wait = request.meta.pop(WAIT_META_KEY, 0.0)
        if wait:
            self._delayed[request] = call_later(wait, self._release, request)
        else:
            self._requeued.append(request)
        return True

    def next_request(self) -> "Request | None":
        """The next request, or None for now."""
        if self._requeued:
            return self._requeued.popleft()
        if not self.spider.is_ready:
            return None
        if request := self._next_frontier_request():
            return request
        # Nothing of this way is left, not even under way: there may be another.
        if not self._in_flight and self.spider.start_next_strategy():
            return self._next_frontier_request()
        self.spider.commit()
        return None

    def _next_frontier_request(self) -> "Request | None":
        for kind, buffer in self._buffers.items():
            while self._can_request(kind) and self._fill_buffer(kind):
                row, url = buffer.popleft()
                if kind == PAGE and self.spider.store.is_over_budget(row):
                    self._in_flight.discard(row)
                    continue
                if kind != FEED:
                    self.spider.limits.count_request(kind)
                return self.spider.make_request(kind, row, url)
        return None

    def _release(self, request: "Request") -> None:
        del self._delayed[request]
        assert self._crawler.engine is not None
        self._crawler.engine.crawl(request)

    def _has_frontier_requests(self) -> bool:
        return any(self._can_request(kind) and self._fill_buffer(kind) for kind in self._buffers)

    def _can_request(self, kind: str) -> bool:
        if kind in (FEED, PAGE) and self.spider.has_enough_products():
            return False
        return (kind != PAGE or not self.spider.store.has_todo(SITEMAP)) and self.spider.limits.has_room(kind)

    def _fill_buffer(self, kind: str) -> bool:
        buffer = self._buffers[kind]
        store = self.spider.store
        while not buffer and (rows := store.select_todo(kind, FRONTIER_BATCH_SIZE, self._in_flight)):
            buffer.extend((row, url) for row, url in rows if kind != PAGE or not store.skip_if_unchanged(row, url))
            self._in_flight.update(row for row, _ in buffer)
        return bool(buffer)
