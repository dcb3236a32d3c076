"""The engine of several machines: one task of a Ray cluster for each shard.

The machines run the same code of Weft and see the folder of the project under the same path. A task whose machine is
lost is run again on another one.
"""

import hashlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

from weft.engine.current_work import get_work
from weft.errors import EngineError, WeftError, get_first_line
from weft.prefetch import iter_in_order
from weft.progress import log_line

Shard = TypeVar("Shard")
Result = TypeVar("Result")

MAX_RETRIES = 5
"""How often a shard is worked on again after its machine or its process is lost."""
_CONNECT_SECONDS = 10.0


def map_shards(work: Callable[[Shard], Result], shards: Sequence[Shard], address: str) -> Iterator[Result]:
    """Yield `work(shard)` of each shard, in order.

    Args:
        work: See `weft.engine.map_shards`.
        shards: See `weft.engine.map_shards`.
        address: "HOST:PORT", as `ray start --head` prints it.

    Raises:
        EngineError: Ray is not installed, the cluster cannot be used, or a machine of it lacks the code or the folder.
    """
    ray = _connect(address)
    cores = int(ray.cluster_resources().get("CPU", 0))
    if not cores:
        raise EngineError(f"WEFT_ENGINE=ray://{address}: no machine of the cluster has a core for tasks")
    task = ray.remote(num_cpus=1, max_retries=MAX_RETRIES)(_run_task)
    # A list of references is sent as it is; Ray would read a bare reference for each task.
    shared = [ray.put(work)]
    common = (os.urandom(8).hex(), shared, str(Path.cwd()), hash_code())
    machines = Machines(ray)

    def submit(shard: Shard) -> "Future[Result]":
        return cast("Future[Result]", task.remote(*common, shard).future())

    try:
        for result in iter_in_order(submit, shards, max_pending=2 * cores):
            machines.report_lost()
            yield result
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, WeftError):
            raise error.cause from None
        if "No module named 'weft" in str(error):
            raise EngineError(
                f"WEFT_ENGINE=ray://{address}: a machine of the cluster has no package weft; install it there"
            ) from error
        raise
    except ray.exceptions.RayError as error:
        raise EngineError(f"WEFT_ENGINE=ray://{address}: {get_first_line(error)}") from error


def _run_task(work_id: str, shared: list[Any], folder: str, code: str, shard: Any) -> Any:
    """Work on a shard in a process of the cluster."""
    import ray

    machine = socket.gethostname()
    if hash_code() != code:
        raise EngineError(f"the machine {machine} has other code of Weft than this one; install the same on both")
    try:
        os.chdir(folder)
    except OSError as error:
        raise EngineError(f"the machine {machine} has no folder {folder}; share it under the same path") from error
    # Ray would read the work again for each shard.
    return get_work(work_id, lambda: ray.get(shared[0]))(shard)


def _connect(address: str) -> ModuleType:
    """Return the module ray, connected to the cluster.

    Raises:
        EngineError: The message says what to do.
    """
    where = f"WEFT_ENGINE=ray://{address}"
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise EngineError(f"{where}: expected ray://HOST:PORT, as `ray start --head` prints it")
    # Ray reports its use to its makers unless it is told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise EngineError(f"{where}: the package ray is not installed: pip install 'weft[cluster]'") from error
    if ray.is_initialized():
        return cast(ModuleType, ray)
    try:
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
    except OSError as error:
        raise EngineError(
            f"{where}: cannot connect: {get_first_line(error)}; start the cluster with `ray start --head`"
        ) from error
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
    except (RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
        text = " ".join(str(error).split())
        if "ersion mismatch" in text:
            raise EngineError(f"{where}: {text[:300]}; install the same Ray and Python on all machines") from error
        raise EngineError(
            f"{where}: {text[:200]}; this machine must belong to the cluster (`ray start --address={address}`) and "
            "have its RAY_AUTH_TOKEN"
        ) from error
    nodes = [node for node in ray.nodes() if node["Alive"]]
    log_line(f"ray: machines {len(nodes)}, cores {ray.cluster_resources().get('CPU', 0):.0f}")
    return cast(ModuleType, ray)


class Machines:
    """The machines of the cluster, to log when one is lost."""

    def __init__(self, ray: ModuleType) -> None:
        self._ray = ray
        self._count = self._count_alive()

    def report_lost(self) -> None:
        """Log that machines were lost since the last call."""
        count = self._count_alive()
        if count < self._count:
            log_line(f"ray: {self._count - count} of {self._count} machines lost; their shards are worked on again")
        self._count = count

    def _count_alive(self) -> int:
        return sum(node["Alive"] for node in self._ray.nodes())


@cache
def hash_code() -> str:
    """Return the SHA-256 of the source of Weft, which must be the same on all machines for the same outs."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(f"{file.relative_to(package)}\n".encode() + file.read_bytes())
    return digest.hexdigest()
