"""Retries that wait: as long as Retry-After asks, else twice as long each time."""

import asyncio
import random
import time
from email.utils import parsedate_to_datetime

from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.http import Request, Response

from crawler.scheduler import WAIT

LONGEST_WAIT = 120.0
"""Seconds; a shop that asks for more is asked again after this."""


class WaitingRetryMiddleware(RetryMiddleware):
    """Scrapy's own, whose retries go back to the scheduler with a time to wait."""

    async def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Turn a busy answer into a retry that waits."""
        result = super().process_response(request, response)
        if isinstance(result, Request):
            await self._hold(result, retry_after(response.headers.get(b"Retry-After"), time.time()))
        return result

    async def process_exception(self, request: Request, exception: Exception) -> Request | Response | None:  # type: ignore[override]
        """Turn a broken connection into a retry that waits."""
        result = super().process_exception(request, exception)
        if isinstance(result, Request):
            await self._hold(result, None)
        return result

    async def _hold(self, request: Request, asked: float | None) -> None:
        first = self.crawler.settings.getfloat("RETRY_WAIT")
        # Jitter, so that what failed together is not asked again together.
        backoff = first * 2.0 ** (request.meta["retry_times"] - 1) * random.uniform(0.75, 1.25)
        wait = min(LONGEST_WAIT, backoff if asked is None else asked)
        if "row" in request.meta:
            request.meta[WAIT] = wait
        else:
            # robots.txt does not pass through the scheduler.
            await asyncio.sleep(wait)


def retry_after(header: bytes | None, now: float) -> float | None:
    """Seconds from `now` (POSIX time) that a Retry-After header asks for; None when it says nothing readable."""
    text = (header or b"").decode("latin-1").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError):
        return None
