"""Limits of a crawl, counted over all its runs; the usage is saved in the state file."""

import json
import time

from crawler.items import FEED, PAGE, PHOTO
from crawler.storage.store import Store
from weft.params import Shop

SAVE_INTERVAL_SECONDS = 1.0
"""Maximum amount of usage that is lost in a crash."""
_SECONDS_PER_MINUTE = 60


class Limits:
    """Count pages, photos, bytes and minutes of one crawl against their limits; 0 means no limit.

    Args:
        shop: The limits.
        store: The store in which the usage is saved.
    """

    def __init__(self, shop: Shop, store: Store) -> None:
        self._store = store
        self._limits = {
            "max_pages": shop.max_pages,
            "max_photos": shop.max_photos,
            "max_bytes": shop.max_bytes,
            "max_minutes": shop.max_minutes * _SECONDS_PER_MINUTE,
        }
        used = json.loads(store.get_meta("usage") or "{}")
        self._used = {name: float(used.get(name, 0)) for name in self._limits}
        self._last_tick = self._last_saved = time.monotonic()
        self.limit_reached = store.get_meta("limit_reached")
        """The limit that was reached first, "" for none."""

    def has_room(self, kind: str) -> bool:
        """Return whether one more URL of `kind` may be requested."""
        name = {PAGE: "max_pages", FEED: "max_pages", PHOTO: "max_photos"}.get(kind, "")
        return not any(self._is_exhausted(limit) for limit in (name, "max_bytes", "max_minutes"))

    def count_request(self, kind: str) -> None:
        """Count one request for a URL of `kind`."""
        self._count("max_pages", kind in (PAGE, FEED))
        self._count("max_photos", kind == PHOTO)

    def count_bytes(self, size: int) -> None:
        """Count `size` bytes of responses."""
        self._count("max_bytes", size)

    def update_clock(self) -> None:
        """Count the time since the last call, and save the usage at intervals."""
        now = time.monotonic()
        self._count("max_minutes", now - self._last_tick)
        self._last_tick = now
        if now - self._last_saved >= SAVE_INTERVAL_SECONDS:
            self.save()

    def save(self) -> None:
        """Save the usage, rounded to whole seconds, bytes and requests."""
        self._last_saved = time.monotonic()
        used = {name: round(value) for name, value in self._used.items()}
        self._store.set_meta(usage=json.dumps(used), limit_reached=self.limit_reached)

    def _count(self, name: str, amount: float) -> None:
        self._used[name] += amount
        if not self.limit_reached and self._is_exhausted(name):
            self.limit_reached = name

    def _is_exhausted(self, name: str) -> bool:
        return bool(name) and 0 < self._limits[name] <= self._used[name]
