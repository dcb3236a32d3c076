"""What comes from the environment and never changes a result: device, threads, workers, processes.

WEFT_DEVICE              cpu, cuda, cuda:1 ...; default: cuda where there is one, each process its own
WEFT_THREADS             compute threads on the CPU; default: the number of cores
WEFT_WORKERS             photo decoding threads; default: the number of cores, at most 8
WEFT_PROCESSES           how many processes share features, finetune and embed (torchrun); default: 1
WEFT_CHECKPOINT_MINUTES  how old a checkpoint may grow inside an epoch; default: 5
WEFT_COMPILE             a backend of torch.compile for finetune, "inductor"; default: none
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from weft.errors import InputError, ParamsError

MAX_WORKERS = 8


def configure_threads() -> None:
    """Set the OpenMP environment; call before torch or numpy is imported, or it has no effect.

    Passive waiting: with other work on the machine, spinning threads were 5 to 35 times slower than one.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OMP_NUM_THREADS", str(threads()))


def relaunch_with_torchrun() -> None:
    """Begin again as WEFT_PROCESSES processes under torchrun, where that is more than one and nobody has done so."""
    count = _read_positive_int("WEFT_PROCESSES", 1)
    if count == 1 or "RANK" in os.environ:
        return
    os.environ["OMP_NUM_THREADS"] = str(max(1, threads() // count))
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    os.execv(sys.executable, [sys.executable, *torchrun, *sys.argv])


def threads() -> int:
    """Compute threads on the CPU, at least 1."""
    return _read_positive_int("WEFT_THREADS", _count_cores())


def checkpoint_seconds() -> float:
    """How old a checkpoint of training may grow inside an epoch."""
    return 60.0 * _read_positive_int("WEFT_CHECKPOINT_MINUTES", 5)


def compile_backend() -> str:
    """A backend of torch.compile, or nothing."""
    backend = os.environ.get("WEFT_COMPILE", "")
    if not backend:
        return ""
    import torch

    available = torch.compiler.list_backends(exclude_tags=())
    if backend not in available:
        raise InputError(f"WEFT_COMPILE={backend}: no backend of torch.compile; unset it or say {', '.join(available)}")
    return backend


@contextmanager
def explain_oom(hint: str) -> Iterator[None]:
    """Answer for a device that runs out of memory inside.

    Args:
        lower: What to lower, "finetune.batch_size = 64".

    Raises:
        ParamsError: It did.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch.OutOfMemoryError is a RuntimeError; on the CPU torch has no class of its own for it.
        message = str(error).lower()
        if not isinstance(error, MemoryError) and "out of memory" not in message and "allocate memory" not in message:
            raise
        raise ParamsError(f"not enough memory: lower {hint}") from error


def workers() -> int:
    """Threads or processes that decode photos, at least 1."""
    return _read_positive_int("WEFT_WORKERS", min(_count_cores(), MAX_WORKERS))


def device() -> str:
    """The torch device to compute on."""
    import torch

    requested = os.environ.get("WEFT_DEVICE")
    if not requested:
        index = f":{os.environ['LOCAL_RANK']}" if "LOCAL_RANK" in os.environ else ""
        return f"cuda{index}" if torch.cuda.is_available() else "cpu"
    try:
        torch.device(requested)
    except RuntimeError as error:
        raise InputError(f"WEFT_DEVICE={requested}: not a torch device (cpu, cuda, cuda:1)") from error
    if requested.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"WEFT_DEVICE={requested}: torch sees no CUDA device here; unset it or say cpu")
    try:
        torch.zeros(1, device=requested).cpu()
    except (RuntimeError, NotImplementedError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"WEFT_DEVICE={requested}: cannot compute here ({reason}); unset it or say cpu") from error
    return requested


def _count_cores() -> int:
    return len(os.sched_getaffinity(0))


def _read_positive_int(variable: str, default: int) -> int:
    text = os.environ.get(variable)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"{variable}={text}: wanted a whole number of at least 1")
    return int(text)
