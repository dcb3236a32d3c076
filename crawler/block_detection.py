"""Wall: one page behind many addresses, such as a bot check, a login or a notice that the shop is closed.

A shop answers such a page with status 200, and a crawler that does not see it brings home hundreds of times the same
words. So the shop is stopped as soon as half of the pages read last look alike, and what they said is taken back.
"""

import hashlib
from collections import deque
from urllib.parse import urlsplit

from crawler.items import CrawlItem, ListingItem, ProductItem

DEFAULT_BLOCK_PAGE_THRESHOLD = 20
"""Alike among the last `2 * PAGES` pages."""


class BlockPageDetector:
    """Watches the pages of one crawl as they are read.

    Args:
        pages: So many alike among the last twice as many are a wall; 0 watches for none.
    """

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self._recent: deque[tuple[str, str]] = deque(maxlen=2 * threshold)

    def is_blocked(self, signature: str, page: str) -> bool:
        """Whether with this page the crawl stands before a wall.

        Args:
            mark: What the page looks like.
            address: Which page it is; one page read again and again is no wall.
        """
        if self._threshold:
            self._recent.append((signature, page))
        similar_pages = {recent_page for recent_signature, recent_page in self._recent if recent_signature == signature}
        return 0 < self._threshold <= len(similar_pages)


def page_signature(item: CrawlItem) -> str | None:
    """What a page looks like: a product by its title, another page by its name and where it leads; None if no page."""
    match item:
        case ProductItem():
            return f"product: {' '.join(item.product.title.split()).casefold()}"[:200]
        case ListingItem():
            paths = sorted({urlsplit(link.url).path for link in item.links})
            digest = hashlib.sha256("\n".join([item.breadcrumb, *paths]).encode()).hexdigest()[:8]
            return f"page {digest}: {item.page_title}"[:200]
        case _:
            return None


def signature_title(signature: str) -> str:
    """The title within a mark, for people."""
    return signature.partition(": ")[2] or "(no title)"


def page_key(item: CrawlItem, url: str) -> str:
    """Which page it is: a product by its id, another page by the path of the URL that was asked."""
    return item.product.product_id if isinstance(item, ProductItem) else urlsplit(url).path
