"""Settings of the environment, which never change a result: device, threads, workers, processes.

WEFT_DEVICE              cpu, cuda, cuda:1 ...; default: cuda if there is a GPU, another one for each process
WEFT_THREADS             compute threads on the CPU; default: the number of cores
WEFT_WORKERS             threads that decode photos (default: the number of cores, at most 8), and processes that share
                         the shards of clean, vocabulary and prepare (default: the number of cores)
WEFT_ENGINE              where these shards are worked on: "local", or "ray://HOST:PORT"; default: local
WEFT_PROCESSES           processes of features, finetune and embed (torchrun); default: 1
WEFT_CHECKPOINT_MINUTES  maximum minutes between two checkpoints in an epoch; default: 5
WEFT_COMPILE             backend of torch.compile for finetune, such as "inductor"; default: no compilation
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from weft.errors import InputError, ParamsError

MAX_WORKERS = 8


def configure_threads() -> None:
    """Set the OpenMP environment; call before torch or numpy is imported, or it has no effect.

    Threads wait passively: beside other processes, spinning threads were 5 to 35 times slower than one thread.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OMP_NUM_THREADS", str(threads()))


def relaunch_with_torchrun() -> None:
    """Restart this program as WEFT_PROCESSES processes under torchrun, unless it is one or torchrun started it."""
    count = _read_positive_int("WEFT_PROCESSES", 1)
    if count == 1 or "RANK" in os.environ:
        return
    os.environ["OMP_NUM_THREADS"] = str(max(1, threads() // count))
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    os.execv(sys.executable, [sys.executable, *torchrun, *sys.argv])


def threads() -> int:
    """Return the number of compute threads on the CPU, at least 1."""
    return _read_positive_int("WEFT_THREADS", _count_cores())


def checkpoint_seconds() -> float:
    """Return the maximum number of seconds between two checkpoints in an epoch."""
    return 60.0 * _read_positive_int("WEFT_CHECKPOINT_MINUTES", 5)


def compile_backend() -> str:
    """Return the backend of torch.compile; empty for no compilation.

    Raises:
        InputError: WEFT_COMPILE is not a backend of this torch.
    """
    backend = os.environ.get("WEFT_COMPILE", "")
    if not backend:
        return ""
    import torch

    available = torch.compiler.list_backends(exclude_tags=())
    if backend not in available:
        raise InputError(
            f"WEFT_COMPILE={backend}: expected a backend of torch.compile ({', '.join(available)}); or no value"
        )
    return backend


@contextmanager
def explain_oom(hint: str) -> Iterator[None]:
    """Turn an out-of-memory error of the body into an error that says which parameter to lower.

    Args:
        hint: The parameter to lower with its value, such as "finetune.batch_size = 64".

    Raises:
        ParamsError: The device or the process ran out of memory.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch.OutOfMemoryError is a RuntimeError; on the CPU torch raises a plain RuntimeError.
        message = str(error).lower()
        if not isinstance(error, MemoryError) and "out of memory" not in message and "allocate memory" not in message:
            raise
        raise ParamsError(f"not enough memory: lower {hint}") from error


def workers() -> int:
    """Return the number of threads that decode photos, at least 1."""
    return _read_positive_int("WEFT_WORKERS", min(_count_cores(), MAX_WORKERS))


def shard_processes() -> int:
    """Return the number of processes that share the shards of a table, at least 1."""
    return _read_positive_int("WEFT_WORKERS", _count_cores())


def device() -> str:
    """Return the torch device to compute on.

    Raises:
        InputError: WEFT_DEVICE is not a device that can compute here.
    """
    import torch

    requested = os.environ.get("WEFT_DEVICE")
    if not requested:
        index = f":{os.environ['LOCAL_RANK']}" if "LOCAL_RANK" in os.environ else ""
        return f"cuda{index}" if torch.cuda.is_available() else "cpu"
    try:
        torch.device(requested)
    except RuntimeError as error:
        raise InputError(f"WEFT_DEVICE={requested}: expected a torch device such as cpu, cuda or cuda:1") from error
    if requested.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"WEFT_DEVICE={requested}: torch finds no CUDA device here; unset it or set it to cpu")
    try:
        torch.zeros(1, device=requested).cpu()
    except (RuntimeError, NotImplementedError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"WEFT_DEVICE={requested}: this device cannot compute here ({reason}); unset it or set it to cpu"
        ) from error
    return requested


def _count_cores() -> int:
    return len(os.sched_getaffinity(0))


def _read_positive_int(variable: str, default: int) -> int:
    text = os.environ.get(variable)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"{variable}={text}: expected a whole number of at least 1")
    return int(text)
