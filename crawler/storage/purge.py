"""Removal of a shop, a product or a URL from the state files of all crawls, and the list that keeps it out.

The purge list (`purged.jsonl`, one JSON object per line) is written first, then rows are deleted with SQLite's
secure_delete, then photo files without a reference. If the process is killed, run it again.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crawler.discover import urls
from crawler.storage import product_json
from crawler.storage.blobs import BlobStore
from crawler.storage.families import find_families
from crawler.storage.state_file import SCHEMA_VERSION, acquire_lock
from weft.contracts.product import Product
from weft.errors import ShopError

PURGE_LOCK_TIMEOUT_SECONDS = 1.0
"""How long to wait for a crawl that is about to end."""
_STATE_SUFFIXES = (".sqlite", ".sqlite-wal", ".sqlite-shm", ".log")
PURGE_LIST_FILE = "purged.jsonl"
SHOP, PRODUCT, URL, DIGEST = "shop", "product", "url", "sha256"
_KINDS = (SHOP, PRODUCT, URL, DIGEST)


@dataclass
class Purged:
    """What was found and, except in a dry run, removed."""

    products: set[str] = field(default_factory=set)
    """product_ids that no page shows any more."""
    pages: set[str] = field(default_factory=set)
    """URLs that products were read from."""
    photos: set[str] = field(default_factory=set)
    """URLs of photos."""
    digests: set[str] = field(default_factory=set)
    """Digests of photo files without a reference."""
    shared_urls: set[str] = field(default_factory=set)
    """URLs of photos with the same bytes, which keep them."""
    states: set[str] = field(default_factory=set)
    """Names of the state files that contained the value."""
    freed_bytes: int = 0
    """Size of the photo files."""


def purge(state_dir: Path, kind: str, value: str, *, dry_run: bool) -> Purged:
    """Remove a shop, a product or a URL from every crawl in `state_dir`.

    Args:
        state_dir: Folder of the state files.
        kind: "shop", "product" or "url".
        value: The shop's name, the product_id, or the URL of a page or a photo.
        dry_run: Only report what would be removed.

    Raises:
        ShopError: A crawl is running, or a state file cannot be read or written.
    """
    value = urls.canonicalize(value) if kind == URL else value
    purged = Purged()
    blobs = BlobStore(state_dir)
    with ExitStack() as stack:
        paths = sorted(state_dir.glob("*.sqlite"))
        for path in paths:
            stack.enter_context(closing(acquire_lock(path, PURGE_LOCK_TIMEOUT_SECONDS)))
        states = [(path, stack.enter_context(_open_state(path))) for path in paths]
        for path, db in states:
            _collect(path, db, kind, value, purged)
        digests = {digest for _, db in states for digest in _photo_digests(db, purged.photos)}
        for _, db in states:
            purged.shared_urls |= _urls_sharing_digests(db, digests, purged.photos)
        kept = {digest for _, db in states for digest in _photo_digests(db, purged.shared_urls)}
        purged.digests = digests - kept
        if not dry_run:
            add_to_purge_list(state_dir, _purge_entries(kind, value, purged))
            for path, db in states:
                _delete(path, db, kind, value, purged)
        purged.freed_bytes = sum(blobs.path(d).stat().st_size for d in purged.digests if blobs.has(d))
        if not dry_run:
            blobs.remove(purged.digests)
    return purged


@contextmanager
def _open_state(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as db:
            if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                raise ShopError(f"{path}: a state file of another version of the crawler; delete it or move it away")
            db.execute("PRAGMA secure_delete = ON")
            yield db
    except sqlite3.Error as error:
        raise ShopError(f"{path}: cannot be purged ({error}); run again") from error


def _collect(path: Path, db: sqlite3.Connection, kind: str, value: str, purged: Purged) -> None:
    """Add to `purged` what this state file contains of `value`."""
    rows = list(_read_observations(db))
    shop = dict(db.execute("SELECT name, value FROM meta")).get("shop", "")
    members = _find_members(db, value) if kind == PRODUCT else {value}
    matched = {row for row in rows if _is_match(row, kind, value, shop, members)}
    is_photo = kind == URL and _has_photo(db, value)
    if not (matched or is_photo or (kind == SHOP and shop == value)):
        return
    purged.states.add(path.name)
    # A URL that only identifies a product is removed with the product's last page.
    alive = {row[1] for row in rows if row[2] and row not in matched}
    matched |= {row for row in rows if row[1] not in alive} if matched else set()
    pages = {page for page, _, _ in matched}
    remaining = [row for row in rows if row[0] not in pages]
    purged.pages |= pages
    purged.products |= {product_id for _, product_id, _ in matched} - {product_id for _, product_id, _ in remaining}
    photos = {photo for _, _, body in matched for photo in _photo_urls(body)}
    purged.photos |= photos.difference(*(_photo_urls(body) for _, _, body in remaining)) | (
        {value} if is_photo else set()
    )


def _find_members(db: sqlite3.Connection, product_id: str) -> set[str]:
    """Return the ids of all pages that show the product: of its variants and translations too."""
    families = [find_families(db, table) for table in ("products", "previous_products")]
    return {product_id}.union(*(found.find_members(found.find_id(product_id)) for found in families))


def _is_match(row: tuple[str, str, str], kind: str, value: str, shop: str, members: set[str]) -> bool:
    page, product_id, body = row
    if kind == SHOP:
        return shop == value
    if kind == PRODUCT:
        return product_id in members
    return page == value or (bool(body) and product_json.product_from_json(body).url == value)


def _read_observations(db: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """Iterate over (page_url, product_id, product_json) of this crawl and of the previous crawl."""
    for table in ("products", "previous_products"):
        yield from db.execute(f"SELECT page_url, product_id, product_json FROM {table}")


def _photo_urls(body: str) -> set[str]:
    return {photo.url for photo in product_json.product_from_json(body).photos} if body else set()


def _has_photo(db: sqlite3.Connection, photo: str) -> bool:
    query = "SELECT 1 FROM photos WHERE url = ?1 UNION SELECT 1 FROM previous_photos WHERE url = ?1"
    return db.execute(query, (photo,)).fetchone() is not None


def _photo_digests(db: sqlite3.Connection, photos: Iterable[str]) -> set[str]:
    query = "SELECT sha256 FROM photos WHERE url = ?1 UNION SELECT sha256 FROM previous_photos WHERE url = ?1"
    return {str(digest) for url in photos for (digest,) in db.execute(query, (url,))}


def _urls_sharing_digests(db: sqlite3.Connection, digests: Iterable[str], photos: set[str]) -> set[str]:
    query = "SELECT url FROM photos WHERE sha256 = ?1 UNION SELECT url FROM previous_photos WHERE sha256 = ?1"
    return {str(url) for digest in digests for (url,) in db.execute(query, (digest,))} - photos


def _purge_entries(kind: str, value: str, purged: Purged) -> list[tuple[str, str]]:
    if kind == SHOP:
        return [(SHOP, value)]
    other_entries: list[tuple[str, str]] = []
    if kind == PRODUCT:
        other_entries += [(PRODUCT, product) for product in sorted(purged.products - {value})]
        other_entries += [(URL, page) for page in sorted(purged.pages)]
    return [(kind, value), *other_entries, *((DIGEST, digest) for digest in sorted(purged.digests))]


def _delete(path: Path, db: sqlite3.Connection, kind: str, value: str, purged: Purged) -> None:
    if path.name not in purged.states:
        return
    if kind == SHOP:
        db.close()
        for suffix in _STATE_SUFFIXES:
            path.with_suffix(suffix).unlink(missing_ok=True)
        return
    pages, photos = [(page,) for page in purged.pages], [(photo,) for photo in purged.photos]
    db.execute("BEGIN IMMEDIATE")
    for table in ("products", "previous_products"):
        db.executemany(f"DELETE FROM {table} WHERE page_url = ?", pages)
    for table in ("photos", "previous_photos"):
        db.executemany(f"DELETE FROM {table} WHERE url = ?", photos)
    for table in ("sitemap_photos", "sitemap_translations"):
        db.executemany(f"DELETE FROM {table} WHERE page_url = ?", pages)
    db.executemany("DELETE FROM sitemap_photos WHERE url = ?", photos)
    db.executemany("DELETE FROM removed_products WHERE product_id = ?", [(product,) for product in purged.products])
    # The URLs stay in the frontier as done, so they are not requested again.
    db.executemany("UPDATE frontier SET status = 'done', reason = NULL WHERE url = ?", [*pages, *photos, (value,)])
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@dataclass(frozen=True)
class PurgeList:
    """What no crawl in `folder` may store."""

    folder: Path
    shops: frozenset[str] = field(default=frozenset())
    products: frozenset[str] = field(default=frozenset())
    urls: frozenset[str] = field(default=frozenset())
    digests: frozenset[str] = field(default=frozenset())
    """Digests of photos."""

    def contains(self, product: Product) -> bool:
        """Return whether a product was purged, by its id or its URL."""
        return product.product_id in self.products or product.url in self.urls

    def check_shop(self, shop: str) -> None:
        """Refuse to crawl a purged shop.

        Raises:
            ShopError: The shop was purged.
        """
        if shop in self.shops:
            raise ShopError(
                f"{shop}: was purged and must not be crawled again; remove it from params.yaml, or remove its line "
                f"from {self.folder / PURGE_LIST_FILE} if it was purged by mistake"
            )


def load_purge_list(folder: Path) -> PurgeList:
    """Read the purge list of the crawls in `folder`.

    Raises:
        ShopError: The file is damaged; ignoring a line could restore what was purged.
    """
    values: dict[str, set[str]] = {kind: set() for kind in _KINDS}
    for number, line in enumerate(_read_lines(folder), start=1):
        try:
            entry = json.loads(line)
            values[entry["kind"]].add(str(entry["value"]))
        except (ValueError, KeyError, TypeError) as error:
            expected = '{"kind": "shop" | "product" | "url" | "sha256", "value": ...}'
            raise ShopError(
                f"{folder / PURGE_LIST_FILE}, line {number}: expected {expected}, got {line!r}; correct the line"
            ) from error
    return PurgeList(folder, *(frozenset(values[kind]) for kind in _KINDS))


def add_to_purge_list(folder: Path, entries: list[tuple[str, str]]) -> None:
    """Add (kind, value) entries to the purge list; they are on disk when this returns."""
    # Imported here because it loads Arrow, which a crawl does not need: it only reads the list.
    from weft import tables

    lines = _read_lines(folder)
    new = (json.dumps({"kind": kind, "value": value}, ensure_ascii=False) for kind, value in entries)
    text = "".join(f"{line}\n" for line in dict.fromkeys([*lines, *new]))
    with tables.atomic_write(folder / PURGE_LIST_FILE) as temporary:
        temporary.write_text(text, encoding="utf-8")
        with temporary.open("rb") as file:
            os.fsync(file.fileno())


def _read_lines(folder: Path) -> list[str]:
    path = folder / PURGE_LIST_FILE
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
