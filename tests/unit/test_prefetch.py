"""A function run in threads ahead of the reader."""

import threading

import pytest

from weft.prefetch import THREAD_NAME, prefetch


def test_an_error_reaches_the_reader() -> None:
    def invert(item: int) -> float:
        return 1 / item

    with pytest.raises(ZeroDivisionError):
        list(prefetch(invert, [2, 1, 0, 1], 2))


@pytest.mark.parametrize("max_pending", [None, 1, 16])
def test_results_come_in_order_whatever_the_limit(max_pending: int | None) -> None:
    assert list(prefetch(str, range(50), 3, max_pending)) == [str(n) for n in range(50)]


def test_the_threads_end_with_the_stream() -> None:
    stream = prefetch(str, range(50), 2)
    next(stream)
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(THREAD_NAME)]
