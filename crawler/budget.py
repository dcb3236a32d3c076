"""Budget: how many pages of one URL pattern may lead to nothing before the others wait, so that no trap is endless.

Pages that sitemaps name are free. Of those that links led to, a page that leads to no product costs its pattern some
of its allowance, and a product earns some for its own pattern and for that of the page which led to it. A pattern
that has spent all is deferred: its pages are asked when a product earns for it again, else never.
"""

import sqlite3

from crawler.discover import patterns

ALLOWANCE = 800
"""What every pattern begins with."""
BARREN, BARREN_NUMBERED, KNOWN = 4, 16, 2
"""What a page costs that leads to no product, the same where only a number or parameter tells it from others, and
one that leads to known products alone: 200, 50 and 400 of a kind without a single new product."""
OWN_PRODUCT, NAMED_PRODUCT = 16, 4
"""What a new product earns for its own pattern, and for the pattern of the page that led to it."""


class Budget:
    """The patterns of one crawl, kept in its state.

    Args:
        db: The state, in whose transactions everything is counted.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        rows = db.execute("SELECT pattern, left FROM budget WHERE left <= 0")
        self._exhausted = {pattern for pattern, _ in rows}

    def enter(self, row: int, url: str, via: str) -> None:
        """A link led to the page in `row` of the frontier, from a page of the pattern `via`."""
        pattern = patterns.pattern(url)
        self._db.execute("INSERT OR IGNORE INTO linked VALUES (?, ?, ?)", (row, pattern, via))
        if pattern in self._exhausted:
            self._db.execute("UPDATE frontier SET status = 'deferred' WHERE id = ?", (row,))

    def listing(self, row: int, *, leads_to_products: bool, is_free: bool) -> None:
        """The page in `row` is no product."""
        pattern = self._patterns(row)[0]
        if pattern and not is_free:
            barren = BARREN_NUMBERED if patterns.is_numbered(pattern) else BARREN
            self._add(pattern, -(KNOWN if leads_to_products else barren))

    def product(self, row: int, *, is_new: bool) -> None:
        """The page in `row` is a product."""
        pattern, via = self._patterns(row)
        if not pattern:
            return
        self._add(pattern, OWN_PRODUCT if is_new else -KNOWN)
        if is_new and via:
            self._add(via, NAMED_PRODUCT)

    def _patterns(self, row: int) -> tuple[str, str]:
        found = self._db.execute("SELECT pattern, via FROM linked WHERE row = ?", (row,)).fetchone()
        return found or ("", "")

    def _add(self, pattern: str, units: int) -> None:
        (left,) = self._db.execute(
            "INSERT INTO budget VALUES (?, ?) ON CONFLICT DO UPDATE SET left = left + ? RETURNING left",
            (pattern, ALLOWANCE + units, units),
        ).fetchone()
        if left <= 0 and pattern not in self._exhausted:
            self._exhausted.add(pattern)
            self._move(pattern, "todo", "deferred")
        elif left > 0 and pattern in self._exhausted:
            self._exhausted.remove(pattern)
            self._move(pattern, "deferred", "todo")

    def _move(self, pattern: str, old: str, new: str) -> None:
        self._db.execute(
            "UPDATE frontier SET status = ? WHERE status = ? AND id IN (SELECT row FROM linked WHERE pattern = ?)",
            (new, old, pattern),
        )
