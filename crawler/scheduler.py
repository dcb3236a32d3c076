"""Scrapy scheduler that reads requests from the frontier on disk in batches, so memory does not grow with the shop."""

from collections import deque
from typing import Protocol, cast

from scrapy import Request, Spider
from scrapy.core.scheduler import BaseScheduler, Scheduler
from scrapy.crawler import Crawler
from scrapy.utils.asyncio import CallLaterResult, call_later

from crawler.items import FEED, PAGE, PHOTO, SITEMAP
from crawler.session import CrawlSession, find_session

FRONTIER_BATCH_SIZE = 200
"""Number of rows that are read from the frontier at once."""
WAIT_META_KEY = "wait_seconds"
"""Request.meta key: the seconds for which the scheduler delays the request."""


class RequestMaker(Protocol):
    """The spider, as far as the scheduler knows it."""

    def make_request(self, kind: str, row: int, url: str) -> Request:
        """Return the request for one row of the frontier."""


class FrontierScheduler(BaseScheduler):
    """Return requests in this order: redirects and retries, feeds, sitemaps, photos, pages.

    Pages wait until every sitemap is read, and pages found by links wait until the pages of sitemaps are read. The
    order of pages, and with it the choice of a limit on products, then depends on the shop alone.
    """

    _spider: RequestMaker

    def __init__(self, crawler: Crawler, session: CrawlSession) -> None:
        self._crawler, self._session = crawler, session
        self._requeued: deque[Request] = deque()
        self._delayed: dict[Request, CallLaterResult] = {}
        self._buffers: dict[str, deque[tuple[int, str]]] = {kind: deque() for kind in (FEED, SITEMAP, PHOTO, PAGE)}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> BaseScheduler:  # type: ignore[override]
        """Create the scheduler, or Scrapy's own one if the crawler has no session; Scrapy calls this."""
        session = find_session(crawler)
        return Scheduler.from_crawler(crawler) if session is None else cls(crawler, session)

    def open(self, spider: Spider) -> None:
        """Keep the spider, which makes the requests."""
        self._spider = cast(RequestMaker, spider)

    def close(self, reason: str) -> None:  # noqa: ARG002
        """Cancel the delayed requests; their URLs stay in the frontier."""
        for timer in self._delayed.values():
            timer.cancel()
        self._delayed.clear()

    def has_pending_requests(self) -> bool:
        """Return whether any request is left."""
        return bool(self._requeued or self._delayed) or (self._session.is_ready and self._has_frontier_requests())

    def enqueue_request(self, request: Request) -> bool:
        """Take a redirect or a retry, at once or after its delay."""
        wait = request.meta.pop(WAIT_META_KEY, 0.0)
        if wait:
            self._delayed[request] = call_later(wait, self._release, request)
        else:
            self._requeued.append(request)
        return True

    def next_request(self) -> Request | None:
        """Return the next request, or None if there is none at the moment."""
        if self._requeued:
            return self._requeued.popleft()
        if not self._session.is_ready:
            return None
        if request := self._next_frontier_request():
            return request
        # The strategy has no URL left, not even in flight: start the next one.
        if not self._reserved_rows() and self._session.start_next_strategy():
            return self._next_frontier_request()
        self._session.commit()
        return None

    def _next_frontier_request(self) -> Request | None:
        for kind, buffer in self._buffers.items():
            while self._can_request(kind) and self._fill_buffer(kind):
                row, url = buffer.popleft()
                if kind == PAGE and self._session.store.is_over_budget(row):
                    continue
                if kind != FEED:
                    self._session.limits.count_request(kind)
                self._session.store.in_flight.add(row)
                return self._spider.make_request(kind, row, url)
        return None

    def _release(self, request: Request) -> None:
        del self._delayed[request]
        self._crawler.engine.crawl(request)

    def _has_frontier_requests(self) -> bool:
        return any(
            self._can_request(kind) and (buffer or self._session.store.select_todo(kind, 1, self._reserved_rows()))
            for kind, buffer in self._buffers.items()
        )

    def _can_request(self, kind: str) -> bool:
        if kind in (FEED, PAGE) and self._session.has_enough_products():
            return False
        return (kind != PAGE or not self._session.store.has_todo(SITEMAP)) and self._session.limits.has_room(kind)

    def _fill_buffer(self, kind: str) -> bool:
        buffer = self._buffers[kind]
        store = self._session.store
        while not buffer and (rows := store.select_todo(kind, FRONTIER_BATCH_SIZE, self._reserved_rows())):
            buffer.extend((row, url) for row, url in rows if kind != PAGE or not store.skip_if_unchanged(row, url))
        return bool(buffer)

    def _reserved_rows(self) -> set[int]:
        """Return the rows that are in flight or in a buffer."""
        buffered = {row for buffer in self._buffers.values() for row, _ in buffer}
        return self._session.store.in_flight | buffered
