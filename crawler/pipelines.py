"""The item pipeline, which saves every item in the store."""

from typing import Self

from scrapy.crawler import Crawler

from crawler import block_detection
from crawler.items import CrawlItem
from crawler.session import get_session
from crawler.storage.state_file import StateError


class StorePipeline:
    """Save items, and stop the crawl if the disk is full or the shop serves a block page."""

    def __init__(self, crawler: Crawler) -> None:
        self._session = get_session(crawler)
        self._block_detector = block_detection.BlockPageDetector(self._session.args.block_page_threshold)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the pipeline; Scrapy calls this."""
        return cls(crawler)

    def process_item(self, item: CrawlItem) -> CrawlItem:
        """Save one item.

        Raises:
            StateError: The state file cannot be written; the crawl stops.
        """
        store = self._session.store
        signature = block_detection.page_signature(item)
        try:
            store.save(item, signature)
            if signature and self._block_detector.is_blocked(
                signature, block_detection.page_key(item, store.get_url(item.row))
            ):
                reverted = store.revert_pages(signature)
                self._session.stop(
                    f"{reverted} different pages have the title {block_detection.signature_title(signature)!r}: "
                    f"probably a bot check or a login. They are discarded and the crawl stops. Run again later with a "
                    f"longer delay, or raise crawl.quality_checks.block_page_threshold (0 turns the check off) if the "
                    f"pages are real"
                )
        except StateError as error:
            self._session.stop(str(error))
            raise
        return item
