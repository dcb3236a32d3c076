"""Store: one SQLite file per shop and crawl, in WAL mode, that holds the frontier and all that was brought home.

An outcome changes the frontier and the tables in one transaction, and photo bytes lie under their final names before
the rows that name them are committed. So a crawl killed at any moment has lost nothing but what came in its last
second: that stands in the frontier still, and the next run asks for it again.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import resources
from pathlib import Path

from crawler import tombstones
from crawler.contents import Contents
from crawler.earlier import Earlier, reader, state_before
from crawler.frontier import Frontier
from crawler.harvest import Harvest
from crawler.haul import Haul
from crawler.lock import leave_word, locked
from crawler.outcomes import (
    PAGE,
    Failed,
    FeedRead,
    ListingRead,
    Outcome,
    PhotoRead,
    ProductRead,
    SitemapRead,
    Unchanged,
)
from crawler.ranks import rank
from crawler.states import SCHEMA
from weft.errors import ShopError

COMMIT_SECONDS = 1.0
"""At most this much work is asked again after a crash."""
SETTINGS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000; "
SETTINGS += f"PRAGMA user_version = {SCHEMA};"


class StateError(ShopError):
    """The disk does not take the state; it stands as it was committed last."""


class Store(Frontier):
    """The state of one crawl.

    Args:
        path: The SQLite file; made with its folder where it is missing. Photo bytes lie in a folder beside it.

    Raises:
        ShopError: The file cannot be opened, or is no crawl state.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._tombstones = tombstones.load(path.parent)
        self._lock = locked(path)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
            is_new = self._db.execute("SELECT 1 FROM sqlite_master").fetchone() is None
            if not is_new and self._db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                raise sqlite3.DatabaseError("it is of another version of the crawler")
            self._db.executescript(SETTINGS + resources.files("crawler").joinpath("schema.sql").read_text("utf-8"))
        except sqlite3.Error as error:
            self._lock.close()
            raise ShopError(f"{path}: not a crawl state ({error}); delete it to crawl anew") from error
        self._contents = Contents(path.parent)
        self._incoming = self._contents.incoming(path.stem)
        self.earlier = Earlier(self._db, self._contents)
        """The crawl before this one, where it was told."""
        self._harvest = Harvest(self._db, self.plant)
        self._haul = Haul(
            self._db, self._contents, self._incoming, self.earlier, self._tombstones, self.plant, self._harvest.budget
        )
        self._committed = time.monotonic()
        self._take_up()
        self.products = self._count_products()
        """Different products so far."""

    def begin(self, shop: str, start: str, snapshot: int) -> None:
        """Note whose crawl this is; a new one learns from the crawl of the shop before it in the same folder.

        Raises:
            ShopError: The shop was purged, or that crawl cannot be read.
        """
        self._tombstones.refuse(shop)
        if self.about("shop"):
            return
        before = state_before(self.path.parent, self.path, shop, start, snapshot)
        if before is not None:
            self.earlier.learn(before)
        self.note(shop=shop, start=start, snapshot=str(snapshot))

    def note(self, **values: str) -> None:
        """Note facts about the crawl, and commit."""
        with self._writing():
            self._db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", values.items())
        self.commit()

    def plant(self, kind: str, found: Iterable[str], *, guess: bool = False, linked: bool = False) -> None:
        """Add URLs to the frontier; those it knows already stay as they are, and what was purged stays out.

        Args:
            kind: What is expected there.
            found: Clean URLs.
            guess: Nobody named them: that they are missing is no failure.
            linked: A link led to them, no sitemap.
        """
        purged = self._tombstones.urls
        rows = ((kind, url, rank(url, linked=linked), guess) for url in found if url not in purged)
        with self._writing():
            self._db.executemany("INSERT OR IGNORE INTO frontier (kind, url, rank, guess) VALUES (?, ?, ?, ?)", rows)

    def plant_unseen(self) -> bool:
        """Plant the pages of the crawl before that nobody named this time, once all else is settled; whether any are.

        What they answer tells what has gone from the shop.
        """
        if not self.about("earlier") or self.about("unseen") == "asked":
            return False
        if self._db.execute("SELECT 1 FROM frontier WHERE status IN ('todo', 'later') LIMIT 1").fetchone():
            return False
        pages = list(self.earlier.unseen_pages())
        self.plant(PAGE, pages, guess=True, linked=True)
        self.note(unseen="asked")
        return bool(pages)

    def recognise(self, row: int, url: str) -> bool:
        """Whether a page need not be asked; if so it is settled.

        That is so where the sitemap says that it has not changed since the crawl before, and where a link led to an
        address that says itself which product it shows: shops repeat the category, "/women/p/1" shows what "/p/1"
        does. Only products of the sitemaps count for that: those are all known before the first link is followed, so
        that speed decides nothing.
        """
        if url in self._tombstones.urls:
            with self._writing():
                self._settle(row, "done")
            return True
        if self.earlier.is_current(row):
            with self._writing():
                self._settle(row, "done", tries=0)
                self.products += self._haul.unchanged_page(row, None) or 0
            return True
        product_id = self._haul.known_at(row, url)
        if product_id:
            with self._writing():
                self._settle(row, "done", tries=0)
                self._haul.sighting(row, product_id, "")
        return bool(product_id)

    def keep(self, outcome: Outcome, mark: str | None = None) -> None:
        """Keep all of an outcome; committed within COMMIT_SECONDS together with what came before it.

        Args:
            outcome: Of a row in the frontier.
            mark: What the page looks like, for `unread`.

        Raises:
            StateError: The disk is full or broken; nothing since the last commit is kept.
        """
        with self._writing():
            if isinstance(outcome, Failed):
                self._settle(outcome.row, "failed", outcome.tries, outcome.reason)
                page = "SELECT url FROM frontier WHERE id = ? AND kind = ?"
                self._db.execute(f"DELETE FROM products WHERE page = ({page})", (outcome.row, PAGE))
            elif outcome.settles:
                self._settle(outcome.row, "done", mark=mark)
            self._keep_content(outcome)
        if time.monotonic() - self._committed >= COMMIT_SECONDS:
            self.commit()

    def _keep_content(self, outcome: Outcome) -> None:
        match outcome:
            case FeedRead():
                wanted = tuple(entry for entry in outcome.products if not self._tombstones.holds(entry.product))
                self.products += self._harvest.feed(replace(outcome, products=wanted))
            case SitemapRead():
                self._harvest.sitemap(outcome)
                self.earlier.note_changes(outcome.lastmod)
            case ProductRead():
                self.products += self._haul.product(outcome)
            case ListingRead():
                self._harvest.listing(outcome)
            case PhotoRead():
                self._haul.photo(outcome)
            case Unchanged():
                self.products += self._haul.unchanged(outcome.row)

    def _settle(
        self, row: int, status: str, tries: int = 1, reason: str | None = None, mark: str | None = None
    ) -> None:
        self._db.execute(
            "UPDATE frontier SET status = ?, tries = tries + ?, reason = ?, mark = ? WHERE id = ?",
            (status, tries, reason, mark, row),
        )

    def retry_failed(self) -> int:
        """Ask again for what failed, and in this run for nothing else that waits; how many URLs that are."""
        with self._writing():
            self._db.execute("UPDATE frontier SET status = 'later' WHERE status = 'todo'")
            changed = self._db.execute("UPDATE frontier SET status = 'todo' WHERE status = 'failed' AND NOT guess")
        if changed.rowcount:
            self.note(complete="")
        self.commit()
        return changed.rowcount

    def unread(self, mark: str) -> int:
        """Take back all pages that looked like `mark`: they are asked again by the next run; how many there were."""
        pages = "SELECT url FROM frontier WHERE mark = ? AND kind = ?"
        with self._writing():
            for table, column in (("products", "page"), ("listings", "page"), ("listed", "listing")):
                self._db.execute(f"DELETE FROM {table} WHERE {column} IN ({pages})", (mark, PAGE))
            changed = self._db.execute(
                "UPDATE frontier SET status = 'todo', mark = NULL WHERE mark = ? AND kind = ?", (mark, PAGE)
            )
        self.commit()
        self.products = self._count_products()
        return changed.rowcount

    def finish(self) -> None:
        """All is asked: the crawl is complete, and what has gone from the shop since the one before is marked."""
        with self._writing():
            postponed = self._db.execute("UPDATE frontier SET status = 'todo' WHERE status = 'later'").rowcount
            if self.about("unseen") == "asked":
                self.earlier.conclude()
        if not postponed:
            self.note(complete="yes", reader=reader())
        self.commit()

    def commit(self) -> None:
        """Make everything kept so far survive a crash.

        Raises:
            StateError: The disk is full or broken; nothing since the last commit is kept.
        """
        if self._db.in_transaction:
            with self._writing():
                self._incoming.settle()
                self._db.execute("COMMIT")
        self._committed = time.monotonic()

    def close(self) -> None:
        """Commit and close."""
        try:
            self.commit()
        finally:
            self._incoming.close()
            self._db.close()
            self._lock.close()

    def abandon(self, word: str) -> None:
        """Close without what is not committed, and leave word of why; for a disk that takes nothing."""
        leave_word(self._lock, word)
        with suppress(sqlite3.Error, OSError):
            self._incoming.close()
            self._db.close()
        self._lock.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction goes on or begins; an error of the disk takes all of it back."""
        try:
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
            yield
        except (sqlite3.Error, OSError) as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._incoming.drop()
            raise StateError(
                f"{self.path}: cannot be written ({error}); what was committed is whole: make room and run again"
            ) from error

    def _take_up(self) -> None:
        """Begin where the run before ended: what it postponed is due, photos whose files are lost are asked again."""
        with self._writing():
            self._db.execute("UPDATE frontier SET status = 'todo' WHERE status = 'later'")
            lost = self._haul.forget_lost()
        if lost:
            self.note(complete="")
        self.commit()

    def _count_products(self) -> int:
        return int(self._db.execute("SELECT count(DISTINCT product_id) FROM products").fetchone()[0])
