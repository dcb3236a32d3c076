"""Downloader middleware for retries with exponential backoff, or as Retry-After asks; busy hosts are slowed down."""

import asyncio
import random
import time
from email.utils import parsedate_to_datetime
from typing import Self
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import Request, Response

from crawler.extensions.throttle import Throttle
from crawler.scheduler import WAIT_META_KEY
from crawler.session import find_session

MAX_WAIT_SECONDS = 120.0
"""If a shop asks for a longer wait, the URL fails."""
TOO_MANY_REQUESTS = 429
SERVICE_UNAVAILABLE = 503
MIN_CONSECUTIVE_UNAVAILABLE = 3
"""This many URLs in a row with HTTP 503 mean that the host is busy, not one page."""
MAX_CONSECUTIVE_BUSY = "WEFT_MAX_CONSECUTIVE_BUSY"
"""Setting: the crawl stops after this many busy URLs in a row, and three more for each concurrent request."""


class BackoffRetryMiddleware(RetryMiddleware):
    """Scrapy's retry middleware, whose retries return to the scheduler with a delay."""

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        super().__init__(settings)
        self.crawler = crawler
        self._session = find_session(crawler)
        self._max_consecutive_busy = settings.getint(MAX_CONSECUTIVE_BUSY) + 3 * settings.getint(
            "CONCURRENT_REQUESTS_PER_DOMAIN"
        )
        self._busy_urls: set[str] = set()
        """URLs of the shop that were busy since the last good response."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware; Scrapy calls this."""
        return cls(crawler)

    async def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Retry a busy response after a delay, and slow its host down."""
        retry_after_seconds = parse_retry_after(response.headers.get(b"Retry-After"), time.time())
        if response.status in (TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE):
            self._record_busy(request, response.status, retry_after_seconds)
        elif response.status < TOO_MANY_REQUESTS and self._is_shop_host(request):
            self._busy_urls.clear()
        if retry_after_seconds is not None and retry_after_seconds > MAX_WAIT_SECONDS:
            return response
        result = super().process_response(request, response)
        if isinstance(result, Request):
            await self._delay(result, retry_after_seconds)
        return result

    async def process_exception(self, request: Request, exception: Exception) -> Request | Response | None:  # type: ignore[override]
        """Retry a broken connection after a delay; a request that times out is retried once."""
        if isinstance(exception, DownloadTimeoutError) and request.meta.get("retry_times", 0):
            return None
        result = super().process_exception(request, exception)
        if isinstance(result, Request):
            await self._delay(result, None)
        return result

    def _record_busy(self, request: Request, status: int, retry_after_seconds: float | None) -> None:
        if self._session is not None and self._is_shop_host(request):
            self._busy_urls.add(request.url)
            if len(self._busy_urls) >= self._max_consecutive_busy:
                self._session.stop(
                    f"{request.url}: HTTP {status}, like {len(self._busy_urls) - 1} URLs before it; the shop is busy: "
                    "run again later to resume"
                )
        throttle = self.crawler.get_extension(Throttle)
        if throttle is None or (status == SERVICE_UNAVAILABLE and retry_after_seconds is None):
            return
        pause = (
            self._backoff(request.meta.get("retry_times", 0)) if retry_after_seconds is None else retry_after_seconds
        )
        is_host_busy = status == TOO_MANY_REQUESTS or len(self._busy_urls) >= MIN_CONSECUTIVE_UNAVAILABLE
        throttle.slow_down(
            request.meta.get("download_slot", ""), pause if is_host_busy and pause <= MAX_WAIT_SECONDS else 0.0
        )

    def _is_shop_host(self, request: Request) -> bool:
        if self._session is None:
            return False
        return urlsplit(request.url).hostname == urlsplit(self._session.args.url).hostname

    def _backoff(self, retries: int) -> float:
        # Jitter spreads the retries of requests that failed together.
        base = self.crawler.settings.getfloat("RETRY_BACKOFF_BASE")
        return min(MAX_WAIT_SECONDS, base * 2.0**retries * random.uniform(0.75, 1.25))

    async def _delay(self, request: Request, retry_after_seconds: float | None) -> None:
        wait = self._backoff(request.meta["retry_times"] - 1) if retry_after_seconds is None else retry_after_seconds
        if "row" in request.meta:
            request.meta[WAIT_META_KEY] = wait
        else:
            # The request does not pass through the scheduler of the frontier.
            await asyncio.sleep(wait)


def parse_retry_after(header: bytes | None, now: float) -> float | None:
    """Return the seconds from `now` (POSIX time) that a Retry-After header asks for, None if missing or invalid."""
    text = (header or b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
