"""Snapshot: one shop's finished crawl, read back from its store in an order that no run of the crawl can change.

Cuts: what was not asked because it is a trap, counted by reason and by URL pattern, with examples.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, TypedDict
from urllib.parse import urlsplit

from crawler.discover import crawl_traps, links
from crawler.items import PAGE, PHOTO
from crawler.storage import product_json
from crawler.storage.blobs import BlobStore
from crawler.storage.frontier import LINKED_OFFSET, MAX_PRIORITY
from crawler.storage.state_file import SCHEMA_VERSION
from weft.contracts.product import PhotoLink, Product
from weft.errors import ShopError

MAX_EXAMPLES_PER_REASON = 5
MAX_TEMPLATES_PER_REASON = 20
"""As many are listed for each reason, the most frequent."""
OVER_BUDGET = "over budget"


class SkippedUrls(TypedDict):
    """What was cut for one reason."""

    pages: int
    url_templates: dict[str, int]
    """By URL pattern how many pages, most first."""
    examples: list[str]
    """The first URLs by the alphabet."""


def count_skipped_urls(db: sqlite3.Connection) -> dict[str, SkippedUrls]:
    """By reason, what the crawl whose state is open in `db` did not ask."""
    rows = db.execute(
        "SELECT reason, url FROM skipped_urls UNION ALL SELECT ?, url FROM frontier WHERE status = 'over_budget' ORDER BY 1, 2",
        (OVER_BUDGET,),
    )
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    examples: defaultdict[str, list[str]] = defaultdict(list)
    for reason, url in rows:
        counts[reason][crawl_traps.url_template(url)] += 1
        if len(examples[reason]) < MAX_EXAMPLES_PER_REASON:
            examples[reason].append(url)
    return {
        reason: SkippedUrls(
            pages=template_counts.total(), url_templates=_top_counts(template_counts), examples=examples[reason]
        )
        for reason, template_counts in sorted(counts.items())
    }


def _top_counts(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_TEMPLATES_PER_REASON])


class FailedUrl(NamedTuple):
    """A URL that could not be had."""

    url: str
    kind: str
    """"page" (sitemaps too) or "photo"."""
    reason: str
    attempts: int


class RemovedProduct(NamedTuple):
    """A product that has gone from the shop since the crawl before."""

    product_id: str
    url: str
    reason: str


class Snapshot:
    """What one crawl brought home.

    Where the crawl had a limit on products, these are the first by rank, whatever else it met on the way.

    Args:
        path: Its state file.

    Raises:
        ShopError: There is no readable state at `path`.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
            self._meta = dict(self._db.execute("SELECT name, value FROM meta"))
            is_ours = self._db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
        except sqlite3.Error as error:
            raise ShopError(f"{path}: no crawl state to read ({error}); crawl the shop first") from error
        if not is_ours:
            raise ShopError(f"{path}: the state of another version of the crawler; delete it to crawl anew")
        self._blobs = BlobStore(path.parent)
        self._path = path
        self.shop: str = self._meta.get("shop", "")
        """Our name for the shop."""
        self._max_products = int(self._meta.get("max_products", "0"))

    def close(self) -> None:
        """Close the state file."""
        self._db.close()

    @property
    def previous_state(self) -> Path | None:
        """The state of the crawl before, where there was one with the same limit on products and it is still there."""
        path = self._path.parent / self._meta.get("previous_state", "")
        has_same_limit = self._meta.get("previous_max_products") == self._meta.get("max_products")
        return path if self._meta.get("previous_state") and has_same_limit and path.exists() else None

    @property
    def is_complete(self) -> bool:
        """Whether the crawl came to its end."""
        return self._meta.get("complete") == "yes"

    @property
    def stop_reason(self) -> str:
        """Why it stopped before its end, "" when nobody said."""
        return str(self._meta.get("stop_reason", ""))

    def products(self) -> Iterator[Product]:
        """Every product, all its sightings joined, sorted by product_id."""
        for observations, page_urls in self._observations():
            yield product_json.merge_observations(
                observations,
                (category_path for url in sorted(page_urls) for category_path in self._listing_category_paths(url)),
            )

    def galleries(self) -> Iterator[tuple[str, Sequence[PhotoLink]]]:
        """Every product_id with the product's photos, as `products` has them, without looking for its categories."""
        for observations, _ in self._observations():
            product = product_json.merge_observations(observations, ())
            yield product.product_id, product.photos

    def _observations(self) -> Iterator[tuple[list[tuple[str, Product]], set[str]]]:
        """Product by product, (page, what it shows) of its pages, and every address it is known by."""
        rows = self._db.execute(
            "SELECT product_id, page_url, product_json FROM products WHERE priority <= ? ORDER BY product_id, page_url",
            (self._last_priority,),
        )
        for _, product_rows in groupby(rows, key=lambda row: row[0]):
            bodies = {page: body for _, page, body in product_rows}
            observations = [(page, product_json.product_from_json(body)) for page, body in bodies.items() if body]
            # An address alone can tell a product whose page was taken back since.
            if observations:
                yield observations, {*bodies, *(product.url for _, product in observations)}

    def photo_digest(self, url: str) -> str | None:
        """The sha256 of a photo, None when it could not be had."""
        row = self._db.execute("SELECT sha256 FROM photos WHERE url = ?", (url,)).fetchone()
        return str(row[0]) if row else None

    def photo_bytes(self, sha256: str) -> bytes:
        """A photo as it was served.

        Raises:
            ShopError: Its file is gone or damaged.
        """
        body = self._blobs.read(sha256)
        if body is None:
            raise ShopError(
                f"{self._blobs.path(sha256)}: this photo of {self.shop} is missing or damaged; remove the file and "
                f"fetch it again: scrapy crawl shop -a name={self.shop} -a url={self._meta.get('start', '')} "
                f"-a state={self._path}"
            )
        return body

    def photo_url(self, sha256: str) -> str:
        """An address of a photo: the first by name."""
        return str(self._db.execute("SELECT min(url) FROM photos WHERE sha256 = ?", (sha256,)).fetchone()[0])

    def removed_products(self) -> Iterator[RemovedProduct]:
        """Every product of the crawl before that has gone from the shop, sorted by product_id."""
        rows = self._db.execute("SELECT product_id, url, reason FROM removed_products ORDER BY product_id")
        return (RemovedProduct(*row) for row in rows)

    def count_requested_pages(self) -> int:
        """Pages and sitemaps that somebody named and that were asked."""
        found = self._db.execute(
            "SELECT count(*) FROM frontier"
            " WHERE kind != ? AND status IN ('done', 'failed') AND NOT optional AND priority <= ?",
            (PHOTO, self._last_priority),
        )
        return int(found.fetchone()[0])

    def failures(self) -> Iterator[FailedUrl]:
        """Every URL that could not be had, sorted; of photos only those that a product of the snapshot shows."""
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
        """Pages that were read and showed no product of their own."""
        found = self._db.execute(
            "SELECT count(*) FROM frontier WHERE kind = ? AND status = 'done' AND priority <= ?"
            " AND NOT EXISTS (SELECT 1 FROM products WHERE page_url = url)",
            (PAGE, self._last_priority),
        )
        return int(found.fetchone()[0])

    def skipped_urls(self) -> dict[str, SkippedUrls]:
        """By reason, the pages that were not asked because they are traps."""
        # Where the sitemaps were enough, a listing that was read all the same was read by chance.
        return count_skipped_urls(self._db) if self._last_priority >= LINKED_OFFSET else {}

    @property
    def limit_reached(self) -> str:
        """The limit that kept some of the shop from being asked, "" for none; that on products is none of these."""
        return str(self._meta.get("limit_reached", ""))

    def summarise_frontier(self) -> str:
        """What the crawl met, in words, for an error: counts by kind and outcome."""
        counts: Counter[str] = Counter()
        rows = self._db.execute("SELECT kind, status, reason, count(*) FROM frontier GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
        for kind, status, reason, count in rows:
            counts[f"{kind} {reason or {'done': 'read', 'todo': 'not asked'}[status]}"] += count
        return ", ".join(f"{count} x {description}" for description, count in counts.items()) or "nothing"

    @cached_property
    def _last_priority(self) -> int:
        """The rank of the last page that counts, where products are limited."""
        if not self._max_products:
            return MAX_PRIORITY
        chosen: set[str] = set()
        for product_id, priority in self._db.execute("SELECT product_id, priority FROM products ORDER BY priority"):
            chosen.add(product_id)
            if len(chosen) == self._max_products:
                return int(priority)
        return MAX_PRIORITY

    @cached_property
    def _failed_photos(self) -> set[str]:
        failed = {url for (url,) in self._db.execute("SELECT url FROM frontier WHERE status = 'failed'")}
        return {photo.url for _, photos in self.galleries() for photo in photos} & failed

    @cached_property
    def _listings_by_path(self) -> dict[str, tuple[str, str]]:
        """By path, the (trail, label) of each page that lists something, but not of the start page."""
        start = urlsplit(self._meta.get("start_url", "")).path.rstrip("/")
        rows = self._db.execute(
            "SELECT page_url, breadcrumb, page_title FROM listings WHERE page_url IN (SELECT listing_url FROM listing_links) ORDER BY page_url DESC"
        )
        listings = {urlsplit(page).path.rstrip("/"): (breadcrumb, page_title) for page, breadcrumb, page_title in rows}
        listings.pop(start, None)
        return listings

    def _listing_category_paths(self, url: str) -> Iterator[str]:
        """The category paths of the listings that lead to `url`."""
        if self._last_priority < LINKED_OFFSET:
            # The sitemaps were enough; a listing that was read all the same was read by chance.
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
