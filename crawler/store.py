"""Store: one SQLite file per shop and crawl, in WAL mode, that holds the frontier and all that was brought home.

An outcome changes the frontier and the tables in one transaction, so a crawl killed at any moment has lost nothing
but requests that were under way: they stand in the frontier still, and the next run asks them again.
"""

import fcntl
import hashlib
import sqlite3
import time
from collections.abc import Collection, Iterable
from importlib import resources
from pathlib import Path
from typing import TextIO

from crawler import products
from crawler.discover import urls
from crawler.outcomes import PAGE, PHOTO, SITEMAP, Failed, ListingRead, Outcome, PhotoRead, ProductRead, SitemapRead
from weft.errors import ShopError

COMMIT_SECONDS = 1.0
"""At most this much work is asked again after a crash."""
LINKED = 2**62
"""Ranks from here on are of pages that links led to: they come after all that sitemaps name."""
LOCK_SECONDS = 10.0
"""A crawl whose parent was killed leaves within a second or two."""


class Store:
    """The state of one crawl.

    Args:
        path: The SQLite file; made with its folder where it is missing.

    Raises:
        ShopError: The file cannot be opened, or is no crawl state.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(path.with_suffix(".lock"))
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA cache_size = -16000")
            self._db.executescript(resources.files("crawler").joinpath("schema.sql").read_text("utf-8"))
        except sqlite3.Error as error:
            self._lock.close()
            raise ShopError(f"{path}: not a crawl state ({error}); delete it to crawl anew") from error
        self._committed = time.monotonic()
        self.products = int(self._db.execute("SELECT count(DISTINCT product_id) FROM products").fetchone()[0])
        """Different products so far."""

    def about(self, name: str) -> str:
        """What is noted under `name`, "" when nothing is."""
        row = self._db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def note(self, **values: str) -> None:
        """Note facts about the crawl, and commit."""
        self._begin()
        self._db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", values.items())
        self.commit()

    def plant(self, kind: str, found: Iterable[str], *, guess: bool = False, linked: bool = False) -> None:
        """Add URLs to the frontier; those it knows already stay as they are.

        Args:
            kind: What is expected there.
            found: Clean URLs.
            guess: Nobody named them: that they are missing is no failure.
            linked: A link led to them, no sitemap.
        """
        self._begin()
        self._db.executemany(
            "INSERT OR IGNORE INTO frontier (kind, url, rank, guess) VALUES (?, ?, ?, ?)",
            ((kind, url, rank(url, linked=linked), guess) for url in found),
        )

    def todo(self, kind: str, count: int, but: Collection[int]) -> list[tuple[int, str]]:
        """Up to `count` (row, url) of `kind` still to ask, in the order of their rank, without the rows in `but`.

        Pages that links led to wait until all that sitemaps name are settled.
        """
        rows = self._db.execute(
            "SELECT id, url, rank < ? FROM frontier WHERE status = 'todo' AND kind = ? ORDER BY rank LIMIT ?",
            (LINKED, kind, count + len(but)),
        ).fetchall()
        return [(row, url) for row, url, is_named in rows if is_named == rows[0][2] and row not in but][:count]

    def recognise(self, row: int, url: str) -> bool:
        """Whether the address of a page that a link led to says which product it shows; if so it is settled, unasked.

        Shops repeat the category in the address: "/women/p/1" shows what "/p/1" does. Only products of the sitemaps
        count: those are all known before the first link is followed, so that speed decides nothing.
        """
        linked = self._db.execute("SELECT 1 FROM frontier WHERE id = ? AND rank >= ?", (row, LINKED))
        if linked.fetchone() is None:
            return False
        for shorter in urls.shorter(url):
            query = "SELECT product_id FROM products WHERE page = ? AND rank < ?"
            if known := self._db.execute(query, (shorter, LINKED)).fetchone():
                self._begin()
                self._db.execute("UPDATE frontier SET status = 'done' WHERE id = ?", (row,))
                self._db.execute(
                    "INSERT OR REPLACE INTO products SELECT url, rank, ?, '' FROM frontier WHERE id = ?", (*known, row)
                )
                return True
        return False

    def is_waiting(self, kind: str) -> bool:
        """Whether any URL of `kind` is not settled yet."""
        found = self._db.execute("SELECT 1 FROM frontier WHERE status = 'todo' AND kind = ? LIMIT 1", (kind,))
        return found.fetchone() is not None

    def keep(self, outcome: Outcome) -> None:
        """Keep all of an outcome; committed within COMMIT_SECONDS together with what came before it."""
        self._begin()
        tries = outcome.tries if isinstance(outcome, Failed) else 1
        reason = outcome.reason if isinstance(outcome, Failed) else None
        self._db.execute(
            "UPDATE frontier SET status = ?, tries = ?, reason = ? WHERE id = ?",
            ("failed" if reason else "done", tries, reason, outcome.row),
        )
        match outcome:
            case SitemapRead():
                self.plant(SITEMAP, outcome.sitemaps)
                self.plant(PAGE, outcome.pages)
            case ProductRead():
                self._keep_product(outcome)
            case ListingRead():
                self._keep_listing(outcome)
            case PhotoRead():
                self._keep_photo(outcome)
        if time.monotonic() - self._committed >= COMMIT_SECONDS:
            self.commit()

    def _keep_product(self, outcome: ProductRead) -> None:
        product = outcome.product
        known = self._db.execute("SELECT 1 FROM products WHERE product_id = ? LIMIT 1", (product.product_id,))
        self.products += known.fetchone() is None
        self._db.execute(
            "INSERT OR REPLACE INTO products SELECT url, rank, ?, ? FROM frontier WHERE id = ?",
            (product.product_id, products.to_json(product), outcome.row),
        )
        self.plant(PHOTO, (photo.url for photo in product.photos))

    def _keep_listing(self, outcome: ListingRead) -> None:
        row = (outcome.url, outcome.trail, outcome.label)
        self._db.execute("INSERT OR REPLACE INTO listings VALUES (?, ?, ?)", row)
        listed = ((link.url, outcome.url) for link in outcome.links if link.is_own)
        self._db.executemany("INSERT OR IGNORE INTO listed VALUES (?, ?)", listed)
        self.plant(PAGE, (link.url for link in outcome.links), linked=True)

    def _keep_photo(self, outcome: PhotoRead) -> None:
        digest = hashlib.sha256(outcome.body).hexdigest()
        self._db.execute("INSERT OR IGNORE INTO contents VALUES (?, ?)", (digest, outcome.body))
        self._db.execute(
            "INSERT OR REPLACE INTO photos SELECT url, ? FROM frontier WHERE id = ?", (digest, outcome.row)
        )

    def commit(self) -> None:
        """Make everything kept so far survive a crash."""
        if self._db.in_transaction:
            self._db.execute("COMMIT")
        self._committed = time.monotonic()

    def close(self) -> None:
        """Commit and close."""
        self.commit()
        self._db.close()
        self._lock.close()

    def _begin(self) -> None:
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")


def _locked(path: Path) -> TextIO:
    """An open file that no other process holds: two crawls of one state would ask everything twice.

    Raises:
        ShopError: Another crawl holds it, and has not ended while we waited.
    """
    file = path.open("w")
    patience = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > patience:
                file.close()
                raise ShopError(f"{path}: another crawl is at work on this state; wait for its end") from None
            time.sleep(0.1)
        else:
            return file


def rank(url: str, *, linked: bool) -> int:
    """A place for `url` among those that sitemaps name or links led to, taken from its hash alone."""
    place = int.from_bytes(hashlib.sha256(url.encode()).digest()[:8], "big") >> 2
    return place + LINKED if linked else place
