"""Downloader middlewares for shops that show their pages only to visitors who accept cookies.

Such a shop leads each page to itself until a cookie is set. Cookies are kept until the crawl ends; they are neither
saved nor sent to any other host, such as that of the photos.
"""

from collections.abc import Iterable
from http.cookiejar import Cookie
from typing import Self

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.downloadermiddlewares.redirect import MetaRefreshMiddleware
from scrapy.http import Request, Response
from scrapy.http.cookies import CookieJar

from crawler.discover import urls
from crawler.items import PAGE
from crawler.session import find_session

MAX_COOKIES, MAX_COOKIE_BYTES = 50, 4096
"""Limits of what is kept, the least that RFC 6265 requires of browsers: the number of cookies and the size of one."""
MAX_TOTAL_BYTES = 8192
"""Maximum size of all cookies together, because most servers refuse a longer header; the oldest are dropped first."""


class ShopCookiesMiddleware(CookiesMiddleware):
    """Scrapy's middleware for one site: the shop, or the site of the first request of a command such as `scrapy shell`.

    Scrapy's own one asks for the list of public suffixes on the network. It is not needed: no cookie leaves the site.
    """

    def __init__(self, site: str) -> None:
        super().__init__()
        self._site = site
        self._cookies: dict[tuple[str, str, str], int] = {}
        """By (domain, path, name), the size of each cookie; the oldest comes first."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware; Scrapy calls this."""
        session = find_session(crawler)
        middleware = cls(session.args.url if session else "")
        middleware.crawler = crawler
        return middleware

    def process_request(self, request: Request) -> None:  # type: ignore[override]
        """Set the Cookie header of a request to the shop; remove it from a redirect to another host."""
        self._site = self._site or request.url
        # Most shops set no cookie, and Scrapy's look-up of none takes a tenth of a millisecond.
        if (self._cookies or request.cookies) and urls.is_same_site(request.url, self._site):
            super().process_request(request)
        else:
            request.headers.pop("Cookie", None)

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Keep the cookies that the shop sets."""
        if "Set-Cookie" in response.headers and urls.is_same_site(request.url, self._site):
            return super().process_response(request, response)
        return response

    def _process_cookies(self, cookies: Iterable[Cookie], *, jar: CookieJar, request: Request) -> None:
        for cookie in cookies:
            if _size(cookie) <= MAX_COOKIE_BYTES:
                jar.set_cookie_if_ok(cookie, request)
        kept = {(each.domain, each.path, each.name): _size(each) for each in jar}
        known = [key for key in self._cookies if key in kept]
        self._cookies = {key: kept[key] for key in [*known, *(key for key in kept if key not in self._cookies)]}
        while len(self._cookies) > MAX_COOKIES or sum(self._cookies.values()) > MAX_TOTAL_BYTES:
            oldest = next(iter(self._cookies))
            del self._cookies[oldest]
            jar.clear(*oldest)


class CookieRefreshMiddleware(MetaRefreshMiddleware):
    """Request a page again that sets a cookie and then leads to itself by a meta refresh."""

    enabled_setting = "REDIRECT_ENABLED"

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware without the RefererMiddleware; Scrapy calls this."""
        middleware = cls(crawler.settings)
        middleware.crawler = crawler
        return middleware

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Return the request with the cookie if the page is such a one; all other refreshes are links of the page."""
        is_first = "Set-Cookie" in response.headers and "Cookie" not in request.headers
        if not is_first or request.meta.get("kind", PAGE) != PAGE:
            return response
        result = super().process_response(request, response)
        leads_to_itself = urls.canonicalize(result.url) == urls.canonicalize(request.url)
        return result if leads_to_itself else response


def _size(cookie: Cookie) -> int:
    """Return the number of characters that a cookie adds to the header: name, value, and the separators."""
    return len(f"{cookie.name}={cookie.value}; ")
