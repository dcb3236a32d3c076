"""Scheduler: feeds Scrapy from the frontier on disk, a slice at a time, so that memory does not grow with the shop."""

from collections import deque
from typing import TYPE_CHECKING, Self

from scrapy.core.scheduler import BaseScheduler
from scrapy.utils.asyncio import CallLaterResult, call_later

from crawler.outcomes import FEED, PAGE, PHOTO, SITEMAP

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler

    from crawler.spiders.shop import ShopSpider

SLICE = 200
"""Rows read from the frontier at once."""
WAIT = "wait_seconds"
"""Request.meta key: the scheduler holds the request back for this long."""


class FrontierScheduler(BaseScheduler):
    """Feeds first, then sitemaps, photos, pages; what Scrapy itself sends back (redirects, retries) before all.

    Pages wait until every sitemap is read, and pages that links led to until those of the sitemaps are: the order of
    pages, and so what a limit on products leaves out, then depends on nothing but the shop.
    """

    spider: "ShopSpider"

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler
        self._returned: deque[Request] = deque()
        self._held: dict[Request, CallLaterResult] = {}
        self._ahead: dict[str, deque[tuple[int, str]]] = {kind: deque() for kind in (FEED, SITEMAP, PHOTO, PAGE)}
        self._under_way: set[int] = set()

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> Self:
        """Scrapy's way to make one."""
        return cls(crawler)

    def open(self, spider: "Spider") -> None:
        """Learn the spider, which owns the store and turns rows into requests."""
        self.spider = spider  # type: ignore[assignment]

    def close(self, reason: str) -> None:  # noqa: ARG002
        """Let go of what is held back; it stands in the frontier still."""
        for timer in self._held.values():
            timer.cancel()
        self._held.clear()

    def settle(self, row: int) -> None:
        """`row` has its outcome."""
        self._under_way.discard(row)

    def lost(self) -> set[int]:
        """Rows that were handed out and, with nothing under way any more, never had an outcome."""
        return self._under_way - {row for ahead in self._ahead.values() for row, _ in ahead}

    def has_pending_requests(self) -> bool:
        """Whether anything is left to hand out."""
        return bool(self._returned or self._held) or (self.spider.is_ready and self._has_more())

    def enqueue_request(self, request: "Request") -> bool:
        """Take back a redirect or a retry, at once or after its wait."""
        wait = request.meta.pop(WAIT, 0.0)
        if wait:
            self._held[request] = call_later(wait, self._release, request)
        else:
            self._returned.append(request)
        return True

    def next_request(self) -> "Request | None":
        """The next request, or None for now."""
        if self._returned:
            return self._returned.popleft()
        if not self.spider.is_ready:
            return None
        if found := self._next():
            return found
        # Nothing of this way is left, not even under way: there may be another.
        if not self._under_way and self.spider.go_on():
            return self._next()
        self.spider.commit()
        return None

    def _next(self) -> "Request | None":
        for kind, ahead in self._ahead.items():
            while self._can_ask(kind) and self._has_ahead(kind):
                row, url = ahead.popleft()
                if kind == PAGE and self.spider.store.is_deferred(row):
                    self._under_way.discard(row)
                    continue
                if kind != FEED:
                    self.spider.limits.asked(kind)
                return self.spider.request(kind, row, url)
        return None

    def _release(self, request: "Request") -> None:
        del self._held[request]
        assert self._crawler.engine is not None
        self._crawler.engine.crawl(request)

    def _has_more(self) -> bool:
        return any(self._can_ask(kind) and self._has_ahead(kind) for kind in self._ahead)

    def _can_ask(self, kind: str) -> bool:
        if kind in (FEED, PAGE) and self.spider.has_enough():
            return False
        return (kind != PAGE or not self.spider.store.is_waiting(SITEMAP)) and self.spider.limits.has_room(kind)

    def _has_ahead(self, kind: str) -> bool:
        ahead = self._ahead[kind]
        store = self.spider.store
        while not ahead and (found := store.todo(kind, SLICE, self._under_way)):
            ahead.extend((row, url) for row, url in found if kind != PAGE or not store.recognise(row, url))
            self._under_way.update(row for row, _ in ahead)
        return bool(ahead)
