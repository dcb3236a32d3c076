"""Harvest: what feeds, sitemaps and listings name, put into the frontier of a store."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence

from crawler import products
from crawler.budget import Budget
from crawler.discover import patterns
from crawler.discover.links import Link
from crawler.discover.traps import Cut
from crawler.outcomes import FEED, PAGE, PHOTO, SITEMAP, FeedProduct, FeedRead, ListingRead, SitemapRead
from crawler.ranks import EVERYTHING, rank

REPEATS = "repeats an earlier page"


class Harvest:
    """Writes into the tables of one state, within the store's transaction.

    Args:
        db: The state.
        plant: The store's own way to add URLs to the frontier.
    """

    def __init__(self, db: sqlite3.Connection, plant: Callable[[str, Iterable[str]], None]) -> None:
        self._db, self._plant = db, plant
        self.budget = Budget(db)

    def sitemap(self, outcome: SitemapRead) -> None:
        """Pages and further sitemaps, and the photos that it names beside the pages."""
        self._plant(SITEMAP, outcome.sitemaps)
        self._plant(PAGE, outcome.pages)
        self._db.executemany(
            "INSERT OR IGNORE INTO sitemap_photos VALUES (?, ?, ?)",
            ((page, place, url) for page, photos in outcome.photos.items() for place, url in enumerate(photos)),
        )

    def feed(self, outcome: FeedRead) -> int:
        """Products, each as a page that was read, and the feed's next page unless it only repeats.

        Returns:
            How many products are new.
        """
        ids = {entry.product.product_id for entry in outcome.products}
        start = min((entry.place for entry in outcome.products), default=0)
        new = sum(not self._is_told(product_id, EVERYTHING) for product_id in ids)
        goes_on = any(not self._is_told(product_id, start) for product_id in ids)
        for entry in outcome.products:
            self._feed_product(entry)
        self._db.executemany(
            "INSERT OR IGNORE INTO frontier (kind, url, rank, status, tries, reason) VALUES (?, ?, 0, 'failed', 1, ?)",
            ((PAGE, *row) for row in outcome.bad),
        )
        if goes_on:
            self._plant(FEED, outcome.feeds)
        return new

    def _is_told(self, product_id: str, before: int) -> bool:
        """Whether a product has a rank before `before`."""
        query = "SELECT 1 FROM products WHERE product_id = ? AND rank < ? LIMIT 1"
        return self._db.execute(query, (product_id, before)).fetchone() is not None

    def _feed_product(self, entry: FeedProduct) -> None:
        place, product = entry
        page, body = product.url, products.to_json(product)
        taken = self._db.execute("SELECT rank, body FROM products WHERE page = ?", (page,)).fetchone()
        if taken and taken[0] != place:
            if taken[1] == body:
                return
            # Two rows of one address: two variants, told by their place.
            page = f"{page}#{place}"
        self._db.execute(
            "INSERT INTO frontier (kind, url, rank, status, tries) VALUES (?, ?, ?, 'done', 1)"
            " ON CONFLICT (url, kind) DO UPDATE SET rank = excluded.rank, status = 'done', tries = 1",
            (PAGE, page, place),
        )
        self._db.execute(
            "INSERT OR REPLACE INTO products (page, rank, product_id, body, is_of_feed) VALUES (?, ?, ?, ?, 1)",
            (page, place, product.product_id, body),
        )
        self._plant(PHOTO, (photo.url for photo in product.photos))

    def listing(self, outcome: ListingRead) -> None:
        """A page's links; a numbered page that only repeats earlier ones ends the pagination there."""
        own = [link for link in outcome.links if link.is_own]
        home = patterns.listing_of(outcome.url)
        links: Sequence[Link] = outcome.links
        cut = list(outcome.cut)
        is_further = home != outcome.url
        if is_further and self._repeats(outcome.url, home, own):
            ended = [link for link in links if patterns.listing_of(link.url) == home]
            links = [link for link in links if link not in ended]
            cut += [Cut(link.url, REPEATS) for link in ended if not self._is_known(link.url)]
            own, is_further = [], False
        row = (outcome.url, outcome.trail, outcome.label)
        self._db.execute("INSERT OR REPLACE INTO listings VALUES (?, ?, ?)", row)
        self._db.executemany("INSERT OR IGNORE INTO listed VALUES (?, ?)", ((link.url, outcome.url) for link in own))
        self._db.executemany("INSERT OR IGNORE INTO cut VALUES (?, ?)", cut)
        leads = any(self._is_product(link.url) for link in own)
        self.budget.listing(outcome.row, leads_to_products=leads, is_free=is_further and leads)
        self._follow(links, patterns.pattern(outcome.url))

    def _repeats(self, url: str, home: str, own: Iterable[Link]) -> bool:
        """Whether every page that `url` names, but for further pages of its own, is named by others of `home`."""
        return all(
            any(patterns.listing_of(listing) == home for listing in self._listings_of(link.url) if listing != url)
            for link in own
            if patterns.listing_of(link.url) != home
        )

    def _listings_of(self, target: str) -> list[str]:
        return [row[0] for row in self._db.execute("SELECT listing FROM listed WHERE target = ?", (target,))]

    def _is_product(self, url: str) -> bool:
        return self._db.execute("SELECT 1 FROM products WHERE page = ?", (url,)).fetchone() is not None

    def _is_known(self, url: str) -> bool:
        return self._db.execute("SELECT 1 FROM frontier WHERE url = ? AND kind = ?", (url, PAGE)).fetchone() is not None

    def _follow(self, links: Iterable[Link], via: str) -> None:
        for link in links:
            # A page that waits for its pattern's allowance does not end a listing of known ones.
            new = self._db.execute(
                "INSERT OR IGNORE INTO frontier (kind, url, rank, guess) VALUES (?, ?, ?, 0) RETURNING id",
                (PAGE, link.url, rank(link.url, linked=True)),
            ).fetchone()
            if new:
                self.budget.enter(new[0], link.url, via)
