"""The budget of each URL template, which ends crawler traps.

Pages listed in sitemaps cost nothing. For pages found by links, a page that leads to no product costs its URL template
some of its budget, and a new product earns some for its own template and for the template of the page that links to
it. When the budget of a template is spent, its pages get the status `over_budget`: they are requested only if a product
earns new budget for the template. So a trap with endless URLs ends.
"""

import sqlite3

from crawler.discover import crawl_traps

INITIAL_BUDGET = 800
"""Budget of every URL template at the start."""
EMPTY_PAGE_COST, EMPTY_NUMBERED_PAGE_COST, KNOWN_PRODUCTS_COST = 4, 16, 2
"""Cost of a page without a new product.

In this order: a page that leads to no product, such a page whose template contains a number or a query, and a page that
leads to known products only. Without any new product, 200, 50 or 400 such pages spend the budget of a template.
"""
PRODUCT_REWARD, LINKING_PAGE_REWARD = 16, 4
"""What a new product earns for its own template, and for the template of the page that links to it."""


class CrawlBudget:
    """The budgets of all URL templates of one crawl.

    Args:
        db: The state file; every change is part of the store's transaction.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        rows = db.execute("SELECT url_template, remaining FROM crawl_budget WHERE remaining <= 0")
        self._exhausted = {template for template, _ in rows}

    def register_link(self, row: int, url: str, source_template: str) -> None:
        """Record that a page with the template `source_template` links to the page in `row`."""
        template = crawl_traps.url_template(url)
        self._db.execute("INSERT OR IGNORE INTO link_sources VALUES (?, ?, ?)", (row, template, source_template))
        if template in self._exhausted:
            self._db.execute("UPDATE frontier SET status = 'over_budget' WHERE id = ?", (row,))

    def record_listing(self, row: int, *, leads_to_products: bool, is_free: bool) -> None:
        """Charge the template of the page in `row`, which is not a product."""
        template = self._templates(row)[0]
        if template and not is_free:
            cost = EMPTY_NUMBERED_PAGE_COST if crawl_traps.has_number_or_query(template) else EMPTY_PAGE_COST
            self._adjust(template, -(KNOWN_PRODUCTS_COST if leads_to_products else cost))

    def record_product(self, row: int, *, is_new: bool) -> None:
        """Reward the templates of the product page in `row` and of the page that links to it."""
        template, source_template = self._templates(row)
        if not template:
            return
        self._adjust(template, PRODUCT_REWARD if is_new else -KNOWN_PRODUCTS_COST)
        if is_new and source_template:
            self._adjust(source_template, LINKING_PAGE_REWARD)

    def _templates(self, row: int) -> tuple[str, str]:
        found = self._db.execute(
            "SELECT url_template, source_template FROM link_sources WHERE frontier_id = ?", (row,)
        ).fetchone()
        return found or ("", "")

    def _adjust(self, template: str, amount: int) -> None:
        (remaining,) = self._db.execute(
            "INSERT INTO crawl_budget VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET remaining = remaining + ? RETURNING remaining",
            (template, INITIAL_BUDGET + amount, amount),
        ).fetchone()
        if remaining <= 0 and template not in self._exhausted:
            self._exhausted.add(template)
            self._set_status(template, "todo", "over_budget")
        elif remaining > 0 and template in self._exhausted:
            self._exhausted.remove(template)
            self._set_status(template, "over_budget", "todo")

    def _set_status(self, template: str, old_status: str, new_status: str) -> None:
        self._db.execute(
            "UPDATE frontier SET status = ? WHERE status = ?"
            " AND id IN (SELECT frontier_id FROM link_sources WHERE url_template = ?)",
            (new_status, old_status, template),
        )
