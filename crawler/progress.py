"""Progress of crawls in other processes, read from their state files and written to stderr."""

import sqlite3
import sys
import time
from pathlib import Path
from typing import NamedTuple

from crawler.items import SITEMAP
from weft.progress import LOG_INTERVAL_SECONDS

TERMINAL_REFRESH_SECONDS = 1.0


class CrawlProgress:
    """Write every few seconds how many products were found, and how many of the known pages and photos are done."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._interval_seconds = TERMINAL_REFRESH_SECONDS if self._is_terminal else LOG_INTERVAL_SECONDS
        self._started_at = self._updated_at = time.monotonic()
        self._width = 0

    def update(self, crawls: dict[str, Path]) -> None:
        """Write the progress of the running `crawls` (shop name -> state file) if the interval has passed."""
        if time.monotonic() - self._updated_at < self._interval_seconds:
            return
        self._updated_at = time.monotonic()
        lines = [line for shop, state in crawls.items() if (line := _status_line(shop, state))]
        if self._is_terminal and lines:
            text = f"crawl {' | '.join(lines)}"
            sys.stderr.write(f"\r{text:<{self._width}}")
            self._width = len(text)
        else:
            sys.stderr.writelines(f"crawl {line}, {self._updated_at - self._started_at:.0f} s\n" for line in lines)
        sys.stderr.flush()

    def report_finished(self, shop: str, state: Path) -> None:
        """Write the final counts of a crawl that has ended."""
        line = f"crawl {_status_line(shop, state)}, {time.monotonic() - self._started_at:.0f} s"
        sys.stderr.write(f"{chr(13) if self._is_terminal else ''}{line:<{self._width}}\n")
        sys.stderr.flush()


def _status_line(shop: str, state: Path) -> str:
    try:
        counts = _count(state)
    except sqlite3.Error:
        return f"{shop}: starting"
    parts = [f"{done:,} of {found:,} {kind}s" for kind, (done, found) in counts.urls.items() if kind != SITEMAP]
    if not parts:
        return f"{shop}: reading robots.txt and sitemaps"
    return ", ".join([f"{shop}: {counts.products:,} products", *parts, *counts.failed_part])


class _Counts(NamedTuple):
    products: int
    urls: dict[str, tuple[int, int]]
    """By kind, how many URLs are done and how many are known."""
    failed: int

    @property
    def failed_part(self) -> list[str]:
        return [f"{self.failed:,} failed"] if self.failed else []


def _count(state: Path) -> _Counts:
    connection = sqlite3.connect(f"{state.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
    try:
        found = dict(connection.execute("SELECT kind, count(*) FROM frontier GROUP BY kind"))
        todo = dict(connection.execute("SELECT kind, count(*) FROM frontier WHERE status = 'todo' GROUP BY kind"))
        products = connection.execute("SELECT count(DISTINCT product_id) FROM products").fetchone()[0]
        failed = connection.execute(
            "SELECT count(*) FROM frontier INDEXED BY failed WHERE status = 'failed' AND NOT optional"
        ).fetchone()[0]
    finally:
        connection.close()
    return _Counts(products, {kind: (found[kind] - todo.get(kind, 0), found[kind]) for kind in sorted(found)}, failed)
