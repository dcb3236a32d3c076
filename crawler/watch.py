"""Watch: how far a crawl in another process is, read from its state file and told to people."""

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from weft.progress import PLAIN_LINE_SECONDS

TERMINAL_SECONDS = 1.0


def watch(process: "subprocess.Popen[bytes]", shop: str, state: Path) -> None:
    """Wait for `process` to end, telling every few seconds what it has done of what it has found."""
    is_terminal = sys.stderr.isatty()
    pause = TERMINAL_SECONDS if is_terminal else PLAIN_LINE_SECONDS
    began = time.monotonic()
    while True:
        try:
            process.wait(pause)
        except subprocess.TimeoutExpired:
            _tell(shop, state, began, end="\r" if is_terminal else "\n")
        else:
            _tell(shop, state, began, end="\n")
            return


def _tell(shop: str, state: Path, began: float, end: str) -> None:
    try:
        counts = _counts(state)
    except sqlite3.Error:
        return  # not made yet, or being written: the next look will tell
    parts = [f"{done:,} of {found:,} {kind}s" for kind, (done, found) in counts.items() if kind != "sitemap"]
    line = f"crawl {shop}: {', '.join(parts) or 'reading robots.txt and sitemaps'}, {time.monotonic() - began:.0f} s"
    sys.stderr.write(f"{line:<78}{end}")
    sys.stderr.flush()


def _counts(state: Path) -> dict[str, tuple[int, int]]:
    """By kind: how many URLs are settled, and how many are known."""
    connection = sqlite3.connect(f"{state.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
    try:
        found = dict(connection.execute("SELECT kind, count(*) FROM frontier GROUP BY kind"))
        left = dict(connection.execute("SELECT kind, count(*) FROM frontier WHERE status = 'todo' GROUP BY kind"))
    finally:
        connection.close()
    return {kind: (found[kind] - left.get(kind, 0), found[kind]) for kind in sorted(found)}
