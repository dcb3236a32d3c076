"""Spider middleware that saves what the spider reads; only products pass it, so they alone are Scrapy's items."""

from collections.abc import AsyncIterator
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.items import CrawlItem
from crawler.session import find_session


class StoreMiddleware:
    """Save the results of each response in the store of the session, and pass on the new products."""

    def __init__(self, crawler: Crawler) -> None:
        self._session = find_session(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware; Scrapy calls this."""
        return cls(crawler)

    async def process_spider_output(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:  # noqa: ARG002
        """Save the results for the frontier; pass on each product that the crawl finds for the first time."""
        async for output in result:
            if self._session is None or not isinstance(output, CrawlItem):
                yield output
                continue
            self._session.save(output)
            for product in self._session.new_products():
                yield product
