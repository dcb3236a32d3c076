"""Budget: how many pages of one URL pattern may lead to nothing before the others wait, so that no trap is endless.

Pages that sitemaps name are free. Of those that links led to, a page that leads to no product costs its pattern some
of its allowance, and a product earns some for its own pattern and for that of the page which led to it. A pattern
that has spent all is deferred: its pages are asked when a product earns for it again, else never.
"""

import sqlite3

from crawler.discover import patterns

INITIAL_BUDGET = 800
"""What every pattern begins with."""
EMPTY_PAGE_COST, EMPTY_NUMBERED_PAGE_COST, KNOWN_PRODUCTS_COST = 4, 16, 2
"""What a page costs that leads to no product, the same where only a number or parameter tells it from others, and
one that leads to known products alone: 200, 50 and 400 of a kind without a single new product."""
PRODUCT_REWARD, LINKING_PAGE_REWARD = 16, 4
"""What a new product earns for its own pattern, and for the pattern of the page that led to it."""


class CrawlBudget:
    """The patterns of one crawl, kept in its state.

    Args:
        db: The state, in whose transactions everything is counted.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        rows = db.execute("SELECT pattern, left FROM budget WHERE left <= 0")
        self._exhausted = {template for template, _ in rows}

    def register_link(self, row: int, url: str, source_template: str) -> None:
        """A link led to the page in `row` of the frontier, from a page of the pattern `via`."""
        template = patterns.url_template(url)
        self._db.execute("INSERT OR IGNORE INTO linked VALUES (?, ?, ?)", (row, template, source_template))
        if template in self._exhausted:
            self._db.execute("UPDATE frontier SET status = 'deferred' WHERE id = ?", (row,))

    def record_listing(self, row: int, *, leads_to_products: bool, is_free: bool) -> None:
        """The page in `row` is no product."""
        template = self._templates(row)[0]
        if template and not is_free:
            cost = EMPTY_NUMBERED_PAGE_COST if patterns.has_number_or_query(template) else EMPTY_PAGE_COST
            self._adjust(template, -(KNOWN_PRODUCTS_COST if leads_to_products else cost))

    def record_product(self, row: int, *, is_new: bool) -> None:
        """The page in `row` is a product."""
        template, source_template = self._templates(row)
        if not template:
            return
        self._adjust(template, PRODUCT_REWARD if is_new else -KNOWN_PRODUCTS_COST)
        if is_new and source_template:
            self._adjust(source_template, LINKING_PAGE_REWARD)

    def _templates(self, row: int) -> tuple[str, str]:
        found = self._db.execute("SELECT pattern, via FROM linked WHERE row = ?", (row,)).fetchone()
        return found or ("", "")

    def _adjust(self, template: str, amount: int) -> None:
        (remaining,) = self._db.execute(
            "INSERT INTO budget VALUES (?, ?) ON CONFLICT DO UPDATE SET left = left + ? RETURNING left",
            (template, INITIAL_BUDGET + amount, amount),
        ).fetchone()
        if remaining <= 0 and template not in self._exhausted:
            self._exhausted.add(template)
            self._set_status(template, "todo", "deferred")
        elif remaining > 0 and template in self._exhausted:
            self._exhausted.remove(template)
            self._set_status(template, "deferred", "todo")

    def _set_status(self, template: str, old_status: str, new_status: str) -> None:
        self._db.execute(
            "UPDATE frontier SET status = ? WHERE status = ? AND id IN (SELECT row FROM linked WHERE pattern = ?)",
            (new_status, old_status, template),
        )
