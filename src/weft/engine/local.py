"""The engine of one machine: processes that share the shards.

Processes are forked from a server process that has imported the modules of Weft once, so that a process starts in
milliseconds, and without the threads of this process, which a direct fork would break.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from weft.engine.in_order import iter_in_order
from weft.errors import EngineError

Shard = TypeVar("Shard")
Result = TypeVar("Result")

_work: Callable[[Any], Any]
"""The function of this process; set once in each process of a pool, because it may hold large counts."""


def map_shards(work: Callable[[Shard], Result], shards: Sequence[Shard], processes: int) -> Iterator[Result]:
    """Yield `work(shard)` of each shard, in order; one shard or one process needs no other process.

    Args:
        work: See `weft.engine.map_shards`.
        shards: See `weft.engine.map_shards`.
        processes: At most so many are started.

    Raises:
        EngineError: A process was killed.
    """
    processes = min(processes, len(shards))
    if processes < 2:
        yield from map(work, shards)
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([name for name in sys.modules if name.startswith("weft.")])
    pool = ProcessPoolExecutor(processes, context, initializer=_start_process, initargs=(work,))
    try:
        yield from iter_in_order(lambda shard: pool.submit(_work_on, shard), shards, max_pending=2 * processes)
    except BrokenProcessPool as error:
        raise EngineError(
            f"one of {processes} processes was killed, probably because memory ran out; set WEFT_WORKERS to a number "
            f"lower than {processes}"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start_process(work: Callable[[Any], Any]) -> None:
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the main process, which ends the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the main process is gone, even if that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work_on(shard: Any) -> Any:
    return _work(shard)
