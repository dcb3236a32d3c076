"""Purge: takes a shop, a product or an address out of the states of all crawls, and sees that it does not come back.

Tombstones are written first, then rows are deleted (what SQLite frees is overwritten), then photo files that nothing
names any more. Killed in between, it is run again.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crawler import products, tombstones
from crawler.contents import Contents
from crawler.discover import urls
from crawler.lock import locked
from crawler.states import SCHEMA
from crawler.tombstones import CONTENT, PRODUCT, SHOP, URL
from weft.errors import ShopError

PATIENCE = 1.0
"""Seconds to wait for a crawl that is just ending."""
_BESIDE = (".sqlite", ".sqlite-wal", ".sqlite-shm", ".log")


@dataclass
class Purged:
    """What was found and, but in a dry run, removed."""

    products: set[str] = field(default_factory=set)
    """product_ids that no page shows any more."""
    pages: set[str] = field(default_factory=set)
    """Addresses that products were read from."""
    photos: set[str] = field(default_factory=set)
    """Addresses of photos."""
    contents: set[str] = field(default_factory=set)
    """Digests of photo bytes that nothing names any more."""
    shared: set[str] = field(default_factory=set)
    """Addresses that show the same bytes and keep them."""
    states: set[str] = field(default_factory=set)
    """Names of the state files it was found in."""
    freed: int = 0
    """Bytes of photos."""


def purge(folder: Path, kind: str, value: str, *, dry_run: bool) -> Purged:
    """Take something out of every crawl whose state lies in `folder`.

    Args:
        folder: Of the states.
        kind: "shop", "product" or "url".
        value: The shop's name, the product_id, or the address of a page or a photo.
        dry_run: Only look.

    Raises:
        ShopError: A crawl is at work, or a state cannot be read or written.
    """
    value = urls.clean(value) if kind == URL else value
    found = Purged()
    contents = Contents(folder)
    with ExitStack() as held:
        paths = sorted(folder.glob("*.sqlite"))
        for path in paths:
            held.enter_context(closing(locked(path, PATIENCE)))
        states = [(path, held.enter_context(_opened(path))) for path in paths]
        for path, db in states:
            _look(path, db, kind, value, found)
        digests = {digest for _, db in states for digest in _digests(db, found.photos)}
        for _, db in states:
            found.shared |= _elsewhere(db, digests, found.photos)
        kept = {digest for _, db in states for digest in _digests(db, found.shared)}
        found.contents = digests - kept
        if not dry_run:
            tombstones.add(folder, _entries(kind, value, found))
            for path, db in states:
                _remove(path, db, kind, value, found)
        found.freed = sum(contents.path(d).stat().st_size for d in found.contents if contents.has(d))
        if not dry_run:
            contents.remove(found.contents)
    return found


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as db:
            if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                raise ShopError(f"{path}: the state of another version of the crawler; delete it, or move it away")
            db.execute("PRAGMA secure_delete = ON")
            yield db
    except sqlite3.Error as error:
        raise ShopError(f"{path}: cannot be purged ({error}); run again") from error


def _look(path: Path, db: sqlite3.Connection, kind: str, value: str, found: Purged) -> None:
    """Add to `found` what this state knows of `value`."""
    rows = list(_sightings(db))
    shop = dict(db.execute("SELECT name, value FROM about")).get("shop", "")
    gone = {row for row in rows if _is_meant(row, kind, value, shop)}
    is_photo = kind == URL and _exists(db, value)
    if not (gone or is_photo or (kind == SHOP and shop == value)):
        return
    found.states.add(path.name)
    # An address that only told which product it is stands for nothing once that has no page.
    alive = {row[1] for row in rows if row[2] and row not in gone}
    gone |= {row for row in rows if row[1] not in alive} if gone else set()
    pages = {page for page, _, _ in gone}
    left = [row for row in rows if row[0] not in pages]
    found.pages |= pages
    found.products |= {product_id for _, product_id, _ in gone} - {product_id for _, product_id, _ in left}
    shown = {photo for _, _, body in gone for photo in _photos(body)}
    found.photos |= shown.difference(*(_photos(body) for _, _, body in left)) | ({value} if is_photo else set())


def _is_meant(row: tuple[str, str, str], kind: str, value: str, shop: str) -> bool:
    page, product_id, body = row
    if kind == SHOP:
        return shop == value
    if kind == PRODUCT:
        return product_id == value
    return page == value or (bool(body) and products.from_json(body).url == value)


def _sightings(db: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """(page, product_id, body) of this crawl and of the one before that it remembers."""
    for table in ("products", "earlier_products"):
        yield from db.execute(f"SELECT page, product_id, body FROM {table}")


def _photos(body: str) -> set[str]:
    return {photo.url for photo in products.from_json(body).photos} if body else set()


def _exists(db: sqlite3.Connection, photo: str) -> bool:
    query = "SELECT 1 FROM photos WHERE url = ?1 UNION SELECT 1 FROM earlier_photos WHERE url = ?1"
    return db.execute(query, (photo,)).fetchone() is not None


def _digests(db: sqlite3.Connection, photos: Iterable[str]) -> set[str]:
    query = "SELECT sha256 FROM photos WHERE url = ?1 UNION SELECT sha256 FROM earlier_photos WHERE url = ?1"
    return {str(digest) for url in photos for (digest,) in db.execute(query, (url,))}


def _elsewhere(db: sqlite3.Connection, digests: Iterable[str], photos: set[str]) -> set[str]:
    query = "SELECT url FROM photos WHERE sha256 = ?1 UNION SELECT url FROM earlier_photos WHERE sha256 = ?1"
    return {str(url) for digest in digests for (url,) in db.execute(query, (digest,))} - photos


def _entries(kind: str, value: str, found: Purged) -> list[tuple[str, str]]:
    if kind == SHOP:
        return [(SHOP, value)]
    further = [(URL, page) for page in sorted(found.pages)] if kind == PRODUCT else []
    return [(kind, value), *further, *((CONTENT, digest) for digest in sorted(found.contents))]


def _remove(path: Path, db: sqlite3.Connection, kind: str, value: str, found: Purged) -> None:
    if path.name not in found.states:
        return
    if kind == SHOP:
        db.close()
        for suffix in _BESIDE:
            path.with_suffix(suffix).unlink(missing_ok=True)
        return
    pages, photos = [(page,) for page in found.pages], [(photo,) for photo in found.photos]
    db.execute("BEGIN IMMEDIATE")
    for table in ("products", "earlier_products"):
        db.executemany(f"DELETE FROM {table} WHERE page = ?", pages)
    for table in ("photos", "earlier_photos"):
        db.executemany(f"DELETE FROM {table} WHERE url = ?", photos)
    db.executemany("DELETE FROM sitemap_photos WHERE page = ?", pages)
    db.executemany("DELETE FROM sitemap_photos WHERE url = ?", photos)
    db.executemany("DELETE FROM withdrawn WHERE product_id = ?", [(product,) for product in found.products])
    # They stay known, as settled: nothing asks for them again.
    db.executemany("UPDATE frontier SET status = 'done', reason = NULL WHERE url = ?", [*pages, *photos, (value,)])
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
