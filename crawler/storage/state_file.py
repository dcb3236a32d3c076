"""Which state file belongs to which crawl: other arguments, another file, so that crawls never mix.

Lock: one process at a time works on a state file, and leaves a word there when it cannot leave it in the state.

The lock file is as long from the start as any word needs, so that a full disk takes the word too.
"""

import fcntl
import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from weft.errors import ShopError

SCHEMA_VERSION = 3
"""The version of crawler/storage/schema.sql, noted in every state file; raise it when a column changes its meaning."""


def state_path(folder: Path, name: str, url: str, max_products: int, *key_parts: object) -> Path:
    """The state file of one crawl within `folder`.

    Args:
        folder: Where state files lie.
        name: Our name for the shop.
        url: Where it begins.
        max_products: The limit, 0 for none.
        further: Whatever else makes it another crawl: the snapshot's number, the demo's size.
    """
    digest = hashlib.sha256("\n".join(map(str, (url, max_products, *key_parts))).encode()).hexdigest()[:8]
    return folder / f"{name}-{digest}.sqlite"


LOCK_TIMEOUT_SECONDS = 10.0
"""A crawl whose parent was killed leaves within a second or two."""
_MESSAGE_BYTES = 4_000
"""Bytes for a word."""


def acquire_lock(state: Path, timeout_seconds: float = LOCK_TIMEOUT_SECONDS) -> TextIO:
    """The open lock file of `state`; closing it lets go, and so does the end of the process, however it comes.

    Raises:
        ShopError: Another process holds it, and has not let go within `patience` seconds.
    """
    path = state.with_suffix(".lock")
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+", encoding="utf-8")
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                file.close()
                raise ShopError(f"{path}: another crawl is at work on this state; wait for its end") from None
            time.sleep(0.1)
        else:
            write_error(file, "")
            return file


def write_error(file: TextIO, message: str) -> None:
    """Note in a lock file that is held why the crawl could not go on."""
    line = " ".join(message.split()).encode()[: _MESSAGE_BYTES - 1].decode(errors="ignore")
    with suppress(OSError):
        os.pwrite(file.fileno(), line.encode().ljust(_MESSAGE_BYTES - 1) + b"\n", 0)


def read_error(state: Path) -> str:
    """What the last crawl that worked on `state` left in its lock file, "" for nothing."""
    path = state.with_suffix(".lock")
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""
