"""Retries that wait: as long as Retry-After asks, else twice as long each time; a host that is busy is slowed down."""

import asyncio
import random
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import Request, Response
from scrapy.settings import BaseSettings

from crawler.middlewares.pace import Pace
from crawler.scheduler import WAIT

if TYPE_CHECKING:
    from crawler.spiders.shop import ShopSpider

LONGEST_WAIT = 120.0
"""Seconds; who asks for more is not waited for: the URL is given up for now."""
TOO_MANY = 429
UNAVAILABLE = 503
IN_A_ROW = 3
"""So many addresses that answer 503 in a row are a busy host, not a busy page."""
PATIENCE = "WEFT_PATIENCE"
"""Setting: so many addresses of a shop busy in a row, and three more for each connection, and it is left for now."""


class WaitingRetryMiddleware(RetryMiddleware):
    """Scrapy's own, whose retries go back to the scheduler with a time to wait."""

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        self._patience = settings.getint(PATIENCE) + 3 * settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")
        self._busy: set[str] = set()
        """Addresses of the shop that were busy since the last good answer."""

    async def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Turn a busy answer into a retry that waits, and slow its host down."""
        asked = retry_after(response.headers.get(b"Retry-After"), time.time())
        if response.status in (TOO_MANY, UNAVAILABLE):
            self._note_busy(request, response.status, asked)
        elif response.status < TOO_MANY and self._is_of_shop(request):
            self._busy.clear()
        if asked is not None and asked > LONGEST_WAIT:
            return response
        result = super().process_response(request, response)
        if isinstance(result, Request):
            await self._hold(result, asked)
        return result

    async def process_exception(self, request: Request, exception: Exception) -> Request | Response | None:  # type: ignore[override]
        """Turn a broken connection into a retry that waits; who once did not answer in time gets one more chance."""
        if isinstance(exception, DownloadTimeoutError) and request.meta.get("retry_times", 0):
            return None
        result = super().process_exception(request, exception)
        if isinstance(result, Request):
            await self._hold(result, None)
        return result

    def _note_busy(self, request: Request, status: int, asked: float | None) -> None:
        if self._is_of_shop(request):
            self._busy.add(request.url)
            if len(self._busy) >= self._patience:
                spider: ShopSpider = self.crawler.spider  # type: ignore[assignment]
                spider.stop(f"{request.url}: HTTP {status}, as {len(self._busy) - 1} pages and photos before it; the "
                            "shop is busy: run again later to go on")  # fmt: skip
        pace = self.crawler.get_extension(Pace)
        if pace is None or (status == UNAVAILABLE and asked is None):
            return
        pause = self._backoff(request.meta.get("retry_times", 0)) if asked is None else asked
        is_of_host = status == TOO_MANY or len(self._busy) >= IN_A_ROW
        pace.slow_down(request.meta.get("download_slot", ""), pause if is_of_host and pause <= LONGEST_WAIT else 0.0)

    def _is_of_shop(self, request: Request) -> bool:
        start: str = self.crawler.spider.start_url  # type: ignore[union-attr]
        return urlsplit(request.url).hostname == urlsplit(start).hostname

    def _backoff(self, retries: int) -> float:
        # Jitter, so that what failed together is not asked again together.
        first = self.crawler.settings.getfloat("RETRY_WAIT")
        return min(LONGEST_WAIT, first * 2.0**retries * random.uniform(0.75, 1.25))

    async def _hold(self, request: Request, asked: float | None) -> None:
        wait = self._backoff(request.meta["retry_times"] - 1) if asked is None else asked
        if "row" in request.meta:
            request.meta[WAIT] = wait
        else:
            # robots.txt does not pass through the scheduler.
            await asyncio.sleep(wait)


def retry_after(header: bytes | None, now: float) -> float | None:
    """Seconds from `now` (POSIX time) that a Retry-After header asks for; None when it says nothing readable."""
    text = (header or b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
