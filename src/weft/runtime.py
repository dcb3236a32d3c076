"""Settings of the environment, which change results only by rounding: device, threads, workers, processes.

WEFT_DEVICE              cpu, cuda, cuda:1 ...; default: cuda if there is a GPU, another one for each process
WEFT_THREADS             compute threads on the CPU; default: the number of cores
WEFT_WORKERS             threads that decode photos (default: the number of cores, at most 8), and processes that share
                         the shards of clean, vocabulary and prepare (default: the number of cores)
WEFT_ENGINE              where these shards are worked on: "local", or "ray://HOST:PORT"; default: local
WEFT_PROCESSES           processes of features, finetune and embed (torchrun); default: 1
WEFT_CHECKPOINT_MINUTES  maximum minutes between two checkpoints in an epoch; default: 5
WEFT_COMPILE             backend of torch.compile for training, and on a GPU for embedding, such as "inductor"; default:
                         no compilation
WEFT_EMBED_DTYPE         number format in which a GPU embeds photos: float32, bfloat16 or float16; default: float16
"""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from weft.errors import InputError, ParamsError

MAX_WORKERS = 8
EMBED_DTYPES = ("float16", "bfloat16", "float32")
"""The number formats of WEFT_EMBED_DTYPE, the default first."""
RESIDENT_SHARE = 0.6
"""The largest share of a GPU's free memory for data that stays there; the rest is for the weights and the step."""


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


def embed_dtype() -> str:
    """Return the number format in which a GPU embeds photos.

    Raises:
        InputError: WEFT_EMBED_DTYPE is no number format.
    """
    name = os.environ.get("WEFT_EMBED_DTYPE", EMBED_DTYPES[0])
    if name not in EMBED_DTYPES:
        raise InputError(f"WEFT_EMBED_DTYPE={name}: expected one of {', '.join(EMBED_DTYPES)}")
    return name


def compile_options(backend: str, device: str, *, use_cuda_graphs: bool = False) -> dict[str, Any]:
    """Return the keyword arguments of torch.compile.

    Args:
        backend: A backend of torch.compile.
        device: The torch device.
        use_cuda_graphs: Whether inductor may replay a step as a CUDA graph, which pays for small batches.
    """
    # Every size of a batch is compiled by itself: there are few, and CUDA graphs need fixed sizes.
    options: dict[str, Any] = {"backend": backend, "dynamic": False}
    if use_cuda_graphs and backend == "inductor" and device.startswith("cuda"):
        options["mode"] = "reduce-overhead"
    return options


@contextmanager
def explain_oom(hint: Callable[[], str]) -> Iterator[None]:
    """Turn an out-of-memory error of the body into an error that says which parameter to lower.

    Args:
        hint: Returns the parameter to lower with its value, such as "finetune.batch_size = 64 to 32, which fits". It
            is called after the memory of the body was freed, and may try smaller sizes.

    Raises:
        ParamsError: The device or the process ran out of memory.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_oom(error):
            raise
        free_traceback_memory(error)
        raise ParamsError(f"not enough memory: lower {hint()}") from error


def is_oom(error: Exception) -> bool:
    """Return whether an error says that the device or the process ran out of memory."""
    # torch.OutOfMemoryError is a RuntimeError; on the CPU torch raises a plain RuntimeError.
    message = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in message or "allocate memory" in message


def free_traceback_memory(error: Exception) -> None:
    """Free the tensors that the traceback of an error holds."""
    import torch

    traceback.clear_frames(error.__traceback__)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def find_fitting_size(attempt: Callable[[int], object], failed: int, minimum: int = 1) -> int:
    """Return the largest half, quarter, eighth ... of a size for which there is enough memory; 0 if there is none.

    Args:
        attempt: Works with a size; it raises an out-of-memory error if the size is too large.
        failed: A size that was too large.
        minimum: The least size to try.
    """
    size = failed // 2
    while size >= minimum:
        try:
            attempt(size)
        except (MemoryError, RuntimeError) as error:
            if not is_oom(error):
                raise
            free_traceback_memory(error)
            size //= 2
        else:
            return size
    return 0


def fits_on_gpu(num_bytes: int, device: str) -> bool:
    """Return whether so much data can stay on a GPU beside a training; always False on a CPU."""
    if not device.startswith("cuda"):
        return False
    import torch

    free_bytes, _ = torch.cuda.mem_get_info(device)
    return num_bytes <= RESIDENT_SHARE * free_bytes


_earlier_peaks: dict[str, int] = {}
"""The most memory in bytes that a device took before its measurement was restarted."""


def measure_peak_memory(device: str) -> dict[str, float]:
    """Return the most memory that tensors took on a GPU since the start of the process, in GiB; empty on a CPU."""
    if not device.startswith("cuda"):
        return {}
    import torch

    return {"peak_gpu_memory_gib": max(_earlier_peaks.get(device, 0), torch.cuda.max_memory_allocated(device)) / 2**30}


def restart_peak_memory(device: str) -> None:
    """Let PyTorch measure the peak memory of a GPU from now on; `measure_peak_memory` remembers the one before."""
    import torch

    _earlier_peaks[device] = max(_earlier_peaks.get(device, 0), torch.cuda.max_memory_allocated(device))
    torch.cuda.reset_peak_memory_stats(device)


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
