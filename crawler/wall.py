"""Wall: one page behind many addresses, such as a bot check, a login or a notice that the shop is closed.

A shop answers such a page with status 200, and a crawler that does not see it brings home hundreds of times the same
words. So the shop is stopped as soon as half of the pages read last look alike, and what they said is taken back.
"""

import hashlib
from collections import deque
from urllib.parse import urlsplit

from crawler.outcomes import ListingRead, Outcome, ProductRead

PAGES = 20
"""Alike among the last `2 * PAGES` pages."""


class Wall:
    """Watches the pages of one crawl as they are read.

    Args:
        pages: So many alike among the last twice as many are a wall; 0 watches for none.
    """

    def __init__(self, pages: int) -> None:
        self._most = pages
        self._last: deque[tuple[str, str]] = deque(maxlen=2 * pages)

    def is_hit(self, mark: str, address: str) -> bool:
        """Whether with this page the crawl stands before a wall.

        Args:
            mark: What the page looks like.
            address: Which page it is; one page read again and again is no wall.
        """
        if self._most:
            self._last.append((mark, address))
        alike = {known for seen, known in self._last if seen == mark}
        return 0 < self._most <= len(alike)


def mark_of(outcome: Outcome) -> str | None:
    """What a page looks like: a product by its title, another page by its name and where it leads; None if no page."""
    match outcome:
        case ProductRead():
            return f"product: {' '.join(outcome.product.title.split()).casefold()}"[:200]
        case ListingRead():
            paths = sorted({urlsplit(link.url).path for link in outcome.links})
            digest = hashlib.sha256("\n".join([outcome.trail, *paths]).encode()).hexdigest()[:8]
            return f"page {digest}: {outcome.label}"[:200]
        case _:
            return None


def title_in(mark: str) -> str:
    """The title within a mark, for people."""
    return mark.partition(": ")[2] or "(no title)"


def address_of(outcome: Outcome, url: str) -> str:
    """Which page it is: a product by its id, another page by the path of the URL that was asked."""
    return outcome.product.product_id if isinstance(outcome, ProductRead) else urlsplit(url).path
