"""Apply one function to every shard of a table, on all cores or on a cluster, and return the results in order.

WEFT_ENGINE chooses where: "local" (the default) means processes of this machine, "ray://HOST:PORT" the machines of a
Ray cluster. Results, and so all outs, never depend on the engine nor on the number of processes.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from weft import runtime
from weft.engine import local
from weft.errors import InputError
from weft.progress import progress_bar

Shard = TypeVar("Shard")
Result = TypeVar("Result")

LOCAL = "local"
RAY_SCHEME = "ray://"
_QUIET_SECONDS = 5.0
"""Shorter work shows no progress."""


def map_shards(work: Callable[[Shard], Result], shards: Sequence[Shard], description: str) -> Iterator[Result]:
    """Yield `work(shard)` of each shard, in the order of the shards.

    Args:
        work: A function of a module, or an instance of a class of a module with `__call__`; it is pickled and sent to
            each process once. It must not depend on the shards that it got before.
        shards: Small descriptions of parts of the data, such as `table_shards.TableShard`.
        description: The work in words for the progress bar, such as "clean".

    Raises:
        InputError: WEFT_ENGINE is not an engine, or WEFT_WORKERS is not a number.
        EngineError: The processes or machines cannot be used.
        WeftError: `work` raised it for a shard.
    """
    engine = os.environ.get("WEFT_ENGINE") or LOCAL
    if engine == LOCAL:
        results = local.map_shards(work, shards, runtime.shard_processes())
    elif engine.startswith(RAY_SCHEME):
        from weft.engine import ray_cluster

        results = ray_cluster.map_shards(work, shards, engine.removeprefix(RAY_SCHEME))
    else:
        raise InputError(f"WEFT_ENGINE={engine}: expected {LOCAL} or {RAY_SCHEME}HOST:PORT")
    return progress_bar(results, description, len(shards), "shards", delay=_QUIET_SECONDS)
