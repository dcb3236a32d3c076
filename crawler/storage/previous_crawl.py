"""The previous crawl of a shop: unchanged pages are not downloaded again, and removed products are recorded."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path

from crawler.extract.relations import Relations
from crawler.items import FEED, PAGE, PHOTO, SITEMAP
from crawler.storage import product_json
from crawler.storage.blobs import BlobStore
from crawler.storage.families import Families, find_families
from crawler.storage.frontier import compute_priority
from weft.contracts.product import Product
from weft.errors import ShopError

REMOVED_REASONS = ("HTTP 404", "HTTP 410", "disallowed by robots.txt")
"""Failures that mean that a page is gone for good; any other failure may be temporary."""
NO_PRODUCT = "shows no product any more"
NOT_LISTED = "not listed any more"
_VALIDATORS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}


def find_previous_state(folder: Path, state: Path, shop: str, start_url: str, snapshot: int) -> Path | None:
    """Return the state file of the finished crawl of the shop with the highest snapshot below `snapshot`, if any."""
    candidates: list[tuple[int, str]] = []
    for path in folder.glob(f"{shop}-*.sqlite"):
        if path == state:
            continue
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
                meta = dict(db.execute("SELECT name, value FROM meta"))
                db.execute("SELECT relations FROM products LIMIT 1")
        except sqlite3.Error:
            continue
        number = int(meta.get("snapshot") or 0)
        if (meta.get("shop"), meta.get("start_url"), meta.get("complete")) == (
            shop,
            start_url,
            "yes",
        ) and number < snapshot:
            candidates.append((number, path.name))
    return folder / max(candidates)[1] if candidates else None


class PreviousCrawl:
    """The records of the previous crawl, copied into the state file of this one.

    Args:
        db: The state file of this crawl.
        blobs: The photos of both crawls.
    """

    def __init__(self, db: sqlite3.Connection, blobs: BlobStore) -> None:
        self._db = db
        self._blobs = blobs
        self._extraction_version = extraction_version()
        self._previous_extraction_version = ""
        self._load()

    def import_previous(self, state: Path) -> None:
        """Copy the records of the finished crawl in `state` in one transaction; call it before the first request.

        Raises:
            ShopError: The state file cannot be read.
        """
        if self._get_meta("previous_state"):
            return
        try:
            self._db.execute("ATTACH ? AS old", (str(state),))
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "INSERT OR REPLACE INTO previous_products"
                " SELECT page_url, product_id, product_json, is_from_feed, relations, read_at, headers, lastmod"
                " FROM old.products LEFT JOIN old.frontier ON url = page_url AND kind = ?",
                (PAGE,),
            )
            self._db.execute("INSERT OR REPLACE INTO previous_photos SELECT * FROM old.photos")
            old_meta = dict(self._db.execute("SELECT name, value FROM old.meta"))
            meta = {
                "previous_state": state.name,
                "previous_extraction_version": old_meta.get("extraction_version", ""),
                "previous_max_products": old_meta.get("max_products", ""),
            }
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())
            self._db.execute("COMMIT")
            self._db.execute("DETACH old")
        except sqlite3.Error as error:
            raise ShopError(
                f"{state}: the previous crawl cannot be read ({error}); delete the file to crawl without it"
            ) from error
        self._load()

    def validators(self, kind: str, url: str) -> dict[str, str]:
        """Return the headers of a conditional request, which the shop can answer with HTTP 304; {} for a new URL.

        A page is requested unconditionally if the code that reads pages has changed since.
        """
        if kind == PHOTO:
            query = "SELECT headers, sha256 FROM previous_photos WHERE url = ? AND final_url = url"
        elif kind == PAGE and self._is_same_extraction_version:
            query = (
                "SELECT headers, '' FROM previous_products"
                " WHERE page_url = ? AND product_json != '' AND NOT is_from_feed"
            )
        else:
            return {}
        row = self._db.execute(query, (url,)).fetchone()
        if row is None or (kind == PHOTO and not self._blobs.has(row[1])):
            return {}
        headers = json.loads(row[0])
        return {request_header: headers[name] for name, request_header in _VALIDATORS.items() if headers.get(name)}

    def update_lastmod(self, lastmod: Mapping[str, str]) -> None:
        """Save the last modification that a sitemap states for its pages; of two sitemaps the later date counts."""
        self._db.executemany(
            "UPDATE frontier SET lastmod = max(coalesce(lastmod, ''), ?) WHERE url = ? AND kind = 'page'",
            ((changed_at, page) for page, changed_at in lastmod.items()),
        )

    def is_lastmod_unchanged(self, row: int) -> bool:
        """Return whether the sitemap states the same last modification for a page as in the previous crawl.

        A date without a time is not reliable for the day on which the page was read.
        """
        if not self._is_same_extraction_version:
            return False
        found = self._db.execute(
            "SELECT 1 FROM frontier JOIN previous_products AS e ON e.page_url = url"
            " WHERE id = ? AND kind = ? AND e.lastmod = frontier.lastmod AND product_json != '' AND NOT is_from_feed"
            " AND (e.lastmod LIKE '____-__-__T%'"
            " OR (e.lastmod LIKE '____-__-__' AND e.lastmod < substr(e.read_at, 1, 10)))",
            (row, PAGE),
        )
        return found.fetchone() is not None

    def get_product(self, row: int) -> Product | None:
        """Return the product that the page in this row showed in the previous crawl."""
        found = self._db.execute(
            "SELECT product_json FROM previous_products JOIN frontier ON url = page_url"
            " WHERE id = ? AND product_json != ''",
            (row,),
        ).fetchone()
        return product_json.product_from_json(found[0]) if found else None

    def get_relations(self, row: int) -> Relations:
        """Return the pages that the page in this row named as those of the same product in the previous crawl."""
        found = self._db.execute(
            "SELECT relations FROM previous_products JOIN frontier ON url = page_url WHERE id = ?", (row,)
        ).fetchone()
        return Relations.from_json(found[0] if found else "")

    def restore_page(self, row: int, confirmed_at: str | None) -> None:
        """Copy the product of an unchanged page from the previous crawl.

        Args:
            row: The page's row in the frontier.
            confirmed_at: The time at which the shop answered HTTP 304, None if the page was not requested.
        """
        self._db.execute(
            "INSERT OR REPLACE INTO products SELECT page_url, priority, product_id, product_json, relations,"
            " is_from_feed, coalesce(?, read_at), headers FROM previous_products"
            " JOIN frontier ON url = page_url WHERE id = ?",
            (confirmed_at, row),
        )

    def restore_photo(self, url: str) -> bool:
        """Copy an unchanged photo from the previous crawl; return whether it existed there."""
        n_restored = self._db.execute(
            "INSERT OR REPLACE INTO photos SELECT * FROM previous_photos WHERE url = ?", (url,)
        ).rowcount
        return n_restored > 0

    def can_reuse_with_page(self, url: str) -> bool:
        """Return whether a photo of an unchanged page counts as unchanged: it is stored and has no validators."""
        found = self._db.execute("SELECT sha256 FROM previous_photos WHERE url = ?", (url,)).fetchone()
        return bool(found) and self._blobs.has(found[0]) and not self.validators(PHOTO, url)

    def unseen_pages(self) -> Iterator[str]:
        """Iterate over product pages of the previous crawl that this crawl has not found.

        They are requested before their products count as removed.
        """
        query = (
            "SELECT DISTINCT e.page_url FROM previous_products AS e WHERE NOT is_from_feed AND product_json != ''"
            " AND NOT EXISTS (SELECT 1 FROM frontier WHERE url = e.page_url AND kind = ?) ORDER BY 1"
        )
        return (str(page) for (page,) in self._db.execute(query, (PAGE,)).fetchall())

    def finalise(self) -> None:
        """Record the removed products, and copy those that only could not be requested this time."""
        self._db.execute("DELETE FROM removed_products")
        missing = self._db.execute(
            "SELECT product_id, page_url, product_json, is_from_feed FROM previous_products WHERE product_json != ''"
            " AND product_id NOT IN (SELECT product_id FROM products) ORDER BY product_id, page_url"
        ).fetchall()
        families = find_families(self._db, "previous_products") if missing else Families()
        for product_id, page, body, is_of_feed in missing:
            reason = self._removal_reason(page, is_of_feed)
            product = product_json.product_from_json(body)
            if reason and self._is_any_known(families.find_members(families.find_id(product_id))):
                # Only a variant is gone.
                continue
            if reason:
                row = (families.find_id(product_id), product.url, reason)
                self._db.execute("INSERT OR IGNORE INTO removed_products VALUES (?, ?, ?)", row)
                continue
            self._db.execute(
                "INSERT OR IGNORE INTO products"
                " SELECT page_url, ?, product_id, product_json, relations, is_from_feed, read_at, headers"
                " FROM previous_products WHERE page_url = ?",
                (compute_priority(page, linked=True), page),
            )
            for photo in product.photos:
                self._db.execute(
                    "INSERT OR IGNORE INTO photos SELECT * FROM previous_photos WHERE url = ?", (photo.url,)
                )
        self._db.execute("DELETE FROM removed_products WHERE product_id IN (SELECT product_id FROM products)")

    def _is_any_known(self, product_ids: Iterable[str]) -> bool:
        query = "SELECT 1 FROM products WHERE product_id = ? LIMIT 1"
        return any(self._db.execute(query, (product_id,)).fetchone() for product_id in product_ids)

    def _removal_reason(self, page: str, is_of_feed: bool) -> str:
        """Return why the product of `page` counts as removed, "" if that is not certain."""
        if is_of_feed:
            failed = self._db.execute(
                "SELECT 1 FROM frontier WHERE kind IN (?, ?) AND status = 'failed' AND NOT optional", (FEED, SITEMAP)
            )
            return "" if failed.fetchone() else NOT_LISTED
        row = self._db.execute("SELECT status, reason FROM frontier WHERE url = ? AND kind = ?", (page, PAGE))
        status, reason = row.fetchone() or ("todo", None)
        if status == "failed":
            return str(reason) if reason in REMOVED_REASONS else ""
        return NO_PRODUCT if status == "done" else ""

    def _load(self) -> None:
        self._previous_extraction_version = self._get_meta("previous_extraction_version")

    @property
    def _is_same_extraction_version(self) -> bool:
        return self._previous_extraction_version == self._extraction_version

    def _get_meta(self, name: str) -> str:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""


READING_ROOMS = ("extract", "feeds", "overrides", "page", "values")
"""The packages of the crawler whose code decides what is read from a page or a feed."""


@cache
def extraction_version() -> str:
    """Return a digest of the code that reads pages; what another version has read is not reused."""
    package_dir = Path(__file__).parents[1]
    digest = hashlib.sha256((package_dir / "storage" / "product_json.py").read_bytes())
    for room in READING_ROOMS:
        for file in sorted((package_dir / room).glob("*.*")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
