"""Frontier: what a store knows and what is still to ask, read from its tables."""

import sqlite3
from collections.abc import Collection

from crawler.ranks import LINKED_OFFSET


class Frontier:
    """Questions to the state of one crawl; they change nothing."""

    _db: sqlite3.Connection

    def get_meta(self, name: str) -> str:
        """What is noted under `name`, "" when nothing is."""
        row = self._db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def select_todo(self, kind: str, limit: int, exclude: Collection[int]) -> list[tuple[int, str]]:
        """Up to `count` (row, url) of `kind` still to ask, in the order of their rank, without the rows in `but`.

        Pages that links led to wait until all that sitemaps name are settled.
        """
        rows = self._db.execute(
            "SELECT id, url, rank < ? FROM frontier WHERE status = 'todo' AND kind = ? ORDER BY rank LIMIT ?",
            (LINKED_OFFSET, kind, limit + len(exclude)),
        ).fetchall()
        return [(row, url) for row, url, is_in_sitemap in rows if is_in_sitemap == rows[0][2] and row not in exclude][
            :limit
        ]

    def has_todo(self, kind: str) -> bool:
        """Whether any URL of `kind` is not settled yet."""
        found = self._db.execute("SELECT 1 FROM frontier WHERE status = 'todo' AND kind = ? LIMIT 1", (kind,))
        return found.fetchone() is not None

    def has_failed(self, kind: str) -> bool:
        """Whether any URL of `kind` that somebody named could not be had."""
        found = self._db.execute(
            "SELECT 1 FROM frontier WHERE status = 'failed' AND kind = ? AND NOT guess LIMIT 1", (kind,)
        )
        return found.fetchone() is not None

    def is_over_budget(self, row: int) -> bool:
        """Whether a row of the frontier waits for its pattern's budget."""
        found = self._db.execute("SELECT 1 FROM frontier WHERE id = ? AND status = 'deferred'", (row,))
        return found.fetchone() is not None

    def get_sitemap_photos(self, page: str) -> list[str]:
        """The photos that a sitemap names beside `page`."""
        found = self._db.execute("SELECT url FROM sitemap_photos WHERE page = ? ORDER BY place", (page,))
        return [url for (url,) in found]

    def get_url(self, row: int) -> str:
        """The URL in a row of the frontier."""
        return str(self._db.execute("SELECT url FROM frontier WHERE id = ?", (row,)).fetchone()[0])
