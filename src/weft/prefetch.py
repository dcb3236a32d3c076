"""Run a function in threads ahead of the reader: order is kept, memory is bounded.

Pillow decodes and encodes outside Python's global lock, so threads run side by side.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

THREAD_NAME = "prefetch"


def prefetch(
    fn: Callable[[Item], Result], items: Iterable[Item], workers: int, max_pending: int | None = None
) -> Iterator[Result]:
    """Yield `fn(item)` of each item, in order; threads compute the next results meanwhile.

    Args:
        fn: Called in the threads. An error that it raises reaches the reader at the item's turn.
        items: Read lazily.
        workers: Threads, at least 1; the results do not depend on it.
        max_pending: Results computed or waiting at most; by default one more than `workers`.
    """
    limit = workers + 1 if max_pending is None else max_pending
    with ThreadPoolExecutor(workers, thread_name_prefix=THREAD_NAME) as pool:
        pending: deque[Future[Result]] = deque()
        try:
            for item in items:
                pending.append(pool.submit(fn, item))
                if len(pending) >= limit:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
