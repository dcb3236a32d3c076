"""Haul: the products and photos that were brought home, put into the tables of a store."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from crawler import products
from crawler.budget import Budget
from crawler.contents import Contents, Incoming
from crawler.discover import urls
from crawler.earlier import Earlier
from crawler.outcomes import PAGE, PHOTO, PhotoRead, ProductRead, Served
from crawler.ranks import LINKED
from crawler.tombstones import Tombstones

UNSOLICITED = "HTTP 304"


class Haul:
    """Writes into the tables of one state, within the store's transaction.

    Args:
        db: The state.
        contents: The photo bytes.
        incoming: Room for new ones.
        earlier: The crawl before.
        tombstones: What was purged.
        plant: The store's own way to add URLs to the frontier.
        budget: Hears of every product that a page shows.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        contents: Contents,
        incoming: Incoming,
        earlier: Earlier,
        tombstones: Tombstones,
        plant: Callable[[str, Iterable[str]], None],
        budget: Budget,
    ) -> None:
        self._db, self._contents, self._incoming, self._plant = db, contents, incoming, plant
        self._earlier, self._tombstones, self._budget = earlier, tombstones, budget

    def product(self, outcome: ProductRead) -> int:
        """A product as its page shows it, and its photos to be asked; how many products are new."""
        product = outcome.product
        if self._tombstones.holds(product):
            return 0
        is_new = self._is_new(outcome.row, product.product_id)
        self.sighting(outcome.row, product.product_id, products.to_json(product), outcome.served)
        self._plant(PHOTO, (photo.url for photo in product.photos))
        return is_new

    def sighting(self, row: int, product_id: str, body: str, served: Served | None = None) -> None:
        """The page in `row` shows `product_id`; `body` is the product as JSON, "" where the address alone told."""
        served = served or Served()
        self._db.execute(
            "INSERT OR REPLACE INTO products SELECT url, rank, ?, ?, 0, ?, iif(url = ?, ?, '{}')"
            " FROM frontier WHERE id = ?",
            (product_id, body, served.at, served.url, _json(served), row),
        )

    def known_at(self, row: int, url: str) -> str:
        """The product of the sitemaps that the address of a page in `row` tells, where a link led to that; else ""."""
        linked = self._db.execute("SELECT 1 FROM frontier WHERE id = ? AND rank >= ?", (row, LINKED))
        if linked.fetchone() is None:
            return ""
        for shorter in urls.shorter(url):
            query = "SELECT product_id FROM products WHERE page = ? AND rank < ?"
            if known := self._db.execute(query, (shorter, LINKED)).fetchone():
                return str(known[0])
        return ""

    def photo(self, outcome: PhotoRead) -> None:
        """A photo, with how it was served."""
        if hashlib.sha256(outcome.body).hexdigest() in self._tombstones.contents:
            return
        digest = self._incoming.add(outcome.body)
        served = outcome.served
        self._db.execute(
            "INSERT OR REPLACE INTO photos SELECT url, ?, coalesce(nullif(?, ''), url), ?, ?, ? FROM frontier"
            " WHERE id = ?",
            (digest, served.url, served.at, served.robots, _json(served), outcome.row),
        )

    def unchanged(self, row: int) -> int:
        """The shop says that what is in `row` is as it was in the crawl before; how many products are new."""
        kind, url = self._db.execute("SELECT kind, url FROM frontier WHERE id = ?", (row,)).fetchone()
        new = None
        if kind == PAGE:
            new = self.unchanged_page(row, datetime.now(UTC).isoformat(timespec="seconds"))
        elif self._earlier.restore_photo(url):
            new = 0
        if new is None:
            self._db.execute("UPDATE frontier SET status = 'failed', reason = ? WHERE id = ?", (UNSOLICITED, row))
        return new or 0

    def unchanged_page(self, row: int, confirmed_at: str | None) -> int | None:
        """A page shows what it did before, and so do its photos that could only be fetched whole.

        Args:
            row: Of the page.
            confirmed_at: When the shop said so, None where it was not asked.

        Returns:
            How many products are new, None where nothing was known of the page.
        """
        product = self._earlier.product(row)
        if product is None:
            return None
        is_new = self._is_new(row, product.product_id)
        self._earlier.restore_page(row, confirmed_at)
        photos = [photo.url for photo in product.photos]
        self._plant(PHOTO, photos)
        for url in photos:
            if self._earlier.stands_with_its_page(url) and self._earlier.restore_photo(url):
                self._db.execute("UPDATE frontier SET status = 'done' WHERE url = ? AND kind = ?", (url, PHOTO))
        return is_new

    def forget_lost(self) -> int:
        """Put photos whose files are gone back into the frontier; how many contents were lost."""
        digests = self._db.execute("SELECT DISTINCT sha256 FROM photos").fetchall()
        lost = [row for row in digests if not self._contents.has(row[0])]
        for row in lost:
            self._db.execute(
                "UPDATE frontier SET status = 'todo' WHERE kind = 'photo'"
                " AND url IN (SELECT url FROM photos WHERE sha256 = ?)",
                row,
            )
            self._db.execute("DELETE FROM photos WHERE sha256 = ?", row)
        return len(lost)

    def _is_new(self, row: int, product_id: str) -> int:
        known = self._db.execute("SELECT 1 FROM products WHERE product_id = ? LIMIT 1", (product_id,))
        is_new = known.fetchone() is None
        self._budget.product(row, is_new=is_new)
        return int(is_new)


def _json(served: Served) -> str:
    return json.dumps(dict(served.headers), sort_keys=True)
