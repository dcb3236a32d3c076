"""Reader of one shop's finished crawl, in an order that is the same for every run of the crawl."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from crawler.discover import links
from crawler.items import PAGE, PHOTO
from crawler.storage import product_json
from crawler.storage.blobs import BlobStore
from crawler.storage.families import Families, count_products, find_families
from crawler.storage.frontier import LINKED_OFFSET, MAX_PRIORITY
from crawler.storage.no_products import explain_no_products
from crawler.storage.skipped_urls import SkippedUrls, count_skipped_urls
from crawler.storage.state_file import SCHEMA_VERSION
from weft.contracts.product import PhotoLink, Product
from weft.errors import ShopError


def _urls_in_language(observations: Sequence[tuple[str, Product]], bodies: Mapping[str, str]) -> set[str]:
    """Return the URLs of a product without those of its translations: their listings are in another language."""
    same_language, _ = product_json.split_languages(observations)
    identified_only = {page for page, body in bodies.items() if not body}
    return identified_only.union(*((page, product.url) for page, product in same_language))


class FailedUrl(NamedTuple):
    """A URL that could not be downloaded or read."""

    url: str
    kind: str
    """"page" (also for sitemaps and feeds) or "photo"."""
    reason: str
    attempts: int


class RemovedProduct(NamedTuple):
    """A product that was removed from the shop since the previous crawl."""

    product_id: str
    url: str
    reason: str


class Snapshot:
    """The results of one crawl.

    If the crawl had a limit on products, these are the first ones by priority, whatever else the crawl has read.

    Args:
        path: The state file.
        max_products: The limit on products, 0 for none; by default the limit of the crawl's last run.

    Raises:
        ShopError: There is no readable state file at `path`.
    """

    def __init__(self, path: Path, max_products: int | None = None) -> None:
        try:
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
            self._meta = dict(self._db.execute("SELECT name, value FROM meta"))
            is_ours = self._db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
        except sqlite3.Error as error:
            raise ShopError(f"{path}: no readable state file ({error}); crawl the shop first") from error
        if not is_ours:
            raise ShopError(f"{path}: a state file of another version of the crawler; delete it to crawl again")
        self._blobs = BlobStore(path.parent)
        self._path = path
        self.shop: str = self._meta.get("shop", "")
        """Our name for the shop."""
        self._crawled_limit = int(self._meta.get("max_products", "0"))
        self._max_products = self._crawled_limit if max_products is None else max_products

    def close(self) -> None:
        """Close the state file."""
        self._db.close()

    @property
    def previous_state(self) -> Path | None:
        """The state file of the previous crawl, None if there is none with the same limit on products."""
        path = self._path.parent / self._meta.get("previous_state", "")
        has_same_limit = self._meta.get("previous_max_products") == str(self._max_products)
        return path if self._meta.get("previous_state") and has_same_limit and path.exists() else None

    @property
    def is_complete(self) -> bool:
        """Whether the crawl is finished, and did not end at a limit on products that is lower than the present one."""
        is_limit_higher = self._crawled_limit > 0 and not 0 < self._max_products <= self._crawled_limit
        ended_at_limit = is_limit_higher and count_products(self._db) >= self._crawled_limit
        return self._meta.get("complete") == "yes" and not ended_at_limit

    @property
    def stop_reason(self) -> str:
        """Why the crawl stopped early, "" if no reason is known."""
        return str(self._meta.get("stop_reason", ""))

    def products(self) -> Iterator[Product]:
        """Iterate over all products, each merged from its observations, sorted by product_id."""
        for observations, page_urls in self._observations():
            yield product_json.merge_observations(
                observations,
                (category_path for url in sorted(page_urls) for category_path in self._listing_category_paths(url)),
            )

    def galleries(self) -> Iterator[tuple[str, Sequence[PhotoLink]]]:
        """Iterate over (product_id, photos) as in `products`, without the cost of the categories."""
        for observations, _ in self._observations():
            product = product_json.merge_observations(observations, ())
            yield product.product_id, product.photos

    def _observations(self) -> Iterator[tuple[list[tuple[str, Product]], set[str]]]:
        """Iterate over products: their (page, product) observations, and all URLs under which they are known."""
        for (product_id,) in self._db.execute(
            "SELECT DISTINCT product_id FROM products WHERE priority <= ? ORDER BY product_id", (self._last_priority,)
        ):
            if self._families.find_id(product_id) != product_id:
                continue
            bodies: dict[str, str] = {}
            observations: list[tuple[str, Product]] = []
            for member in self._families.find_members(product_id):
                rows = self._db.execute(
                    "SELECT page_url, product_json FROM products"
                    " WHERE product_id = ? AND priority <= ? ORDER BY page_url",
                    (member, self._last_priority),
                ).fetchall()
                pages = [(page, product_json.product_from_json(body)) for page, body in rows if body]
                bodies.update(rows)
                observations += product_json.sort_observations(pages)
            # A URL can identify a product whose page was discarded later.
            if observations:
                yield observations, _urls_in_language(observations, bodies)

    @cached_property
    def _families(self) -> Families:
        return find_families(self._db, start_language=self._start_language)

    @property
    def _start_language(self) -> str:
        query = "SELECT language FROM listings WHERE page_url = ?"
        row = self._db.execute(query, (self._meta.get("start_url", ""),)).fetchone()
        return str(row[0]) if row else ""

    def photo_digest(self, url: str) -> str | None:
        """Return the SHA-256 of a photo, None if it was not downloaded."""
        row = self._db.execute("SELECT sha256 FROM photos WHERE url = ?", (url,)).fetchone()
        return str(row[0]) if row else None

    def photo_bytes(self, sha256: str) -> bytes:
        """Return the bytes of a photo as served.

        Raises:
            ShopError: The file is missing or damaged.
        """
        body = self._blobs.read(sha256)
        if body is None:
            raise ShopError(
                f"{self._blobs.path(sha256)}: this photo of {self.shop} is missing or damaged; delete the file and "
                f"download it again: scrapy crawl shop -a name={self.shop} -a url={self._meta.get('start_url', '')} "
                f"-a state={self._path}"
            )
        return body

    def photo_url(self, sha256: str) -> str:
        """Return the alphabetically first URL of a photo."""
        return str(self._db.execute("SELECT min(url) FROM photos WHERE sha256 = ?", (sha256,)).fetchone()[0])

    def removed_products(self) -> Iterator[RemovedProduct]:
        """Iterate over the products that were removed since the previous crawl, sorted by product_id."""
        rows = self._db.execute("SELECT product_id, url, reason FROM removed_products ORDER BY product_id")
        return (RemovedProduct(*row) for row in rows)

    def count_requested_pages(self) -> int:
        """Return the number of pages and sitemaps that were requested, without optional ones."""
        found = self._db.execute(
            "SELECT count(*) FROM frontier"
            " WHERE kind != ? AND status IN ('done', 'failed') AND NOT optional AND priority <= ?",
            (PHOTO, self._last_priority),
        )
        return int(found.fetchone()[0])

    def failures(self) -> Iterator[FailedUrl]:
        """Iterate over the failed URLs, sorted; of photos only those that a product of the snapshot shows."""
        rows = self._db.execute(
            "SELECT url, kind, reason, attempts, priority FROM frontier"
            " WHERE status = 'failed' AND NOT optional ORDER BY url, kind"
        )
        seen = ""
        for url, kind, reason, attempts, priority in rows:
            is_included = (
                url in self._failed_photos if self._max_products and kind == PHOTO else priority <= self._last_priority
            )
            if is_included and url != seen:
                seen = url
                yield FailedUrl(url, PHOTO if kind == PHOTO else PAGE, reason, attempts)

    def count_pages_without_product(self) -> int:
        """Return the number of pages that were read and did not show one product."""
        found = self._db.execute(
            "SELECT count(*) FROM frontier WHERE kind = ? AND status = 'done' AND priority <= ?"
            " AND NOT EXISTS (SELECT 1 FROM products WHERE page_url = url)",
            (PAGE, self._last_priority),
        )
        return int(found.fetchone()[0])

    def skipped_urls(self) -> dict[str, SkippedUrls]:
        """Return the pages that were skipped because they are traps, by reason."""
        # If sitemaps contain enough products, it depends on timing which listings were read.
        return count_skipped_urls(self._db) if self._last_priority >= LINKED_OFFSET else {}

    @property
    def limit_reached(self) -> str:
        """The limit that prevented further requests, "" for none; the limit on products does not count."""
        return str(self._meta.get("limit_reached", ""))

    def summarise_frontier(self) -> str:
        """Return counts by kind and status as text for an error message."""
        counts: Counter[str] = Counter()
        rows = self._db.execute("SELECT kind, status, reason, count(*) FROM frontier GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
        for kind, status, reason, count in rows:
            counts[
                f"{kind} {reason or {'done': 'read', 'todo': 'not requested', 'over_budget': 'over budget'}[status]}"
            ] += count
        return ", ".join(f"{count} x {description}" for description, count in counts.items()) or "nothing"

    def explain_no_products(self) -> str:
        """Return why the crawl found no product: what it saw, and what to try."""
        return explain_no_products(self._db)

    @cached_property
    def _last_priority(self) -> int:
        """The priority of the last page that counts, if products are limited."""
        if not self._max_products:
            return MAX_PRIORITY
        chosen: set[str] = set()
        for product_id, priority in self._db.execute("SELECT product_id, priority FROM products ORDER BY priority"):
            chosen.add(self._families.find_id(product_id))
            if len(chosen) == self._max_products:
                return int(priority)
        return MAX_PRIORITY

    @cached_property
    def _failed_photos(self) -> set[str]:
        failed = {url for (url,) in self._db.execute("SELECT url FROM frontier WHERE status = 'failed'")}
        return {photo.url for _, photos in self.galleries() for photo in photos} & failed

    @cached_property
    def _listings_by_path(self) -> dict[str, tuple[str, str]]:
        """By path, (breadcrumb, page title) of each page with links to products, without the start page."""
        start = urlsplit(self._meta.get("start_url", "")).path.rstrip("/")
        rows = self._db.execute(
            "SELECT page_url, breadcrumb, page_title FROM listings"
            " WHERE page_url IN (SELECT listing_url FROM listing_links) ORDER BY page_url DESC"
        )
        listings = {urlsplit(page).path.rstrip("/"): (breadcrumb, page_title) for page, breadcrumb, page_title in rows}
        listings.pop(start, None)
        return listings

    def _listing_category_paths(self, url: str) -> Iterator[str]:
        """Iterate over the category paths of the listings that link to `url`."""
        if self._last_priority < LINKED_OFFSET:
            # Sitemaps contain enough products, so it depends on timing which listings were read.
            return
        for (listing,) in self._db.execute(
            "SELECT listing_url FROM listing_links WHERE target_url = ? ORDER BY listing_url", (url,)
        ):
            path = urlsplit(listing).path.rstrip("/")
            if path not in self._listings_by_path:
                continue
            breadcrumb, _ = self._listings_by_path[path]
            titles = [
                self._listings_by_path[parent][1]
                for parent in links.parent_paths(listing)
                if parent in self._listings_by_path
            ]
            yield breadcrumb or " > ".join(reversed(titles))
