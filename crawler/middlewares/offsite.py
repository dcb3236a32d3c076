"""Downloader middlewares for hosts and redirects: pages stay on the shop's site; photos and sitemaps may leave it."""

import re
from typing import Self
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.http import Request, Response

from crawler.discover import urls
from crawler.exceptions import LoginRequiredError, NonHttpRedirectError, OffsiteError
from crawler.items import PAGE
from crawler.session import find_session

_LOGIN_PATH = re.compile(
    r"/(?:log-?in|sign-?in|log_in|sign_in|account/login|anmelden|connexion|iniciar-sesion)(?:[/.]|$)"
)
_REDIRECT_STATUSES = (301, 302, 303, 307, 308)


class ShopSiteMiddleware:
    """Refuse pages on other sites; unlike with Scrapy's OffsiteMiddleware, a redirect off the site is a failure."""

    def __init__(self, crawler: Crawler) -> None:
        session = find_session(crawler)
        self._start_url = session.args.url if session else None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware; Scrapy calls this."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Refuse a page on another site, and a URL that requires a login.

        Raises:
            LoginRequiredError: The URL contains a user name, or a redirect leads to a login page.
            OffsiteError: The page is on another site.
        """
        parts = urlsplit(request.url)
        is_redirected = bool(request.meta.get("redirect_times"))
        if parts.username is not None or (is_redirected and _LOGIN_PATH.search(parts.path.lower())):
            raise LoginRequiredError
        if self._start_url and request.meta.get("kind") == PAGE and not urls.is_same_site(request.url, self._start_url):
            raise OffsiteError


class HttpRedirectMiddleware(RedirectMiddleware):
    """Refuse redirects to other schemes such as file: or data:, which Scrapy's middleware returns as responses."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware without the RefererMiddleware: redirects have no Referer header; Scrapy calls this."""
        middleware = cls(crawler.settings)
        middleware.crawler = crawler
        return middleware

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Follow a redirect, or refuse it.

        Raises:
            NonHttpRedirectError: The redirect leads to another scheme.
        """
        result = super().process_response(request, response)
        if result is response and response.status in _REDIRECT_STATUSES and "Location" in response.headers:
            raise NonHttpRedirectError
        return result
