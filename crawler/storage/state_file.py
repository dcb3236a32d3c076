"""A crawl's state file: its path, its schema, and its lock, because only one process at a time works on a state file.

The lock file also holds an error message that cannot be saved in the state file. It has its full length from the
start, so the message can be written even if the disk is full.
"""

import fcntl
import hashlib
import os
import sqlite3
import time
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import TextIO

from weft.errors import ShopError

SCHEMA_VERSION = 4
"""The version of crawler/storage/schema.sql, saved in every state file; raise it when a column changes its meaning."""
_PRAGMAS = (
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000; "
    f"PRAGMA user_version = {SCHEMA_VERSION};"
)
LOCK_TIMEOUT_SECONDS = 30.0
"""A crawl whose parent was killed ends within a second or two, and later on a machine with much other work."""
_MESSAGE_BYTES = 4_000
"""Size of the lock file."""


class StateError(ShopError):
    """The state file cannot be written; it contains everything up to the last commit."""


def state_path(folder: Path, name: str, url: str, *key_parts: object) -> Path:
    """Return the path of a crawl's state file; crawls with different arguments have different files.

    Args:
        folder: Folder of the state files.
        name: Our name for the shop.
        url: The start URL.
        key_parts: Other values that distinguish crawls: the snapshot's number, the size of the demo.
    """
    # The 0 stands where the limit on products was part of the name, so that states without a limit keep their names.
    digest = hashlib.sha256("\n".join(map(str, (url, 0, *key_parts))).encode()).hexdigest()[:8]
    return folder / f"{name}-{digest}.sqlite"


def open_database(path: Path) -> sqlite3.Connection:
    """Return the connection to a state file, which is created if it is missing.

    Raises:
        ShopError: The file is not a state file of this version.
    """
    try:
        database = sqlite3.connect(path, isolation_level=None, timeout=30)
        is_new = database.execute("SELECT 1 FROM sqlite_master").fetchone() is None
        if not is_new and database.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
            raise sqlite3.DatabaseError("it has another schema version")
        schema = resources.files("crawler.storage").joinpath("schema.sql").read_text("utf-8")
        database.executescript(_PRAGMAS + schema)
    except sqlite3.Error as error:
        raise ShopError(f"{path}: not a usable state file ({error}); delete it to crawl again") from error
    return database


def acquire_lock(state: Path, timeout_seconds: float = LOCK_TIMEOUT_SECONDS) -> TextIO:
    """Return the open lock file of `state`; the lock ends when the file is closed or the process ends.

    Raises:
        ShopError: Another process has held the lock for `timeout_seconds`.
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
                raise ShopError(f"{path}: another crawl uses this state file; wait until it ends") from None
            time.sleep(0.1)
        else:
            write_error(file, "")
            return file


def write_error(file: TextIO, message: str) -> None:
    """Write into a locked file why the crawl could not continue."""
    line = " ".join(message.split()).encode()[: _MESSAGE_BYTES - 1].decode(errors="ignore")
    with suppress(OSError):
        os.pwrite(file.fileno(), line.encode().ljust(_MESSAGE_BYTES - 1) + b"\n", 0)


def read_error(state: Path) -> str:
    """Return the message that the last crawl wrote into the lock file of `state`, "" for none."""
    path = state.with_suffix(".lock")
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""
