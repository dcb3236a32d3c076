"""Pages stay on the shop's own host, through every redirect; photos and sitemaps may lie elsewhere."""

from typing import TYPE_CHECKING, Self

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request

from crawler.discover import urls
from crawler.outcomes import PAGE

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class Offsite(IgnoreRequest):
    """A page of another host."""


class OnsiteMiddleware:
    """Scrapy's own drops a redirect off the site without a word; this one tells the spider."""

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> Self:
        """Scrapy's way to make one."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Refuse a page that is not on the shop's host."""
        start: str = self._crawler.spider.start_url  # type: ignore[union-attr]
        if request.meta.get("kind") == PAGE and not urls.same_site(request.url, start):
            raise Offsite("leads off the shop")
