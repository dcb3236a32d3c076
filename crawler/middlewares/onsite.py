"""Pages stay on the shop's own host and in public, through every redirect; photos and sitemaps may lie elsewhere."""

import re
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from scrapy.http import Request

from crawler.connect.refusals import LoginRequired, Offsite
from crawler.discover import urls
from crawler.outcomes import PAGE

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_LOGIN_PATH = re.compile(
    r"/(?:log-?in|sign-?in|log_in|sign_in|account/login|anmelden|connexion|iniciar-sesion)(?:[/.]|$)"
)


class OffsiteMiddleware:
    """Scrapy's own drops a redirect off the site without a word; this one tells the spider."""

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> Self:
        """Scrapy's way to make one."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Refuse a page that is not on the shop's host, and whatever only opens to an account."""
        parts = urlsplit(request.url)
        is_redirected = bool(request.meta.get("redirect_times"))
        if parts.username is not None or (is_redirected and _LOGIN_PATH.search(parts.path.lower())):
            raise LoginRequired
        start_url: str = self._crawler.spider.start_url  # type: ignore[union-attr]
        if request.meta.get("kind") == PAGE and not urls.is_same_site(request.url, start_url):
            raise Offsite
