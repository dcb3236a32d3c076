"""Wait for results that are computed elsewhere, in the order in which they were asked for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


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
