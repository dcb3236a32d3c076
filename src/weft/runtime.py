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

MOST_WORKERS = 8


def settle_threads() -> None:
    """Set the OpenMP environment; call before torch or numpy is imported, or it has no effect.

    Passive waiting: with other work on the machine, spinning threads were 5 to 35 times slower than one.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OMP_NUM_THREADS", str(threads()))


def launch() -> None:
    """Begin again as WEFT_PROCESSES processes under torchrun, where that is more than one and nobody has done so."""
    count = _count("WEFT_PROCESSES", 1)
    if count == 1 or "RANK" in os.environ:
        return
    os.environ["OMP_NUM_THREADS"] = str(max(1, threads() // count))
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    os.execv(sys.executable, [sys.executable, *torchrun, *sys.argv])


def threads() -> int:
    """Compute threads on the CPU, at least 1."""
    return _count("WEFT_THREADS", _cores())


def checkpoint_seconds() -> float:
    """How old a checkpoint of training may grow inside an epoch."""
    return 60.0 * _count("WEFT_CHECKPOINT_MINUTES", 5)


def compiler() -> str:
    """A backend of torch.compile, or nothing."""
    named = os.environ.get("WEFT_COMPILE", "")
    if not named:
        return ""
    import torch

    known = torch.compiler.list_backends(exclude_tags=())
    if named not in known:
        raise InputError(f"WEFT_COMPILE={named}: no backend of torch.compile; unset it or say {', '.join(known)}")
    return named


@contextmanager
def enough_memory(lower: str) -> Iterator[None]:
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
        said = str(error).lower()
        if not isinstance(error, MemoryError) and "out of memory" not in said and "allocate memory" not in said:
            raise
        raise ParamsError(f"not enough memory: lower {lower}") from error


def workers() -> int:
    """Threads or processes that decode photos, at least 1."""
    return _count("WEFT_WORKERS", min(_cores(), MOST_WORKERS))


def device() -> str:
    """The torch device to compute on."""
    import torch

    named = os.environ.get("WEFT_DEVICE")
    if not named:
        own = f":{os.environ['LOCAL_RANK']}" if "LOCAL_RANK" in os.environ else ""
        return f"cuda{own}" if torch.cuda.is_available() else "cpu"
    try:
        torch.device(named)
    except RuntimeError as error:
        raise InputError(f"WEFT_DEVICE={named}: not a torch device (cpu, cuda, cuda:1)") from error
    if named.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"WEFT_DEVICE={named}: torch sees no CUDA device here; unset it or say cpu")
    try:
        torch.zeros(1, device=named).cpu()
    except (RuntimeError, NotImplementedError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"WEFT_DEVICE={named}: cannot compute here ({reason}); unset it or say cpu") from error
    return named


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _count(variable: str, default: int) -> int:
    text = os.environ.get(variable)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"{variable}={text}: wanted a whole number of at least 1")
    return int(text)
