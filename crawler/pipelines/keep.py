"""KeepPipeline: every outcome goes into the store, whole."""

from typing import TYPE_CHECKING, Self

from crawler import wall
from crawler.outcomes import CrawlItem
from crawler.store import StateError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.spiders.shop import ShopSpider


class StorePipeline:
    """Keeps outcomes; a disk that cannot take them stops the spider, and so does a wall before the shop."""

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler
        spider: ShopSpider = crawler.spider  # type: ignore[assignment]
        self._block_detector = wall.BlockPageDetector(spider.spider_args.block_page_threshold)

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> Self:
        """Scrapy's way to make one."""
        return cls(crawler)

    def process_item(self, item: CrawlItem) -> CrawlItem:
        """Keep one outcome and tell the scheduler that its URL is settled."""
        spider: ShopSpider = self._crawler.spider  # type: ignore[assignment]
        signature = wall.page_signature(item)
        try:
            spider.store.save(item, signature)
            if signature and self._block_detector.is_blocked(
                signature, wall.page_key(item, spider.store.get_url(item.row))
            ):
                reverted = spider.store.revert_pages(signature)
                spider.stop(
                    f"{reverted} different pages all say {wall.signature_title(signature)!r}: a wall or a bot check. None of "
                    f"them is kept, and the shop is left for now: run again later, with a longer delay; or raise "
                    f"crawl.gate.wall_pages (0 watches for no wall) if they are what they seem"
                )
        except StateError as error:
            spider.stop(str(error))
            raise
        spider.on_item_stored(item)
        return item
