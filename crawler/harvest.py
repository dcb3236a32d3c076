"""Harvest: what feeds, sitemaps and listings name, put into the frontier of a store."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence

from crawler import products
from crawler.budget import CrawlBudget
from crawler.discover import patterns
from crawler.discover.links import Link
from crawler.discover.traps import SkippedUrl
from crawler.outcomes import FEED, PAGE, PHOTO, SITEMAP, FeedPartItem, FeedProduct, ListingItem, SitemapItem
from crawler.ranks import MAX_PRIORITY, compute_priority

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
            "INSERT OR IGNORE INTO frontier (kind, url, rank, status, tries, reason) VALUES (?, ?, 0, 'failed', 1, ?)",
            ((PAGE, *row) for row in item.bad_rows),
        )
        if has_more:
            self._add_urls(FEED, item.next_pages)
        return n_new

    def _is_known_product(self, product_id: str, before_priority: int) -> bool:
        """Whether a product has a rank before `before`."""
        query = "SELECT 1 FROM products WHERE product_id = ? AND rank < ? LIMIT 1"
        return self._db.execute(query, (product_id, before_priority)).fetchone() is not None

    def _add_feed_product(self, entry: FeedProduct) -> None:
        position, product = entry
        page, body = product.url, products.product_to_json(product)
        existing = self._db.execute("SELECT rank, body FROM products WHERE page = ?", (page,)).fetchone()
        if existing and existing[0] != position:
            if existing[1] == body:
                return
            # Two rows of one address: two variants, told by their place.
            page = f"{page}#{position}"
        self._db.execute(
            "INSERT INTO frontier (kind, url, rank, status, tries) VALUES (?, ?, ?, 'done', 1)"
            " ON CONFLICT (url, kind) DO UPDATE SET rank = excluded.rank, status = 'done', tries = 1",
            (PAGE, page, position),
        )
        self._db.execute(
            "INSERT OR REPLACE INTO products (page, rank, product_id, body, is_of_feed) VALUES (?, ?, ?, ?, 1)",
            (page, position, product.product_id, body),
        )
        self._add_urls(PHOTO, (photo.url for photo in product.photos))

    def add_listing(self, item: ListingItem) -> None:
        """A page's links; a numbered page that only repeats earlier ones ends the pagination there."""
        main_links = [link for link in item.links if link.in_main_content]
        base_listing = patterns.listing_url(item.url)
        links: Sequence[Link] = item.links
        skipped = list(item.skipped)
        is_later_page = base_listing != item.url
        if is_later_page and self._is_repeated_page(item.url, base_listing, main_links):
            repeated = [link for link in links if patterns.listing_url(link.url) == base_listing]
            links = [link for link in links if link not in repeated]
            skipped += [SkippedUrl(link.url, REPEATED_PAGE) for link in repeated if not self._is_in_frontier(link.url)]
            main_links, is_later_page = [], False
        row = (item.url, item.breadcrumb, item.page_title)
        self._db.execute("INSERT OR REPLACE INTO listings VALUES (?, ?, ?)", row)
        self._db.executemany(
            "INSERT OR IGNORE INTO listed VALUES (?, ?)", ((link.url, item.url) for link in main_links)
        )
        self._db.executemany("INSERT OR IGNORE INTO cut VALUES (?, ?)", skipped)
        has_products = any(self._is_product_page(link.url) for link in main_links)
        self.budget.record_listing(item.row, leads_to_products=has_products, is_free=is_later_page and has_products)
        self._add_links(links, patterns.url_template(item.url))

    def _is_repeated_page(self, url: str, base_listing: str, main_links: Iterable[Link]) -> bool:
        """Whether every page that `url` names, but for further pages of its own, is named by others of `home`."""
        return all(
            any(
                patterns.listing_url(listing) == base_listing
                for listing in self._listings_linking_to(link.url)
                if listing != url
            )
            for link in main_links
            if patterns.listing_url(link.url) != base_listing
        )

    def _listings_linking_to(self, target: str) -> list[str]:
        return [row[0] for row in self._db.execute("SELECT listing FROM listed WHERE target = ?", (target,))]

    def _is_product_page(self, url: str) -> bool:
        return self._db.execute("SELECT 1 FROM products WHERE page = ?", (url,)).fetchone() is not None

    def _is_in_frontier(self, url: str) -> bool:
        return self._db.execute("SELECT 1 FROM frontier WHERE url = ? AND kind = ?", (url, PAGE)).fetchone() is not None

    def _add_links(self, links: Iterable[Link], source_template: str) -> None:
        for link in links:
            # A page that waits for its pattern's allowance does not end a listing of known ones.
            inserted = self._db.execute(
                "INSERT OR IGNORE INTO frontier (kind, url, rank, guess) VALUES (?, ?, ?, 0) RETURNING id",
                (PAGE, link.url, compute_priority(link.url, linked=True)),
            ).fetchone()
            if inserted:
                self.budget.register_link(inserted[0], link.url, source_template)
