"""The engine of one machine: processes that share the shards.

Processes are forked from a server process without threads, because a fork of this process would break its threads. They
stay for the next call, so that a stage that reads its table three times imports its libraries once.
"""

import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from weft.engine.current_work import get_work
from weft.errors import EngineError
from weft.prefetch import iter_in_order

Shard = TypeVar("Shard")
Result = TypeVar("Result")


def map_shards(work: Callable[[Shard], Result], shards: Sequence[Shard], processes: int) -> Iterator[Result]:
    """Yield `work(shard)` of each shard, in order; one shard or one process needs no other process.

    Args:
        work: See `weft.engine.map_shards`.
        shards: See `weft.engine.map_shards`.
        processes: At most so many work at the same time.

    Raises:
        EngineError: A process was killed.
    """
    used = min(processes, len(shards))
    if used < 2:
        yield from map(work, shards)
        return
    pool = _start_pool(processes)
    with tempfile.TemporaryDirectory(prefix="weft-") as folder:
        # The work is sent through a file, because it may be large and each process needs it once.
        file = Path(folder) / "work"
        file.write_bytes(pickle.dumps(work))
        try:
            yield from iter_in_order(lambda shard: pool.submit(_work_on, file, shard), shards, 2 * used)
        except BrokenProcessPool as error:
            _start_pool.cache_clear()
            raise EngineError(
                f"one of {processes} processes was killed or could not start; if memory ran out, set WEFT_WORKERS to a "
                f"number lower than {processes}"
            ) from error


@cache
def _start_pool(processes: int) -> ProcessPoolExecutor:
    """Return the pool of this stage: it starts processes as shards are submitted, and at most `processes`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([name for name in sys.modules if name.startswith("weft.")])
    return ProcessPoolExecutor(processes, context, initializer=_start_process)


def _start_process() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the main process too, which ends the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the main process is gone, even if that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work_on(file: Path, shard: Any) -> Any:
    # Only this user can write into the folder, and only the main process does.
    work = get_work(str(file), lambda: pickle.loads(file.read_bytes()))  # noqa: S301
    return work(shard)
