"""Downloader middleware that renders pages in a browser, for shops whose pages are filled in by scripts.

The requests of a page are made by Scrapy, so that robots.txt, delays, addresses, sizes and cookies are those of the
crawl. Only those that can bring products are made: scripts and data, from the shop and its subdomains.
"""

from collections import OrderedDict
from http import HTTPStatus
from typing import Self
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import HtmlResponse, Request, Response

from crawler.discover import urls
from crawler.downloader.browser import Browser, PageRequest, PageResponse
from crawler.exceptions import OffsiteError, TooLargeError, failure_reason
from crawler.items import PAGE
from crawler.middlewares.size_limits import MAX_BYTES_BY_KIND, MIB
from crawler.session import find_session

RESOURCE = "resource"
"""Request.meta["kind"] of a request that a page makes."""
ALLOWED_TYPES = frozenset({"document", "script", "xhr", "fetch"})
"""Types of resources that a page may request; images, styles and fonts change nothing in its text and links."""
MAX_RESOURCE_BYTES = 8 * MIB
SCRIPT_CACHE_BYTES = 32 * MIB
"""All pages of a shop load the same scripts, which are kept up to this size."""
_DROPPED_REQUEST_HEADERS = frozenset(
    {"cookie", "host", "user-agent", "accept-encoding", "connection", "content-length"}
)
_DROPPED_RESPONSE_HEADERS = frozenset(
    {"set-cookie", "content-encoding", "content-length", "transfer-encoding", "connection"}
)


class RenderMiddleware:
    """Replace the HTML of each page by what it is after its scripts have run; only for shops with `render`."""

    def __init__(self, crawler: Crawler, start_url: str) -> None:
        self._crawler, self._start_url = crawler, start_url
        self._browser = Browser(crawler.settings["USER_AGENT"])
        self._scripts: OrderedDict[str, PageResponse] = OrderedDict()
        self._script_bytes = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware; Scrapy calls this.

        Raises:
            NotConfigured: The pages of the shop are not rendered.
        """
        session = find_session(crawler)
        if session is None or not session.args.shop.render:
            raise NotConfigured
        middleware = cls(crawler, session.args.url)
        crawler.signals.connect(middleware._browser.close, signal=signals.spider_closed)
        return middleware

    def process_request(self, request: Request) -> None:
        """Refuse a request of a page that a redirect leads off the shop.

        Raises:
            OffsiteError: It leads to another host.
        """
        if request.meta.get("kind") == RESOURCE and not is_shop_host(request.url, self._start_url):
            raise OffsiteError

    async def process_response(self, request: Request, response: Response) -> Response:
        """Return a page as its scripts have made it.

        Raises:
            RenderError: The browser cannot render it.
            TooLargeError: The rendered page exceeds the limit of pages.
        """
        is_page = request.meta.get("kind") == PAGE and response.status == HTTPStatus.OK
        if not is_page or not isinstance(response, HtmlResponse) or "<script" not in response.text.lower():
            return response
        html = await self._browser.render(response.url, response.text, self._fetch)
        self._crawler.stats.inc_value("render/page_count")
        body = html.encode("utf-8", errors="replace")
        if len(body) > MAX_BYTES_BY_KIND[PAGE]:
            raise TooLargeError
        return response.replace(body=body, encoding="utf-8")

    async def _fetch(self, page_request: PageRequest) -> PageResponse | None:
        if not is_allowed(page_request, self._start_url):
            self._crawler.stats.inc_value("render/refused_count/not needed, or off the shop")
            return None
        if page_request.url in self._scripts:
            self._scripts.move_to_end(page_request.url)
            return self._scripts[page_request.url]
        headers = {
            name: value for name, value in page_request.headers.items() if name.lower() not in _DROPPED_REQUEST_HEADERS
        }
        request = Request(
            page_request.url,
            method=page_request.method,
            headers=headers,
            body=page_request.body,
            meta={"kind": RESOURCE, "download_maxsize": MAX_RESOURCE_BYTES},
            dont_filter=True,
        )
        assert self._crawler.engine is not None
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001 (a page goes on without what it cannot load)
            self._crawler.stats.inc_value(f"render/refused_count/{failure_reason(error)}")
            return None
        self._crawler.stats.inc_value("render/request_count")
        page_response = PageResponse(response.status, _kept_headers(response), response.body)
        if page_request.resource_type == "script" and response.status == HTTPStatus.OK:
            self._keep_script(page_request.url, page_response)
        return page_response

    def _keep_script(self, url: str, response: PageResponse) -> None:
        if url not in self._scripts:
            self._scripts[url] = response
            self._script_bytes += len(response.body)
        while self._script_bytes > SCRIPT_CACHE_BYTES:
            self._script_bytes -= len(self._scripts.popitem(last=False)[1].body)


def is_allowed(page_request: PageRequest, start_url: str) -> bool:
    """Return whether a page may make a request: it reads scripts or data of the shop.

    POST is allowed for GraphQL queries only, because it may change something elsewhere.
    """
    if page_request.resource_type not in ALLOWED_TYPES or not is_shop_host(page_request.url, start_url):
        return False
    is_query = "graphql" in urlsplit(page_request.url).path.lower() and b"mutation" not in page_request.body
    return page_request.method == "GET" or (page_request.method == "POST" and is_query)


def is_shop_host(url: str, start_url: str) -> bool:
    """Return whether `url` is on the shop's site, or on a subdomain of it at a default port."""
    absolute = urls.absolute_url(url, url)
    if absolute is None:
        return False
    if urls.is_same_site(absolute, start_url):
        return True
    shop_host = urls.ascii_host(urlsplit(start_url).hostname or "").removeprefix("www.")
    return urls.ascii_netloc(urlsplit(absolute)).endswith(f".{shop_host}")


def _kept_headers(response: Response) -> dict[str, str]:
    return {
        name.decode("latin-1"): b", ".join(values).decode("latin-1")
        for name, values in response.headers.items()
        if name.decode("latin-1").lower() not in _DROPPED_RESPONSE_HEADERS
    }
