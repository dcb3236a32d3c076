"""KeepPipeline: every outcome goes into the store, whole."""

from typing import TYPE_CHECKING, Self

from crawler import wall
from crawler.outcomes import Outcome
from crawler.store import StateError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.spiders.shop import ShopSpider


class KeepPipeline:
    """Keeps outcomes; a disk that cannot take them stops the spider, and so does a wall before the shop."""

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler
        spider: ShopSpider = crawler.spider  # type: ignore[assignment]
        self._wall = wall.Wall(spider.wanted.wall_pages)

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> Self:
        """Scrapy's way to make one."""
        return cls(crawler)

    def process_item(self, item: Outcome) -> Outcome:
        """Keep one outcome and tell the scheduler that its URL is settled."""
        spider: ShopSpider = self._crawler.spider  # type: ignore[assignment]
        mark = wall.mark_of(item)
        try:
            spider.store.keep(item, mark)
            if mark and self._wall.is_hit(mark, wall.address_of(item, spider.store.url(item.row))):
                taken_back = spider.store.unread(mark)
                spider.stop(
                    f"{taken_back} different pages all say {wall.title_in(mark)!r}: a wall or a bot check. None of "
                    f"them is kept, and the shop is left for now: run again later, with a longer delay; or raise "
                    f"crawl.gate.wall_pages (0 watches for no wall) if they are what they seem"
                )
        except StateError as error:
            spider.stop(str(error))
            raise
        spider.settled(item)
        return item
