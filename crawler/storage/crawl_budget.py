"""The budgets of URL templates and of a whole crawl, which end crawler traps.

Pages listed in sitemaps cost nothing. For pages found by links, a page that leads to no product costs its URL template
some of its budget, and a new product earns some for its own template and for the template of the page that links to
it. When the budget of a template is spent, its pages get the status `over_budget`: they are requested only if a product
earns new budget for the template. So a trap with endless URLs ends.

Filters in the path ("/dresses/red/size-m") make a new template for each value. Therefore the crawl has a budget too:
each listing without a new product costs some of it, and each new product, however it was found, earns some. When it is
spent, only these templates go on: those of product pages, those that have earned more than they have cost, and those
of which only a few pages were read. A crawl without any product has no such limit.
"""

import sqlite3

from crawler.discover import crawl_traps

INITIAL_BUDGET = 800
"""Budget of every URL template at the start."""
EMPTY_PAGE_COST, EMPTY_NUMBERED_PAGE_COST, KNOWN_PRODUCTS_COST = 4, 16, 2
"""Cost of a page without a new product for its template.

In this order: a page that leads to no product, such a page whose template contains a number or a query, and a page that
leads to known products only. Without any new product, 200, 50 or 400 such pages spend the budget of a template.
"""
PRODUCT_REWARD, LINKING_PAGE_REWARD = 16, 4
"""What a new product earns for its own template, and for the template of the page that links to it."""
INITIAL_CRAWL_BUDGET, LISTING_COST, NEW_PRODUCT_REWARD = 600, 4, 16
"""The budget of the crawl at the start, what a page without a new product costs it, and what a new product earns.

So a crawl reads 150 pages without a new product, and 4 more for each product of the shop.
"""
TRIAL_BUDGET = 8
"""What each template may spend when the budget of the crawl is spent: 2 pages without a link to a product."""
RESUMING_CRAWL_BUDGET = 4 * NEW_PRODUCT_REWARD
"""The budget at which a crawl whose budget was spent goes on with all templates: not at each single product."""
_WHOLE_CRAWL = ""
"""Stands for a template in the row of the crawl's own budget; templates begin with "/"."""


class CrawlBudget:
    """The budgets of all URL templates of one crawl, and of the crawl.

    Args:
        db: The state file; every change is part of the store's transaction.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        remaining = db.execute("SELECT remaining FROM crawl_budget WHERE url_template = ?", (_WHOLE_CRAWL,)).fetchone()
        # Between two runs, a budget below the resuming one counts as spent.
        self._is_crawl_exhausted = bool(remaining and remaining[0] < RESUMING_CRAWL_BUDGET and self._has_product())
        self._exhausted = self._find_exhausted()

    def register_link(self, row: int, url: str, source_template: str) -> None:
        """Record that a page with the template `source_template` links to the page in `row`."""
        template = crawl_traps.url_template(url)
        self._db.execute("INSERT OR IGNORE INTO link_sources VALUES (?, ?, ?)", (row, template, source_template))
        if template in self._exhausted:
            self._db.execute("UPDATE frontier SET status = 'over_budget' WHERE id = ?", (row,))

    def record_listing(self, row: int, *, leads_to_products: bool, is_free: bool) -> None:
        """Charge the page in `row`, which is not a product, to its template and to the crawl."""
        template = self._templates(row)[0]
        if template and not is_free:
            cost = EMPTY_NUMBERED_PAGE_COST if crawl_traps.has_number_or_query(template) else EMPTY_PAGE_COST
            self._adjust(template, -(KNOWN_PRODUCTS_COST if leads_to_products else cost))
            self._adjust_crawl(-LISTING_COST)

    def record_product(self, row: int, *, is_new: bool) -> None:
        """Reward the crawl, and the templates of the product page in `row` and of the page that links to it."""
        if is_new:
            self.record_new_products(1)
        template, source_template = self._templates(row)
        if not template:
            return
        self._db.execute("INSERT OR IGNORE INTO product_templates VALUES (?)", (template,))
        self._adjust(template, PRODUCT_REWARD if is_new else -KNOWN_PRODUCTS_COST)
        if is_new and source_template:
            self._adjust(source_template, LINKING_PAGE_REWARD)

    def record_new_products(self, count: int) -> None:
        """Reward the crawl for new products, wherever they were found."""
        self._adjust_crawl(count * NEW_PRODUCT_REWARD)

    def _templates(self, row: int) -> tuple[str, str]:
        found = self._db.execute(
            "SELECT url_template, source_template FROM link_sources WHERE frontier_id = ?", (row,)
        ).fetchone()
        return found or ("", "")

    def _adjust(self, template: str, amount: int) -> None:
        is_exhausted = self._is_exhausted(template, self._add(template, amount, INITIAL_BUDGET))
        if is_exhausted and template not in self._exhausted:
            self._exhausted.add(template)
            self._set_status(template, "todo", "over_budget")
        elif not is_exhausted and template in self._exhausted:
            self._exhausted.remove(template)
            self._set_status(template, "over_budget", "todo")

    def _adjust_crawl(self, amount: int) -> None:
        remaining = self._add(_WHOLE_CRAWL, amount, INITIAL_CRAWL_BUDGET)
        if self._is_crawl_exhausted:
            is_exhausted = remaining < RESUMING_CRAWL_BUDGET
        else:
            is_exhausted = remaining <= 0 and self._has_product()
        if is_exhausted == self._is_crawl_exhausted:
            return
        self._is_crawl_exhausted = is_exhausted
        before, self._exhausted = self._exhausted, self._find_exhausted()
        for template in self._exhausted - before:
            self._set_status(template, "todo", "over_budget")
        for template in before - self._exhausted:
            self._set_status(template, "over_budget", "todo")

    def _has_product(self) -> bool:
        return self._db.execute("SELECT 1 FROM products LIMIT 1").fetchone() is not None

    def _find_exhausted(self) -> set[str]:
        rows = self._db.execute(
            "SELECT url_template, remaining FROM crawl_budget WHERE url_template != ? AND remaining < ?",
            (_WHOLE_CRAWL, INITIAL_BUDGET - TRIAL_BUDGET),
        ).fetchall()
        return {template for template, remaining in rows if self._is_exhausted(template, remaining)}

    def _is_exhausted(self, template: str, remaining: int) -> bool:
        if remaining <= 0 or remaining >= INITIAL_BUDGET - TRIAL_BUDGET or not self._is_crawl_exhausted:
            return remaining <= 0
        found = self._db.execute("SELECT 1 FROM product_templates WHERE url_template = ?", (template,))
        return found.fetchone() is None

    def _add(self, template: str, amount: int, initial: int) -> int:
        """Add to a budget and return what remains."""
        (remaining,) = self._db.execute(
            "INSERT INTO crawl_budget VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET remaining = remaining + ? RETURNING remaining",
            (template, initial + amount, amount),
        ).fetchone()
        return int(remaining)

    def _set_status(self, template: str, old_status: str, new_status: str) -> None:
        self._db.execute(
            "UPDATE frontier SET status = ? WHERE status = ?"
            " AND id IN (SELECT frontier_id FROM link_sources WHERE url_template = ?)",
            (new_status, old_status, template),
        )
