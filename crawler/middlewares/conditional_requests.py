"""Conditional requests: what the crawl before fetched is asked for with "unless it has not changed"."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from scrapy.http import Request

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.spiders.shop import ShopSpider

_CONDITIONAL_HEADERS = ("If-None-Match", "If-Modified-Since")


class ConditionalRequestMiddleware:
    """Sends the validators that the shop gave, to the very address that gave them."""

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> Self:
        """Scrapy's way to make one."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Add the validators of a first request; a redirect leads elsewhere and takes none along."""
        if "row" not in request.meta:
            return
        for name in _CONDITIONAL_HEADERS:
            request.headers.pop(name, None)
        request.meta.pop("handle_httpstatus_list", None)
        if request.meta.get("redirect_times"):
            return
        spider: ShopSpider = self._crawler.spider  # type: ignore[assignment]
        if validators := spider.store.previous_crawl.validators(request.meta["kind"], request.url):
            request.headers.update(validators)
            # The spider hears of this answer instead of a failure.
            request.meta["handle_httpstatus_list"] = [HTTPStatus.NOT_MODIFIED]
