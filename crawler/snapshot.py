"""Snapshot: one shop's finished crawl, read back from its store in an order that no run of the crawl can change."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from crawler import products
from crawler.contents import Contents
from crawler.cuts import Cuts, cuts
from crawler.discover import links
from crawler.outcomes import PAGE, PHOTO
from crawler.ranks import EVERYTHING, LINKED
from crawler.states import SCHEMA
from weft.contracts.product import PhotoLink, Product
from weft.errors import ShopError


class Failure(NamedTuple):
    """A URL that could not be had."""

    url: str
    kind: str
    """"page" (sitemaps too) or "photo"."""
    reason: str
    tries: int


class Withdrawn(NamedTuple):
    """A product that has gone from the shop since the crawl before."""

    product_id: str
    url: str
    reason: str


class Snapshot:
    """What one crawl brought home.

    Where the crawl had a limit on products, these are the first by rank, whatever else it met on the way.

    Args:
        path: Its state file.

    Raises:
        ShopError: There is no readable state at `path`.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
            self._about = dict(self._db.execute("SELECT name, value FROM about"))
            is_ours = self._db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA
        except sqlite3.Error as error:
            raise ShopError(f"{path}: no crawl state to read ({error}); crawl the shop first") from error
        if not is_ours:
            raise ShopError(f"{path}: the state of another version of the crawler; delete it to crawl anew")
        self._contents = Contents(path.parent)
        self._path = path
        self.shop: str = self._about.get("shop", "")
        """Our name for the shop."""
        self._limit = int(self._about.get("max_products", "0"))

    def close(self) -> None:
        """Close the state file."""
        self._db.close()

    @property
    def before(self) -> Path | None:
        """The state of the crawl before, where there was one with the same limit on products and it is still there."""
        path = self._path.parent / self._about.get("earlier", "")
        same_limit = self._about.get("earlier_max_products") == self._about.get("max_products")
        return path if self._about.get("earlier") and same_limit and path.exists() else None

    @property
    def is_complete(self) -> bool:
        """Whether the crawl came to its end."""
        return self._about.get("complete") == "yes"

    @property
    def fault(self) -> str:
        """Why it stopped before its end, "" when nobody said."""
        return str(self._about.get("fault", ""))

    def products(self) -> Iterator[Product]:
        """Every product, all its sightings joined, sorted by product_id."""
        for read, addresses in self._sightings():
            yield products.join(read, (trail for url in sorted(addresses) for trail in self._listed_under(url)))

    def galleries(self) -> Iterator[tuple[str, Sequence[PhotoLink]]]:
        """Every product_id with the product's photos, as `products` has them, without looking for its categories."""
        for read, _ in self._sightings():
            product = products.join(read, ())
            yield product.product_id, product.photos

    def _sightings(self) -> Iterator[tuple[list[tuple[str, Product]], set[str]]]:
        """Product by product, (page, what it shows) of its pages, and every address it is known by."""
        rows = self._db.execute(
            "SELECT product_id, page, body FROM products WHERE rank <= ? ORDER BY product_id, page", (self._last_rank,)
        )
        for _, sightings in groupby(rows, key=lambda row: row[0]):
            bodies = {page: body for _, page, body in sightings}
            read = [(page, products.from_json(body)) for page, body in bodies.items() if body]
            # An address alone can tell a product whose page was taken back since.
            if read:
                yield read, {*bodies, *(product.url for _, product in read)}

    def photo_digest(self, url: str) -> str | None:
        """The sha256 of a photo, None when it could not be had."""
        row = self._db.execute("SELECT sha256 FROM photos WHERE url = ?", (url,)).fetchone()
        return str(row[0]) if row else None

    def photo_bytes(self, sha256: str) -> bytes:
        """A photo as it was served.

        Raises:
            ShopError: Its file is gone or damaged.
        """
        body = self._contents.read(sha256)
        if body is None:
            raise ShopError(
                f"{self._contents.path(sha256)}: this photo of {self.shop} is missing or damaged; remove the file and "
                f"fetch it again: scrapy crawl shop -a name={self.shop} -a url={self._about.get('start', '')} "
                f"-a state={self._path}"
            )
        return body

    def address(self, sha256: str) -> str:
        """An address of a photo: the first by name."""
        return str(self._db.execute("SELECT min(url) FROM photos WHERE sha256 = ?", (sha256,)).fetchone()[0])

    def withdrawn(self) -> Iterator[Withdrawn]:
        """Every product of the crawl before that has gone from the shop, sorted by product_id."""
        rows = self._db.execute("SELECT product_id, url, reason FROM withdrawn ORDER BY product_id")
        return (Withdrawn(*row) for row in rows)

    def pages_asked(self) -> int:
        """Pages and sitemaps that somebody named and that were asked."""
        found = self._db.execute(
            "SELECT count(*) FROM frontier"
            " WHERE kind != ? AND status IN ('done', 'failed') AND NOT guess AND rank <= ?",
            (PHOTO, self._last_rank),
        )
        return int(found.fetchone()[0])

    def failures(self) -> Iterator[Failure]:
        """Every URL that could not be had, sorted; of photos only those that a product of the snapshot shows."""
        rows = self._db.execute(
            "SELECT url, kind, reason, tries, rank FROM frontier"
            " WHERE status = 'failed' AND NOT guess ORDER BY url, kind"
        )
        seen = ""
        for url, kind, reason, tries, rank in rows:
            belongs = url in self._photos_shown if self._limit and kind == PHOTO else rank <= self._last_rank
            if belongs and url != seen:
                seen = url
                yield Failure(url, PHOTO if kind == PHOTO else PAGE, reason, tries)

    def pages_without_product(self) -> int:
        """Pages that were read and showed no product of their own."""
        found = self._db.execute(
            "SELECT count(*) FROM frontier WHERE kind = ? AND status = 'done' AND rank <= ?"
            " AND NOT EXISTS (SELECT 1 FROM products WHERE page = url)",
            (PAGE, self._last_rank),
        )
        return int(found.fetchone()[0])

    def cut(self) -> dict[str, Cuts]:
        """By reason, the pages that were not asked because they are traps."""
        # Where the sitemaps were enough, a listing that was read all the same was read by chance.
        return cuts(self._db) if self._last_rank >= LINKED else {}

    @property
    def limit_reached(self) -> str:
        """The limit that kept some of the shop from being asked, "" for none; that on products is none of these."""
        return str(self._about.get("limit", ""))

    def seen(self) -> str:
        """What the crawl met, in words, for an error: counts by kind and outcome."""
        counts: Counter[str] = Counter()
        rows = self._db.execute("SELECT kind, status, reason, count(*) FROM frontier GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
        for kind, status, reason, count in rows:
            counts[f"{kind} {reason or {'done': 'read', 'todo': 'not asked'}[status]}"] += count
        return ", ".join(f"{count} x {what}" for what, count in counts.items()) or "nothing"

    @cached_property
    def _last_rank(self) -> int:
        """The rank of the last page that counts, where products are limited."""
        if not self._limit:
            return EVERYTHING
        chosen: set[str] = set()
        for product_id, rank in self._db.execute("SELECT product_id, rank FROM products ORDER BY rank"):
            chosen.add(product_id)
            if len(chosen) == self._limit:
                return int(rank)
        return EVERYTHING

    @cached_property
    def _photos_shown(self) -> set[str]:
        failed = {url for (url,) in self._db.execute("SELECT url FROM frontier WHERE status = 'failed'")}
        return {photo.url for _, photos in self.galleries() for photo in photos} & failed

    @cached_property
    def _labels(self) -> dict[str, tuple[str, str]]:
        """By path, the (trail, label) of each page that lists something, but not of the start page."""
        start = urlsplit(self._about.get("start", "")).path.rstrip("/")
        rows = self._db.execute(
            "SELECT page, trail, label FROM listings WHERE page IN (SELECT listing FROM listed) ORDER BY page DESC"
        )
        labels = {urlsplit(page).path.rstrip("/"): (trail, label) for page, trail, label in rows}
        labels.pop(start, None)
        return labels

    def _listed_under(self, url: str) -> Iterator[str]:
        """The category paths of the listings that lead to `url`."""
        if self._last_rank < LINKED:
            # The sitemaps were enough; a listing that was read all the same was read by chance.
            return
        for (listing,) in self._db.execute("SELECT listing FROM listed WHERE target = ? ORDER BY listing", (url,)):
            path = urlsplit(listing).path.rstrip("/")
            if path not in self._labels:
                continue
            trail, _ = self._labels[path]
            steps = [self._labels[above][1] for above in links.above(listing) if above in self._labels]
            yield trail or " > ".join(reversed(steps))
