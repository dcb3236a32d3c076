"""Frontier: what a store knows and what is still to ask, read from its tables.

Ranks: the order in which a shop's URLs are asked, and which count where a limit leaves some out.

Harvest: what feeds, sitemaps and listings name, put into the frontier of a store.

Budget: how many pages of one URL pattern may lead to nothing before the others wait, so that no trap is endless.

Pages that sitemaps name are free. Of those that links led to, a page that leads to no product costs its pattern some
of its allowance, and a product earns some for its own pattern and for that of the page which led to it. A pattern
that has spent all is deferred: its pages are asked when a product earns for it again, else never.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence

from crawler.discover import crawl_traps
from crawler.discover.crawl_traps import SkippedUrl
from crawler.discover.links import Link
from crawler.items import FEED, PAGE, PHOTO, SITEMAP, FeedPartItem, FeedProduct, ListingItem, SitemapItem
from crawler.storage import product_json


class Frontier:
    """Questions to the state of one crawl; they change nothing."""

    _db: sqlite3.Connection

    def get_meta(self, name: str) -> str:
        """What is noted under `name`, "" when nothing is."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def select_todo(self, kind: str, limit: int, exclude: Collection[int]) -> list[tuple[int, str]]:
        """Up to `count` (row, url) of `kind` still to ask, in the order of their rank, without the rows in `but`.

        Pages that links led to wait until all that sitemaps name are settled.
        """
        rows = self._db.execute(
            "SELECT id, url, priority < ? FROM frontier WHERE status = 'todo' AND kind = ? ORDER BY priority LIMIT ?",
            (LINKED_OFFSET, kind, limit + len(exclude)),
        ).fetchall()
        return [(row, url) for row, url, is_in_sitemap in rows if is_in_sitemap == rows[0][2] and row not in exclude][
            :limit
        ]

    def has_todo(self, kind: str) -> bool:
        """Whether any URL of `kind` is not settled yet."""
        found = self._db.execute("SELECT 1 FROM frontier WHERE status = 'todo' AND kind = ? LIMIT 1", (kind,))
        return found.fetchone() is not None

    def has_failed(self, kind: str) -> bool:
        """Whether any URL of `kind` that somebody named could not be had."""
        found = self._db.execute(
            "SELECT 1 FROM frontier WHERE status = 'failed' AND kind = ? AND NOT optional LIMIT 1", (kind,)
        )
        return found.fetchone() is not None

    def is_over_budget(self, row: int) -> bool:
        """Whether a row of the frontier waits for its pattern's budget."""
        found = self._db.execute("SELECT 1 FROM frontier WHERE id = ? AND status = 'over_budget'", (row,))
        return found.fetchone() is not None

    def get_sitemap_photos(self, page: str) -> list[str]:
        """The photos that a sitemap names beside `page`."""
        found = self._db.execute("SELECT url FROM sitemap_photos WHERE page_url = ? ORDER BY position", (page,))
        return [url for (url,) in found]

    def get_url(self, row: int) -> str:
        """The URL in a row of the frontier."""
        return str(self._db.execute("SELECT url FROM frontier WHERE id = ?", (row,)).fetchone()[0])


LINKED_OFFSET = 2**62
"""Ranks from here on are of pages that links led to: they come after all that sitemaps and feeds name."""
MAX_PRIORITY = 2**63 - 1
"""No rank is higher."""


def compute_priority(url: str, *, linked: bool) -> int:
    """A place for `url` among those that sitemaps name or links led to, taken from its hash alone."""
    priority = int.from_bytes(hashlib.sha256(url.encode()).digest()[:8], "big") >> 2
    return priority + LINKED_OFFSET if linked else priority


REPEATED_PAGE = "repeats an earlier page"


class FrontierWriter:
    """Writes into the tables of one state, within the store's transaction.

    Args:
        db: The state.
        plant: The store's own way to add URLs to the frontier.
    """

    def __init__(self, db: sqlite3.Connection, add_urls: Callable[[str, Iterable[str]], None]) -> None:
        self._db, self._add_urls = db, add_urls
        self.budget = CrawlBudget(db)

    def add_sitemap(self, item: SitemapItem) -> None:
        """Pages and further sitemaps, and the photos that it names beside the pages."""
        self._add_urls(SITEMAP, item.sitemaps)
        self._add_urls(PAGE, item.pages)
        self._db.executemany(
            "INSERT OR IGNORE INTO sitemap_photos VALUES (?, ?, ?)",
            ((page, position, url) for page, photos in item.photos.items() for position, url in enumerate(photos)),
        )

    def add_feed(self, item: FeedPartItem) -> int:
        """Products, each as a page that was read, and the feed's next page unless it only repeats.

        Returns:
            How many products are new.
        """
        ids = {entry.product.product_id for entry in item.products}
        first_position = min((entry.position for entry in item.products), default=0)
        n_new = sum(not self._is_known_product(product_id, MAX_PRIORITY) for product_id in ids)
        has_more = any(not self._is_known_product(product_id, first_position) for product_id in ids)
        for entry in item.products:
            self._add_feed_product(entry)
        self._db.executemany(
            "INSERT OR IGNORE INTO frontier (kind, url, priority, status, attempts, reason) VALUES (?, ?, 0, 'failed', 1, ?)",
            ((PAGE, *row) for row in item.bad_rows),
        )
        if has_more:
            self._add_urls(FEED, item.next_pages)
        return n_new

    def _is_known_product(self, product_id: str, before_priority: int) -> bool:
        """Whether a product has a rank before `before`."""
        query = "SELECT 1 FROM products WHERE product_id = ? AND priority < ? LIMIT 1"
        return self._db.execute(query, (product_id, before_priority)).fetchone() is not None

    def _add_feed_product(self, entry: FeedProduct) -> None:
        position, product = entry
        page, body = product.url, product_json.product_to_json(product)
        existing = self._db.execute(
            "SELECT priority, product_json FROM products WHERE page_url = ?", (page,)
        ).fetchone()
        if existing and existing[0] != position:
            if existing[1] == body:
                return
            # Two rows of one address: two variants, told by their place.
            page = f"{page}#{position}"
        self._db.execute(
            "INSERT INTO frontier (kind, url, priority, status, attempts) VALUES (?, ?, ?, 'done', 1)"
            " ON CONFLICT (url, kind) DO UPDATE SET priority = excluded.priority, status = 'done', attempts = 1",
            (PAGE, page, position),
        )
        self._db.execute(
            "INSERT OR REPLACE INTO products (page_url, priority, product_id, product_json, is_from_feed) VALUES (?, ?, ?, ?, 1)",
            (page, position, product.product_id, body),
        )
        self._add_urls(PHOTO, (photo.url for photo in product.photos))

    def add_listing(self, item: ListingItem) -> None:
        """A page's links; a numbered page that only repeats earlier ones ends the pagination there."""
        main_links = [link for link in item.links if link.in_main_content]
        base_listing = crawl_traps.listing_url(item.url)
        links: Sequence[Link] = item.links
        skipped = list(item.skipped)
        is_later_page = base_listing != item.url
        if is_later_page and self._is_repeated_page(item.url, base_listing, main_links):
            repeated = [link for link in links if crawl_traps.listing_url(link.url) == base_listing]
            links = [link for link in links if link not in repeated]
            skipped += [SkippedUrl(link.url, REPEATED_PAGE) for link in repeated if not self._is_in_frontier(link.url)]
            main_links, is_later_page = [], False
        row = (item.url, item.breadcrumb, item.page_title)
        self._db.execute("INSERT OR REPLACE INTO listings VALUES (?, ?, ?)", row)
        self._db.executemany(
            "INSERT OR IGNORE INTO listing_links VALUES (?, ?)", ((link.url, item.url) for link in main_links)
        )
        self._db.executemany("INSERT OR IGNORE INTO skipped_urls VALUES (?, ?)", skipped)
        has_products = any(self._is_product_page(link.url) for link in main_links)
        self.budget.record_listing(item.row, leads_to_products=has_products, is_free=is_later_page and has_products)
        self._add_links(links, crawl_traps.url_template(item.url))

    def _is_repeated_page(self, url: str, base_listing: str, main_links: Iterable[Link]) -> bool:
        """Whether every page that `url` names, but for further pages of its own, is named by others of `home`."""
        return all(
            any(
                crawl_traps.listing_url(listing) == base_listing
                for listing in self._listings_linking_to(link.url)
                if listing != url
            )
            for link in main_links
            if crawl_traps.listing_url(link.url) != base_listing
        )

    def _listings_linking_to(self, target: str) -> list[str]:
        return [
            row[0] for row in self._db.execute("SELECT listing_url FROM listing_links WHERE target_url = ?", (target,))
        ]

    def _is_product_page(self, url: str) -> bool:
        return self._db.execute("SELECT 1 FROM products WHERE page_url = ?", (url,)).fetchone() is not None

    def _is_in_frontier(self, url: str) -> bool:
        return self._db.execute("SELECT 1 FROM frontier WHERE url = ? AND kind = ?", (url, PAGE)).fetchone() is not None

    def _add_links(self, links: Iterable[Link], source_template: str) -> None:
        for link in links:
            # A page that waits for its pattern's allowance does not end a listing of known ones.
            inserted = self._db.execute(
                "INSERT OR IGNORE INTO frontier (kind, url, priority, optional) VALUES (?, ?, ?, 0) RETURNING id",
                (PAGE, link.url, compute_priority(link.url, linked=True)),
            ).fetchone()
            if inserted:
                self.budget.register_link(inserted[0], link.url, source_template)


INITIAL_BUDGET = 800
"""What every pattern begins with."""
EMPTY_PAGE_COST, EMPTY_NUMBERED_PAGE_COST, KNOWN_PRODUCTS_COST = 4, 16, 2
"""What a page costs that leads to no product, the same where only a number or parameter tells it from others, and
one that leads to known products alone: 200, 50 and 400 of a kind without a single new product."""
PRODUCT_REWARD, LINKING_PAGE_REWARD = 16, 4
"""What a new product earns for its own pattern, and for the pattern of the page that led to it."""


class CrawlBudget:
    """The patterns of one crawl, kept in its state.

    Args:
        db: The state, in whose transactions everything is counted.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        rows = db.execute("SELECT url_template, remaining FROM crawl_budget WHERE remaining <= 0")
        self._exhausted = {template for template, _ in rows}

    def register_link(self, row: int, url: str, source_template: str) -> None:
        """A link led to the page in `row` of the frontier, from a page of the pattern `via`."""
        template = crawl_traps.url_template(url)
        self._db.execute("INSERT OR IGNORE INTO link_sources VALUES (?, ?, ?)", (row, template, source_template))
        if template in self._exhausted:
            self._db.execute("UPDATE frontier SET status = 'over_budget' WHERE id = ?", (row,))

    def record_listing(self, row: int, *, leads_to_products: bool, is_free: bool) -> None:
        """The page in `row` is no product."""
        template = self._templates(row)[0]
        if template and not is_free:
            cost = EMPTY_NUMBERED_PAGE_COST if crawl_traps.has_number_or_query(template) else EMPTY_PAGE_COST
            self._adjust(template, -(KNOWN_PRODUCTS_COST if leads_to_products else cost))

    def record_product(self, row: int, *, is_new: bool) -> None:
        """The page in `row` is a product."""
        template, source_template = self._templates(row)
        if not template:
            return
        self._adjust(template, PRODUCT_REWARD if is_new else -KNOWN_PRODUCTS_COST)
        if is_new and source_template:
            self._adjust(source_template, LINKING_PAGE_REWARD)

    def _templates(self, row: int) -> tuple[str, str]:
        found = self._db.execute(
            "SELECT url_template, source_template FROM link_sources WHERE frontier_id = ?", (row,)
        ).fetchone()
        return found or ("", "")

    def _adjust(self, template: str, amount: int) -> None:
        (remaining,) = self._db.execute(
            "INSERT INTO crawl_budget VALUES (?, ?) ON CONFLICT DO UPDATE SET remaining = remaining + ? RETURNING remaining",
            (template, INITIAL_BUDGET + amount, amount),
        ).fetchone()
        if remaining <= 0 and template not in self._exhausted:
            self._exhausted.add(template)
            self._set_status(template, "todo", "deferred")
        elif remaining > 0 and template in self._exhausted:
            self._exhausted.remove(template)
            self._set_status(template, "deferred", "todo")

    def _set_status(self, template: str, old_status: str, new_status: str) -> None:
        self._db.execute(
            "UPDATE frontier SET status = ? WHERE status = ? AND id IN (SELECT frontier_id FROM link_sources WHERE url_template = ?)",
            (new_status, old_status, template),
        )
