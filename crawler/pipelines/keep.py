"""KeepPipeline: every outcome goes into the store, whole."""

import sqlite3
from typing import TYPE_CHECKING, Self

from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.spiders.shop import ShopSpider


class KeepPipeline:
    """Keeps outcomes; a disk that cannot take them stops the spider, and the store stays as it was."""

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> Self:
        """Scrapy's way to make one."""
        return cls(crawler)

    def process_item(self, item: Outcome) -> Outcome:
        """Keep one outcome and tell the scheduler that its URL is settled."""
        spider: ShopSpider = self._crawler.spider  # type: ignore[assignment]
        try:
            spider.store.keep(item)
        except sqlite3.Error as error:
            spider.stop(f"{spider.store.path} cannot be written: {error}")
            raise
        spider.settled(item)
        return item
