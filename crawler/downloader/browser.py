"""Chromium that renders a page without any network of its own: each of its requests is made by the crawler.

So robots.txt, delays, addresses, sizes and cookies are those of every other request, and no script can get around them.
It needs the extra `weft[browser]` (Playwright) and Chromium, for example that of Debian.
"""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, NamedTuple

from crawler.exceptions import RenderError, TooLargeError
from weft.errors import ShopError

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
RENDER_TIMEOUT_SECONDS = 60.0
"""Time in which a page must be rendered, with the delays between its requests; later it is read as it is then."""
CLOSE_TIMEOUT_SECONDS = 5.0
"""Time to read and to close a page; a script that never ends lets it pass."""
MAX_HTML_CHARS = 16 * 1024 * 1024
MAX_CONCURRENT_PAGES = 2
MAX_REQUESTS_PER_PAGE = 60
_ARGUMENTS = (
    # Whatever is not intercepted (WebSocket, WebRTC, prefetching) reaches no host.
    *("--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=<-loopback>", "--host-resolver-rules=MAP * ~NOTFOUND"),
    *("--webrtc-ip-handling-policy=disable_non_proxied_udp", "--disable-background-networking", "--disable-gpu"),
)


class PageRequest(NamedTuple):
    """A request that a page makes while it is rendered."""

    url: str
    method: str
    resource_type: str
    """As the browser calls it: document, script, stylesheet, image, font, media, xhr, fetch, and others."""
    headers: dict[str, str]
    body: bytes


class PageResponse(NamedTuple):
    """The response to a request of a page."""

    status: int
    headers: dict[str, str]
    body: bytes


Fetch = Callable[[PageRequest], Awaitable[PageResponse | None]]
"""Returns the response to a request, None to refuse it; must not raise."""


def check_browser() -> None:
    """Check that pages can be rendered.

    Raises:
        ShopError: Playwright or Chromium is missing.
    """
    if find_spec("playwright") is None:
        raise ShopError("render needs the extra weft[browser]: install it with pip install -e '.[browser]'")
    if _find_chromium() is None:
        raise ShopError("render needs Chromium: expected the command chromium, install it with apt install chromium")


class Browser:
    """One headless Chromium, started at its first page.

    Args:
        user_agent: The user agent that scripts see.
    """

    def __init__(self, user_agent: str) -> None:
        self._user_agent = user_agent
        self._playwright: Any = None
        self._chromium: Any = None
        self._start_lock = asyncio.Lock()
        self._page_slots = asyncio.Semaphore(MAX_CONCURRENT_PAGES)

    async def render(self, url: str, html: str, fetch: Fetch) -> str:
        """Return the HTML of a page after its scripts have run and no request is left.

        Args:
            url: The page's URL.
            html: The page as the shop sent it.
            fetch: Makes the requests of the page, but not the one for the page itself.

        Raises:
            RenderError: The browser cannot be started, or the page has broken it.
            TooLargeError: The HTML has more than MAX_HTML_CHARS.
        """
        # Imported here because it is an extra.
        from playwright.async_api import Error

        async with self._page_slots:
            try:
                await self._start()
                context = await self._chromium.new_context(
                    user_agent=self._user_agent, service_workers="block", accept_downloads=False
                )
            except Error as error:
                raise RenderError from error
            try:
                page = await context.new_page()
                router = _Router(html, fetch)
                await page.route("**/*", router.handle)
                with suppress(TimeoutError):
                    async with asyncio.timeout(RENDER_TIMEOUT_SECONDS):
                        await page.goto(url, wait_until="networkidle", timeout=0)
                async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                    return await _read_html(await context.new_cdp_session(page))
            except (Error, TimeoutError) as error:
                raise RenderError from error
            finally:
                await self._close_context(context)

    async def close(self) -> None:
        """Close the browser."""
        if self._chromium is not None:
            await self._chromium.close()
        if self._playwright is not None:
            await self._playwright.stop()

    async def _close_context(self, context: Any) -> None:
        """Close a page; if that does not work, close the browser, which is started again for the next page."""
        from playwright.async_api import Error

        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                await context.close()
        except (Error, TimeoutError):
            with suppress(Error):
                await self._chromium.close()

    async def _start(self) -> None:
        from playwright.async_api import async_playwright

        async with self._start_lock:
            if self._chromium is not None and self._chromium.is_connected():
                return
            if self._playwright is None:
                self._playwright = await async_playwright().start()
            self._chromium = await self._playwright.chromium.launch(
                executable_path=_find_chromium(),
                # Chromium's sandbox does not work for root.
                chromium_sandbox=os.geteuid() != 0,
                args=list(_ARGUMENTS),
            )


class _Router:
    """Handles the requests of one page: the first one gets its HTML, the others are made by a function."""

    def __init__(self, html: str, fetch: Fetch) -> None:
        self._html, self._fetch = html, fetch
        self._num_requests = 0

    async def handle(self, route: Any) -> None:
        """Fetch or refuse a request; Playwright calls this."""
        from playwright.async_api import Error

        self._num_requests += 1
        # The page may be closed meanwhile.
        with suppress(Error):
            if self._num_requests == 1:
                await route.fulfill(body=self._html, content_type="text/html; charset=utf-8")
                return
            request = route.request
            response = None
            if self._num_requests <= MAX_REQUESTS_PER_PAGE:
                response = await self._fetch(
                    PageRequest(
                        request.url,
                        request.method,
                        request.resource_type,
                        dict(request.headers),
                        request.post_data_buffer or b"",
                    )
                )
            if response is None:
                await route.abort()
            else:
                await route.fulfill(status=response.status, headers=response.headers, body=response.body)


async def _read_html(session: Any) -> str:
    """Return the HTML of a page, read in a world of its own, in which the page cannot pretend to be smaller.

    Args:
        session: A session of the Chrome DevTools Protocol.

    Raises:
        TooLargeError: The HTML has more than MAX_HTML_CHARS.
    """
    frame = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    world = (await session.send("Page.createIsolatedWorld", {"frameId": frame}))["executionContextId"]
    expression = f"(html => html.length > {MAX_HTML_CHARS} ? null : html)(document.documentElement?.outerHTML ?? '')"
    evaluated = await session.send("Runtime.evaluate", {"expression": expression, "contextId": world})
    html = evaluated["result"].get("value")
    if html is None:
        raise TooLargeError
    return f"<!DOCTYPE html>{html}"


def _find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
