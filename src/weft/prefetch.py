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
        yield from iter_in_order(lambda item: pool.submit(fn, item), items, limit)


def iter_in_order(
    submit: Callable[[Item], "Future[Result]"], items: Iterable[Item], max_pending: int
) -> Iterator[Result]:
    """Yield the result of each item, in order.

    Args:
        submit: Starts the computation of one item.
        items: Read lazily.
        max_pending: Results being computed or waiting for their turn at most, which limits the memory.
    """
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            pending.append(submit(item))
            if len(pending) >= max_pending:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
