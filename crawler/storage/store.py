"""The store: one SQLite file per shop and crawl, in WAL mode, with the frontier and all extracted records.

An item changes the frontier and the records in one transaction, and photo files have their final names before the rows
that refer to them are committed. A crawl that is killed loses only the last second: the URLs of that second are still
in the frontier, and the next run requests them again.
"""

import sqlite3
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from crawler.items import (
    PAGE,
    CrawlItem,
    FailedItem,
    FeedPartItem,
    ListingItem,
    PhotoItem,
    ProductItem,
    SitemapItem,
    UnchangedItem,
)
from crawler.storage import families, purge
from crawler.storage.blobs import BlobStore
from crawler.storage.frontier import Frontier, FrontierWriter
from crawler.storage.previous_crawl import PreviousCrawl, extraction_version, find_previous_state
from crawler.storage.records import RecordWriter
from crawler.storage.state_file import StateError, acquire_lock, open_database, write_error
from weft.contracts.product import Product
from weft.errors import ShopError

COMMIT_INTERVAL_SECONDS = 1.0
"""Maximum amount of work that is repeated after a crash."""


class Store(Frontier):
    """The state of one crawl.

    Args:
        path: The SQLite file; it is created with its folder if it is missing. Photo files are in a folder beside it.

    Raises:
        ShopError: The file cannot be opened, or is not a crawl state.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._purge_list = purge.load_purge_list(path.parent)
        self._lock = acquire_lock(path)
        try:
            self._db = open_database(path)
        except ShopError:
            self._lock.close()
            raise
        self._blobs = BlobStore(path.parent)
        self._blob_writer = self._blobs.open_writer(path.stem)
        self.previous_crawl = PreviousCrawl(self._db, self._blobs)
        """The records of the previous crawl, empty if there was none."""
        self._frontier_writer = FrontierWriter(self._db, self._purge_list.urls)
        self._record_writer = RecordWriter(
            self._db,
            self._blobs,
            self._blob_writer,
            self.previous_crawl,
            self._purge_list,
            self._frontier_writer,
        )
        self._committed_at = time.monotonic()
        self._write_error: StateError | None = None
        self._recover()
        self.product_count, self._is_counted = families.count_products(self._db), True
        """Number of different products so far."""
        self.new_product_ids: deque[str] = deque()
        """The products that `take_new_products` has not returned yet."""
        self.in_flight: set[int] = set()
        """Rows of the frontier that were requested and have no final item yet."""

    def begin(self, shop: str, start_url: str, snapshot: int, max_products: int = 0) -> None:
        """Save which shop this crawl is of; a new crawl copies the records of the previous one in the same folder.

        Raises:
            ShopError: The shop was purged, or the previous crawl cannot be read.
        """
        self._purge_list.check_shop(shop)
        if self.get_meta("shop"):
            self._change_limit(max_products)
            return
        previous_state = find_previous_state(self.path.parent, self.path, shop, start_url, snapshot)
        if previous_state is not None:
            self.previous_crawl.import_previous(previous_state)
        self.set_meta(shop=shop, start_url=start_url, snapshot=str(snapshot), max_products=str(max_products))

    def _change_limit(self, max_products: int) -> None:
        """Go on with a crawl that ended at a lower limit on products, 0 for none."""
        old_limit = int(self.get_meta("max_products") or 0)
        is_higher = 0 < old_limit <= self.product_count and not 0 < max_products <= old_limit
        with self._transaction():
            if is_higher:
                self._frontier_writer.reopen_feeds()
        self.set_meta(max_products=str(max_products), **({"complete": ""} if is_higher else {}))

    def set_meta(self, **values: str) -> None:
        """Save values in the table meta, and commit."""
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())
        self.commit()

    def add_urls(self, kind: str, urls: Iterable[str], *, optional: bool = False, linked: bool = False) -> None:
        """Add URLs to the frontier; known URLs do not change, and purged URLs are not added.

        Args:
            kind: What the URLs should lead to.
            urls: Canonical URLs.
            optional: The URLs are guesses, so it is no failure when they are missing.
            linked: The URLs were found by links, not in a sitemap.
        """
        with self._transaction():
            self._frontier_writer.add_urls(kind, urls, optional=optional, linked=linked)

    def add_unseen_previous_urls(self) -> bool:
        """Add the pages of the previous crawl that this crawl lacks, if no other URL is left; return whether any was.

        Their responses tell which products were removed from the shop.
        """
        if not self.get_meta("previous_state") or self.get_meta("unseen") == "requested":
            return False
        if self._db.execute("SELECT 1 FROM frontier WHERE status IN ('todo', 'postponed') LIMIT 1").fetchone():
            return False
        pages = list(self.previous_crawl.unseen_pages())
        self.add_urls(PAGE, pages, optional=True, linked=True)
        self.set_meta(unseen="requested")
        return bool(pages)

    def skip_if_unchanged(self, row: int, url: str) -> bool:
        """Return whether a page need not be requested; if so its status becomes done.

        That is the case if the sitemap states that the page has not changed since the previous crawl, or if a link led
        to a URL that repeats a product's URL with a category in front: "/women/p/1" shows the product of "/p/1". Only
        products of sitemaps count for that. They are all known before the first link is followed, so the result does
        not depend on timing.
        """
        if url in self._purge_list.urls:
            with self._transaction():
                self._frontier_writer.set_status(row, "done")
            return True
        if self.previous_crawl.is_lastmod_unchanged(row):
            with self._transaction():
                self._frontier_writer.set_status(row, "done", attempts=0)
                self._add_products(self._record_writer.write_unchanged_page(row, None) or [])
            return True
        product_id = self._record_writer.find_product_at_suffix(row, url)
        if product_id:
            with self._transaction():
                self._frontier_writer.set_status(row, "done", attempts=0)
                self._record_writer.write_observation(row, product_id, "")
        return bool(product_id)

    def save(self, item: CrawlItem, signature: str | None = None) -> None:
        """Save an item; it is committed within COMMIT_INTERVAL_SECONDS together with the items before it.

        Args:
            item: The result of a row of the frontier.
            signature: What the page looks like, for `revert_pages`.

        Raises:
            StateError: The disk is full or broken; nothing since the last commit is kept.
        """
        with self._transaction():
            if isinstance(item, FailedItem):
                self._frontier_writer.set_status(item.row, "failed", item.attempts, item.reason)
                page = "SELECT url FROM frontier WHERE id = ? AND kind = ?"
                self._db.execute(f"DELETE FROM products WHERE page_url = ({page})", (item.row, PAGE))
            elif item.is_final:
                self._frontier_writer.set_status(item.row, "done", signature=signature)
            self._save_content(item)
        if item.is_final:
            self.in_flight.discard(item.row)
        if time.monotonic() - self._committed_at >= COMMIT_INTERVAL_SECONDS:
            self.commit()

    def _save_content(self, item: CrawlItem) -> None:
        match item:
            case FeedPartItem():
                allowed = tuple(entry for entry in item.products if not self._purge_list.contains(entry.product))
                self._add_products(self._frontier_writer.add_feed(replace(item, products=allowed)))
            case SitemapItem():
                self._frontier_writer.add_sitemap(item)
                self.previous_crawl.update_lastmod(item.lastmod)
            case ProductItem():
                self._add_products(self._record_writer.write_product(item))
            case ListingItem():
                self._frontier_writer.add_listing(item)
            case PhotoItem():
                self._record_writer.write_photo(item)
            case UnchangedItem():
                self._add_products(self._record_writer.write_unchanged(item.row))

    def _add_products(self, product_ids: list[str]) -> None:
        self.product_count += len(product_ids)
        self.new_product_ids += product_ids
        self._is_counted = self._is_counted and not product_ids

    def recount_products(self) -> int:
        """Count the products again, because pages may have turned out to show one product; return their number."""
        if not self._is_counted:
            self.product_count, self._is_counted = families.count_products(self._db), True
        return self.product_count

    def take_new_products(self) -> Iterator[Product]:
        """Iterate over the products that were found since the last call, as they are known now."""
        while self.new_product_ids:
            if product := self._record_writer.get_product(self.new_product_ids.popleft()):
                yield product

    def retry_failed(self) -> int:
        """Schedule only the failed URLs for this run; return their number."""
        with self._transaction():
            changed = self._frontier_writer.retry_failed()
        self.set_meta(**({"complete": ""} if changed else {}))
        return changed

    def revert_pages(self, signature: str) -> int:
        """Discard all pages with this signature, so that the next run requests them again; return their number."""
        with self._transaction():
            changed = self._frontier_writer.revert_pages(signature)
        self.commit()
        self._is_counted = False
        self.recount_products()
        return changed

    def finish(self) -> None:
        """Mark the crawl as complete and record the products that were removed since the previous crawl."""
        with self._transaction():
            postponed = self._db.execute("UPDATE frontier SET status = 'todo' WHERE status = 'postponed'").rowcount
            if self.get_meta("unseen") == "requested":
                self.previous_crawl.finalise()
        if not postponed:
            self.set_meta(complete="yes", extraction_version=extraction_version())
        self.commit()

    def commit(self) -> None:
        """Commit everything saved so far.

        Raises:
            StateError: The disk is full or broken; nothing since the last commit is kept.
        """
        if self._db.in_transaction:
            with self._transaction():
                self._blob_writer.flush()
                self._db.execute("COMMIT")
        self._committed_at = time.monotonic()

    def close(self) -> None:
        """Commit and close."""
        try:
            self.commit()
        finally:
            self._blob_writer.close()
            self._db.close()
            self._lock.close()

    def close_with_error(self, message: str) -> None:
        """Close without a commit and write the reason into the lock file; for a disk that cannot be written."""
        write_error(self._lock, message)
        with suppress(sqlite3.Error, OSError):
            self._blob_writer.close()
            self._db.close()
        self._lock.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Open or join a transaction; an error of the disk rolls all of it back and ends the writing."""
        # A request in flight may be of a row that was rolled back, and a new row would get its id.
        if self._write_error:
            raise self._write_error
        try:
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
            yield
        except (sqlite3.Error, OSError) as error:
            self._db.rollback()
            self._blob_writer.discard()
            text = f"{self.path}: cannot be written ({error}); committed data is intact: free disk space and run again"
            self._write_error = StateError(text)
            raise self._write_error from error

    def _recover(self) -> None:
        """Prepare a resumed crawl: postponed URLs are due, and photos with missing files are requested again."""
        with self._transaction():
            self._db.execute("UPDATE frontier SET status = 'todo' WHERE status = 'postponed'")
            n_missing = self._record_writer.requeue_missing_photos()
        if n_missing:
            self.set_meta(complete="")
        self.commit()
