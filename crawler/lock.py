"""Lock: one process at a time works on a state file."""

import fcntl
import time
from pathlib import Path
from typing import TextIO

from weft.errors import ShopError

SECONDS = 10.0
"""A crawl whose parent was killed leaves within a second or two."""


def locked(state: Path, patience: float = SECONDS) -> TextIO:
    """The open lock file of `state`; closing it lets go, and so does the end of the process, however it comes.

    Raises:
        ShopError: Another process holds it, and has not let go within `patience` seconds.
    """
    path = state.with_suffix(".lock")
    file = path.open("w")
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                file.close()
                raise ShopError(f"{path}: another crawl is at work on this state; wait for its end") from None
            time.sleep(0.1)
        else:
            return file
