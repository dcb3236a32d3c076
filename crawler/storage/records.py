"""Writer of products and photos into the tables of a state file."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

from crawler.discover import urls
from crawler.extract.relations import Relations
from crawler.items import PAGE, PHOTO, PhotoItem, ProductItem, ResponseInfo
from crawler.storage import product_json
from crawler.storage.blobs import BlobStore, BlobWriter
from crawler.storage.frontier import LINKED_OFFSET, FrontierWriter
from crawler.storage.previous_crawl import PreviousCrawl
from crawler.storage.purge import PurgeList
from weft.contracts.product import Product

UNEXPECTED_NOT_MODIFIED = "HTTP 304"


class RecordWriter:
    """Write products and photos, within the store's transaction.

    Args:
        db: The state file.
        blobs: The photo files.
        blob_writer: Writer of new photo files.
        previous_crawl: The records of the previous crawl.
        purge_list: What must not be stored.
        frontier: The writer of the frontier and of the crawl budget.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        blobs: BlobStore,
        blob_writer: BlobWriter,
        previous_crawl: PreviousCrawl,
        purge_list: PurgeList,
        frontier: FrontierWriter,
    ) -> None:
        self._db, self._blobs, self._blob_writer = db, blobs, blob_writer
        self._previous_crawl, self._purge_list, self._frontier = previous_crawl, purge_list, frontier

    def write_product(self, item: ProductItem) -> list[str]:
        """Save a product and add its photos to the frontier; return its id in a list if it is new."""
        product = item.product
        if self._purge_list.contains(product):
            return []
        new_ids = self._record_if_new(item.row, product.product_id, item.relations)
        self.write_observation(
            item.row,
            product.product_id,
            product_json.product_to_json(product),
            item.response_info,
            relations=item.relations.to_json(),
        )
        self._frontier.add_variants(item.row, item.variants)
        self._frontier.add_urls(PHOTO, (photo.url for photo in product.photos))
        return new_ids

    def write_observation(
        self, row: int, product_id: str, body: str, response_info: ResponseInfo | None = None, relations: str = ""
    ) -> None:
        """Save that the page in `row` shows `product_id`.

        Args:
            row: The page's row in the frontier.
            product_id: The product.
            body: The product as JSON, "" if only the URL identifies it.
            response_info: How the page was served.
            relations: The pages that the page names as those of the same product, as JSON.
        """
        response_info = response_info or ResponseInfo()
        self._db.execute(
            "INSERT OR REPLACE INTO products SELECT url, priority, ?, ?, ?, 0, ?, iif(url = ?, ?, '{}')"
            " FROM frontier WHERE id = ?",
            (
                product_id,
                body,
                relations,
                response_info.fetched_at,
                response_info.url,
                _headers_json(response_info),
                row,
            ),
        )

    def get_product(self, product_id: str) -> Product | None:
        """Return a product, merged from the pages read so far; None if its pages were discarded."""
        query = "SELECT page_url, product_json FROM products WHERE product_id = ? AND product_json != ''"
        rows = self._db.execute(query, (product_id,))
        observations = [(page, product_json.product_from_json(body)) for page, body in rows]
        return (
            product_json.merge_observations(product_json.sort_observations(observations), ()) if observations else None
        )

    def find_product_at_suffix(self, row: int, url: str) -> str:
        """Return the product_id of the sitemap page whose path ends a linked URL, "" if there is none."""
        linked = self._db.execute("SELECT 1 FROM frontier WHERE id = ? AND priority >= ?", (row, LINKED_OFFSET))
        if linked.fetchone() is None:
            return ""
        for suffix in urls.path_suffixes(url):
            query = "SELECT product_id FROM products WHERE page_url = ? AND priority < ?"
            if known := self._db.execute(query, (suffix, LINKED_OFFSET)).fetchone():
                return str(known[0])
        return ""

    def write_photo(self, item: PhotoItem) -> None:
        """Save a photo and how it was served."""
        if hashlib.sha256(item.body).hexdigest() in self._purge_list.digests:
            return
        digest = self._blob_writer.add(item.body)
        response_info = item.response_info
        self._db.execute(
            "INSERT OR REPLACE INTO photos SELECT url, ?, coalesce(nullif(?, ''), url), ?, ?, ? FROM frontier"
            " WHERE id = ?",
            (
                digest,
                response_info.url,
                response_info.fetched_at,
                response_info.robots,
                _headers_json(response_info),
                item.row,
            ),
        )

    def write_unchanged(self, row: int) -> list[str]:
        """Save that a URL has not changed since the previous crawl; return the ids of the new products."""
        kind, url = self._db.execute("SELECT kind, url FROM frontier WHERE id = ?", (row,)).fetchone()
        new_ids = None
        if kind == PAGE:
            new_ids = self.write_unchanged_page(row, datetime.now(UTC).isoformat(timespec="seconds"))
        elif self._previous_crawl.restore_photo(url):
            new_ids = []
        if new_ids is None:
            self._db.execute(
                "UPDATE frontier SET status = 'failed', reason = ? WHERE id = ?", (UNEXPECTED_NOT_MODIFIED, row)
            )
        return new_ids or []

    def write_unchanged_page(self, row: int, confirmed_at: str | None) -> list[str] | None:
        """Copy the product of an unchanged page, and those of its photos that have no validators.

        Args:
            row: The page's row in the frontier.
            confirmed_at: The time at which the shop answered HTTP 304, None if the page was not requested.

        Returns:
            The ids of the new products, None if the previous crawl has no product of the page.
        """
        product = self._previous_crawl.get_product(row)
        if product is None:
            return None
        new_ids = self._record_if_new(row, product.product_id, self._previous_crawl.get_relations(row))
        self._previous_crawl.restore_page(row, confirmed_at)
        photos = [photo.url for photo in product.photos]
        self._frontier.add_urls(PHOTO, photos)
        for url in photos:
            if self._previous_crawl.can_reuse_with_page(url) and self._previous_crawl.restore_photo(url):
                self._db.execute("UPDATE frontier SET status = 'done' WHERE url = ? AND kind = ?", (url, PHOTO))
        return new_ids

    def _is_product_page(self, url: str) -> bool:
        query = "SELECT 1 FROM products WHERE page_url = ? AND product_json != ''"
        return self._db.execute(query, (url,)).fetchone() is not None

    def requeue_missing_photos(self) -> int:
        """Add photos whose files are missing to the frontier again; return the number of missing files."""
        digests = self._db.execute("SELECT DISTINCT sha256 FROM photos").fetchall()
        missing = [row for row in digests if not self._blobs.has(row[0])]
        for row in missing:
            self._db.execute(
                "UPDATE frontier SET status = 'todo' WHERE kind = 'photo'"
                " AND url IN (SELECT url FROM photos WHERE sha256 = ?)",
                row,
            )
            self._db.execute("DELETE FROM photos WHERE sha256 = ?", row)
        return len(missing)

    def _record_if_new(self, row: int, product_id: str, relations: Relations) -> list[str]:
        """Return `product_id` in a list if neither it nor a page of the same product is known.

        This is a first guess: which pages show one product is known only at the end, see crawler.storage.families.
        """
        known = self._db.execute(
            "SELECT 1 FROM products WHERE product_id = ?"
            " UNION ALL SELECT 1 FROM frontier WHERE id = ? AND is_variant LIMIT 1",
            (product_id, row),
        )
        is_new = known.fetchone() is None and not any(map(self._is_product_page, _related_pages(relations)))
        self._frontier.budget.record_product(row, is_new=is_new)
        return [product_id] if is_new else []


def _related_pages(relations: Relations) -> Iterator[str]:
    yield from relations.groups
    yield from relations.pages_of_variants
    yield from (url for _, url in relations.translations)


def _headers_json(response_info: ResponseInfo) -> str:
    return json.dumps(dict(response_info.headers), sort_keys=True)
