"""Detection of block pages: one page behind many URLs, such as a bot check, a login or a notice that a shop is closed.

A shop serves such a page with status 200, so without this check a crawl would store the same text hundreds of times.
The crawl stops as soon as half of the latest pages are similar, and the store discards these pages.
"""

import hashlib
from collections import deque
from urllib.parse import urlsplit

from crawler.items import CrawlItem, ListingItem, ProductItem

DEFAULT_BLOCK_PAGE_THRESHOLD = 20
"""Number of similar pages among the last `2 * DEFAULT_BLOCK_PAGE_THRESHOLD` pages that count as a block page."""


class BlockPageDetector:
    """Compare the pages of one crawl as they are read.

    Args:
        threshold: This many similar pages among the last `2 * threshold` pages are a block page; 0 turns the check off.
    """

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self._recent: deque[tuple[str, str]] = deque(maxlen=2 * threshold)

    def is_blocked(self, signature: str, page: str) -> bool:
        """Return whether the shop serves a block page, now that this page is read.

        Args:
            signature: What the page looks like, see `page_signature`.
            page: Which page it is, see `page_key`; a page that is read several times counts once.
        """
        if self._threshold:
            self._recent.append((signature, page))
        similar_pages = {recent_page for recent_signature, recent_page in self._recent if recent_signature == signature}
        return 0 < self._threshold <= len(similar_pages)


def page_signature(item: CrawlItem) -> str | None:
    """Return a signature that similar pages share, or None if the item is not a page.

    The signature of a product is its title; the signature of another page is its title and the paths of its links.
    """
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
    """Return the title within a signature, for error messages."""
    return signature.partition(": ")[2] or "(no title)"


def page_key(item: CrawlItem, url: str) -> str:
    """Return which page an item comes from: the id of a product, or else the path of the requested URL."""
    return item.product.product_id if isinstance(item, ProductItem) else urlsplit(url).path
