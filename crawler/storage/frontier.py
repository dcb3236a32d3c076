"""The frontier: which URLs a crawl knows, and in which order they are requested."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from crawler.discover import crawl_traps
from crawler.discover.crawl_traps import SkippedUrl
from crawler.discover.links import Link
from crawler.items import FEED, PAGE, PHOTO, SITEMAP, FeedPartItem, FeedProduct, ListingItem, SitemapItem
from crawler.storage import product_json
from crawler.storage.crawl_budget import CrawlBudget

LINKED_OFFSET = 2**62
"""Offset of the priorities of pages found by links: they come after everything that sitemaps and feeds list."""
MAX_PRIORITY = 2**63 - 1
"""Upper bound of all priorities."""
REPEATED_PAGE = "repeats an earlier page"
REORDERED = "same filters in another order"


class Frontier:
    """Read-only queries on the frontier of one crawl."""

    _db: sqlite3.Connection

    def get_meta(self, name: str) -> str:
        """Return the value of `name` in the table meta, "" if there is none."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def select_todo(self, kind: str, limit: int, exclude: Collection[int]) -> list[tuple[int, str]]:
        """Return up to `limit` (row, url) of `kind` to request, lowest priority first, without the rows in `exclude`.

        Pages found by links are returned only when no page of a sitemap is left.
        """
        rows = self._db.execute(
            "SELECT id, url, priority < ? FROM frontier WHERE status = 'todo' AND kind = ? ORDER BY priority LIMIT ?",
            (LINKED_OFFSET, kind, limit + len(exclude)),
        ).fetchall()
        return [(row, url) for row, url, is_in_sitemap in rows if is_in_sitemap == rows[0][2] and row not in exclude][
            :limit
        ]

    def has_todo(self, kind: str) -> bool:
        """Return whether any URL of `kind` has the status todo."""
        found = self._db.execute("SELECT 1 FROM frontier WHERE status = 'todo' AND kind = ? LIMIT 1", (kind,))
        return found.fetchone() is not None

    def has_failed(self, kind: str) -> bool:
        """Return whether any URL of `kind` failed that was not optional."""
        found = self._db.execute(
            "SELECT 1 FROM frontier WHERE status = 'failed' AND kind = ? AND NOT optional LIMIT 1", (kind,)
        )
        return found.fetchone() is not None

    def is_over_budget(self, row: int) -> bool:
        """Return whether a row waits for the budget of its URL template."""
        found = self._db.execute("SELECT 1 FROM frontier WHERE id = ? AND status = 'over_budget'", (row,))
        return found.fetchone() is not None

    def get_sitemap_photos(self, page: str) -> list[str]:
        """Return the photos that a sitemap lists for `page`."""
        found = self._db.execute("SELECT url FROM sitemap_photos WHERE page_url = ? ORDER BY position", (page,))
        return [url for (url,) in found]

    def count_photos(self) -> int:
        """Return the number of downloaded photos."""
        return int(self._db.execute("SELECT count(*) FROM photos").fetchone()[0])

    def count_failures(self) -> Counter[str]:
        """Return the number of failed URLs that were not optional, by "kind: reason"."""
        query = (
            "SELECT kind || ': ' || reason, count(*) FROM frontier WHERE status = 'failed' AND NOT optional GROUP BY 1"
        )
        return Counter(dict(self._db.execute(query)))

    def get_url(self, row: int) -> str:
        """Return the URL of a row."""
        return str(self._db.execute("SELECT url FROM frontier WHERE id = ?", (row,)).fetchone()[0])


def compute_priority(url: str, *, linked: bool) -> int:
    """Return the priority of a URL, a hash of it: the lowest is requested first, as in a heap."""
    priority = int.from_bytes(hashlib.sha256(url.encode()).digest()[:8], "big") >> 2
    return priority + LINKED_OFFSET if linked else priority


class FrontierWriter:
    """Write the URLs of feeds, sitemaps and listings into the frontier, within the store's transaction.

    Args:
        db: The state file.
        purged_urls: URLs that are never added.
    """

    def __init__(self, db: sqlite3.Connection, purged_urls: Collection[str]) -> None:
        self._db, self._purged_urls = db, purged_urls
        self.budget = CrawlBudget(db)

    def add_urls(self, kind: str, urls: Iterable[str], *, optional: bool = False, linked: bool = False) -> None:
        """Add URLs to the frontier, see `Store.add_urls`."""
        rows = (
            (kind, url, compute_priority(url, linked=linked), optional) for url in urls if url not in self._purged_urls
        )
        self._db.executemany("INSERT OR IGNORE INTO frontier (kind, url, priority, optional) VALUES (?, ?, ?, ?)", rows)

    def add_variants(self, row: int, urls: Iterable[str]) -> None:
        """Add the pages of a product's variants; they have the priority of its page, so that limits keep them.

        A page that was found as a variant adds none, so the number of pages is bounded however pages link.
        """
        query = "SELECT priority, is_variant FROM frontier WHERE id = ?"
        priority, is_variant = self._db.execute(query, (row,)).fetchone()
        if is_variant:
            return
        self._db.executemany(
            "INSERT OR IGNORE INTO frontier (kind, url, priority, is_variant) VALUES (?, ?, ?, 1)",
            ((PAGE, url, priority) for url in urls if url not in self._purged_urls),
        )

    def add_sitemap(self, item: SitemapItem) -> None:
        """Add the pages, the further sitemaps, and the photos that the sitemap lists for the pages."""
        self.add_urls(SITEMAP, item.sitemaps)
        self.add_urls(PAGE, item.pages)
        self._db.executemany(
            "INSERT OR IGNORE INTO sitemap_photos VALUES (?, ?, ?)",
            ((page, position, url) for page, photos in item.photos.items() for position, url in enumerate(photos)),
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO sitemap_translations VALUES (?, ?, ?)",
            ((page, language, url) for page, links in item.translations.items() for language, url in links),
        )

    def add_feed(self, item: FeedPartItem) -> list[str]:
        """Save the products, each as a page that was read, and add the feed's next page unless all products are known.

        Returns:
            The ids of the new products.
        """
        ids = dict.fromkeys(entry.product.product_id for entry in item.products)
        first_position = min((entry.position for entry in item.products), default=0)
        new_ids = [product_id for product_id in ids if not self._is_known_product(product_id, MAX_PRIORITY)]
        has_more = any(not self._is_known_product(product_id, first_position) for product_id in ids)
        for entry in item.products:
            self._add_feed_product(entry)
        self._db.executemany(
            "INSERT OR IGNORE INTO frontier (kind, url, priority, status, attempts, reason)"
            " VALUES (?, ?, 0, 'failed', 1, ?)",
            ((PAGE, *row) for row in item.bad_rows),
        )
        if has_more:
            self.add_urls(FEED, item.next_pages)
        self.budget.record_new_products(len(new_ids))
        return new_ids

    def _is_known_product(self, product_id: str, before_priority: int) -> bool:
        """Return whether a product has a page with a priority below `before_priority`."""
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
            # Two rows with the same URL are two variants; the position distinguishes them.
            page = f"{page}#{position}"
        self._db.execute(
            "INSERT INTO frontier (kind, url, priority, status, attempts) VALUES (?, ?, ?, 'done', 1)"
            " ON CONFLICT (url, kind) DO UPDATE SET priority = excluded.priority, status = 'done', attempts = 1",
            (PAGE, page, position),
        )
        self._db.execute(
            "INSERT OR REPLACE INTO products (page_url, priority, product_id, product_json, is_from_feed)"
            " VALUES (?, ?, ?, ?, 1)",
            (page, position, product.product_id, body),
        )
        self.add_urls(PHOTO, (photo.url for photo in product.photos))

    def add_listing(self, item: ListingItem) -> None:
        """Save a page and its links; pagination ends at a numbered page that only repeats earlier pages."""
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
        row = (item.url, item.breadcrumb, item.page_title, item.language)
        self._db.execute("INSERT OR REPLACE INTO listings VALUES (?, ?, ?, ?)", row)
        self._db.executemany(
            "INSERT OR IGNORE INTO listing_links VALUES (?, ?)", ((link.url, item.url) for link in main_links)
        )
        self._db.executemany("INSERT OR IGNORE INTO skipped_urls VALUES (?, ?)", skipped)
        has_products = any(self._is_product_page(link.url) for link in main_links)
        self.budget.record_listing(item.row, leads_to_products=has_products, is_free=is_later_page and has_products)
        self._add_links(links, crawl_traps.url_template(item.url))

    def _is_repeated_page(self, url: str, base_listing: str, main_links: Iterable[Link]) -> bool:
        """Return whether other pages of `base_listing` link to everything that `url` links to, except its own pages."""
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
            # optional = 0: a missing page that a listing links to is a failure.
            inserted = self._db.execute(
                "INSERT OR IGNORE INTO frontier (kind, url, priority, optional) VALUES (?, ?, ?, 0) RETURNING id",
                (PAGE, link.url, compute_priority(link.url, linked=True)),
            ).fetchone()
            if not inserted:
                continue
            if self._is_reordered(link.url, inserted[0]):
                self._db.execute("DELETE FROM frontier WHERE id = ?", inserted)
                self._db.execute("INSERT OR IGNORE INTO skipped_urls VALUES (?, ?)", (link.url, REORDERED))
            else:
                self.budget.register_link(inserted[0], link.url, source_template)

    def _is_reordered(self, url: str, row: int) -> bool:
        """Return whether a known page, which did not fail, has the parts of `url` in another order.

        If there is none, the page in `row`, which is that of `url`, becomes the known one.
        """
        parts = crawl_traps.unordered_parts(url)
        if not parts:
            return False
        digest = int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest()[:8], "big", signed=True)
        known = self._db.execute(
            "SELECT 1 FROM unordered_urls u JOIN frontier f ON f.id = u.frontier_id"
            " WHERE u.hash = ? AND f.status != 'failed'",
            (digest,),
        )
        if known.fetchone() is not None:
            return True
        self._db.execute("INSERT OR REPLACE INTO unordered_urls VALUES (?, ?)", (digest, row))
        return False

    def set_status(
        self, row: int, status: str, attempts: int = 1, reason: str | None = None, signature: str | None = None
    ) -> None:
        """Save how a request ended; `attempts` are added to those of earlier runs."""
        self._db.execute(
            "UPDATE frontier SET status = ?, attempts = attempts + ?, reason = ?, page_signature = ? WHERE id = ?",
            (status, attempts, reason, signature, row),
        )

    def reopen_feeds(self) -> None:
        """Schedule all feeds again, because they were read only up to a limit on products."""
        self._db.execute("UPDATE frontier SET status = 'todo' WHERE status = 'done' AND kind = ?", (FEED,))

    def retry_failed(self) -> int:
        """Schedule only the failed URLs; return their number."""
        self._db.execute("UPDATE frontier SET status = 'postponed' WHERE status = 'todo'")
        return self._db.execute("UPDATE frontier SET status = 'todo' WHERE status = 'failed' AND NOT optional").rowcount

    def revert_pages(self, signature: str) -> int:
        """Discard all pages with this signature, so that they are requested again; return their number."""
        pages = "SELECT url FROM frontier WHERE page_signature = ? AND kind = ?"
        for table, column in (("products", "page_url"), ("listings", "page_url"), ("listing_links", "listing_url")):
            self._db.execute(f"DELETE FROM {table} WHERE {column} IN ({pages})", (signature, PAGE))
        changed = self._db.execute(
            "UPDATE frontier SET status = 'todo', page_signature = NULL WHERE page_signature = ? AND kind = ?",
            (signature, PAGE),
        )
        return changed.rowcount
