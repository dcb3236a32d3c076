"""What comes from the environment and never changes a result: device, threads, workers.

WEFT_DEVICE   cpu, cuda, cuda:1 ...; default: cuda where there is one
WEFT_THREADS  compute threads on the CPU; default: the number of cores
WEFT_WORKERS  photo decoding threads or processes; default: the number of cores, at most 8
"""

import os

from weft.errors import InputError

MOST_WORKERS = 8


def settle_threads() -> None:
    """Set the OpenMP environment; call before torch or numpy is imported, or it has no effect.

    Passive waiting: with other work on the machine, spinning threads were 5 to 35 times slower than one.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OMP_NUM_THREADS", str(threads()))


def threads() -> int:
    """Compute threads on the CPU, at least 1."""
    return _count("WEFT_THREADS", _cores())


def workers() -> int:
    """Threads or processes that decode photos, at least 1."""
    return _count("WEFT_WORKERS", min(_cores(), MOST_WORKERS))


def device() -> str:
    """The torch device to compute on."""
    import torch

    named = os.environ.get("WEFT_DEVICE")
    if not named:
        return "cuda" if torch.cuda.is_available() else "cpu"
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
