"""Limits on requests: their size, how many at once, and how many of one client in a second."""

import time
from collections.abc import Callable
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from weft.serve.errors import send_error
from weft.serve.settings import ServerLimits

_MAX_CLIENTS = 10_000
_LIMITED_PREFIXES = ("/v1/",)
_LIMITED_PATHS = ("/", "/audit", "/login")


class _BodyTooLargeError(Exception):
    pass


class RateLimiter:
    """A token bucket for each client address."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def allow(self, client: str) -> bool:
        """Return whether a client may send one more request now, and count it."""
        now = self._clock()
        if client not in self._buckets and len(self._buckets) >= _MAX_CLIENTS:
            # Clients that have been quiet for long have a full bucket, as unknown clients have.
            full_after = self._burst / self._per_second
            self._buckets = {name: item for name, item in self._buckets.items() if now - item[1] < full_after}
            if len(self._buckets) >= _MAX_CLIENTS:
                return False
        tokens, last = self._buckets.get(client, (float(self._burst), now))
        tokens = min(float(self._burst), tokens + (now - last) * self._per_second)
        is_allowed = tokens >= 1
        self._buckets[client] = (tokens - 1 if is_allowed else tokens, now)
        return is_allowed


class RequestLimits:
    """ASGI middleware: refuses what is over a limit with status 413 or 429."""

    def __init__(self, app: ASGIApp, limits: ServerLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._limits = app, limits
        self._rate = RateLimiter(limits.requests_per_second, limits.burst, clock)
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if not (path.startswith(_LIMITED_PREFIXES) or path in _LIMITED_PATHS):
            await self._call_with_limited_body(scope, receive, send)
            return
        client = (scope.get("client") or ("unknown", 0))[0]
        if not self._rate.allow(client):
            message = f"more than {self._limits.requests_per_second:g} requests per second from one address"
            await send_error(scope, send, 429, message, {"retry-after": "1"})
        elif self._in_flight >= self._limits.max_requests_in_flight:
            await send_error(scope, send, 429, "too many requests at once; try again", {"retry-after": "1"})
        else:
            self._in_flight += 1
            try:
                await self._call_with_limited_body(scope, receive, send)
            finally:
                self._in_flight -= 1

    async def _call_with_limited_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        max_bytes = self._limits.max_body_bytes
        message = f"expected at most {max_bytes:,} bytes"
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > max_bytes:
            await send_error(scope, send, 413, message, {"connection": "close"})
            return
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            part = await receive()
            received += len(part.get("body", b""))
            if received > max_bytes:
                raise _BodyTooLargeError
            return part

        async def send_unless_too_large(part: Message) -> None:
            # FastAPI answers any error of reading the body with status 400.
            if received <= max_bytes:
                await send(part)

        with suppress(_BodyTooLargeError):
            await self._app(scope, receive_limited, send_unless_too_large)
        if received > max_bytes:
            await send_error(scope, send, 413, message, {"connection": "close"})
