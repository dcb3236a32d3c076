"""Scrapy extension that logs the progress of a crawl in products and photos."""

import logging

from scrapy import Spider
from scrapy.extensions.logstats import LogStats

from crawler.session import find_session

_log = logging.getLogger(__name__)


class CrawlProgressLog(LogStats):
    """Scrapy's LogStats; if the spider crawls a shop, it counts products, photos and failures instead of items."""

    def log(self, spider: Spider) -> None:
        """Log how much was found so far; Scrapy calls this every LOGSTATS_INTERVAL seconds."""
        session = find_session(spider.crawler)
        if session is None or not session.is_open:
            super().log(spider)
            return
        self.calculate_stats()
        _log.info(
            "%s: %d products and %d photos so far, %d URLs failed; %d responses (%d/min)",
            session.args.shop.name,
            session.store.product_count,
            session.store.count_photos(),
            session.store.count_failures().total(),
            self.pages,
            self.prate,
        )
