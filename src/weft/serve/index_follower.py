"""A thread that looks for a new version of the index, so that a server follows the shop without a restart."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from weft.errors import WeftError
from weft.serve.catalogue import ServedCatalogue
from weft.serve.request_log import log_event

CHECK_SECONDS = 2.0
"""A check reads one small file."""


@contextmanager
def follow_index(catalogue: ServedCatalogue, seconds: float = CHECK_SECONDS) -> Iterator[None]:
    """Reload the catalogue, until the block ends, whenever its index has a new version.

    A version that cannot be used is logged once, and requests are answered from the old one.

    Args:
        catalogue: The catalogue of the server.
        seconds: The time between two checks.
    """
    stopped = threading.Event()
    thread = threading.Thread(target=_follow, args=(catalogue, seconds, stopped), name="follow index", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _follow(catalogue: ServedCatalogue, seconds: float, stopped: threading.Event) -> None:
    last_error = ""
    while not stopped.wait(seconds):
        try:
            if catalogue.reload():
                photos = len(catalogue.search_index.photo_ids)
                log_event("new version of the index", version=catalogue.index_version, photos=photos)
            last_error = ""
        except (WeftError, OSError, MemoryError) as error:
            # The old version goes on answering, and the next attempt may succeed.
            message = str(error) or type(error).__name__
            if message != last_error:
                log_event("the new version of the index is not used", error=message)
            last_error = message
