"""Watch: how far crawls in other processes are, read from their state files and told to people."""

import sqlite3
import sys
import time
from pathlib import Path

from weft.progress import PLAIN_LINE_SECONDS

TERMINAL_SECONDS = 1.0


class Watch:
    """Tells every few seconds what has been done of what has been found."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._pause = TERMINAL_SECONDS if self._is_terminal else PLAIN_LINE_SECONDS
        self._began = self._told = time.monotonic()
        self._width = 0

    def look(self, crawls: dict[str, Path]) -> None:
        """Tell how far the running `crawls` are, by shop their state file, when it is time to."""
        if time.monotonic() - self._told < self._pause:
            return
        self._told = time.monotonic()
        lines = [line for shop, state in crawls.items() if (line := _line(shop, state))]
        if self._is_terminal and lines:
            text = f"crawl {' | '.join(lines)}"
            sys.stderr.write(f"\r{text:<{self._width}}")
            self._width = len(text)
        else:
            sys.stderr.writelines(f"crawl {line}, {self._told - self._began:.0f} s\n" for line in lines)
        sys.stderr.flush()

    def ended(self, shop: str, state: Path) -> None:
        """Tell what a crawl that has ended brought home."""
        line = f"crawl {_line(shop, state)}, {time.monotonic() - self._began:.0f} s"
        sys.stderr.write(f"{chr(13) if self._is_terminal else ''}{line:<{self._width}}\n")
        sys.stderr.flush()


def _line(shop: str, state: Path) -> str:
    try:
        counts = _counts(state)
    except sqlite3.Error:
        return f"{shop}: starting"
    parts = [f"{done:,} of {found:,} {kind}s" for kind, (done, found) in counts.items() if kind != "sitemap"]
    return f"{shop}: {', '.join(parts) or 'reading robots.txt and sitemaps'}"


def _counts(state: Path) -> dict[str, tuple[int, int]]:
    """By kind: how many URLs are settled, and how many are known."""
    connection = sqlite3.connect(f"{state.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
    try:
        found = dict(connection.execute("SELECT kind, count(*) FROM frontier GROUP BY kind"))
        left = dict(connection.execute("SELECT kind, count(*) FROM frontier WHERE status = 'todo' GROUP BY kind"))
    finally:
        connection.close()
    return {kind: (found[kind] - left.get(kind, 0), found[kind]) for kind in sorted(found)}
