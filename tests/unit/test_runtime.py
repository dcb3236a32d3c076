import os

import pytest
import torch

from weft import runtime
from weft.errors import InputError, ParamsError


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    names = ["DEVICE", "THREADS", "WORKERS", "PROCESSES", "CHECKPOINT_MINUTES", "COMPILE"]
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "RANK", "LOCAL_RANK", *(f"WEFT_{name}" for name in names)):
        monkeypatch.delenv(name, raising=False)


def test_the_default_is_the_number_of_cores(monkeypatch):
    monkeypatch.setattr(runtime, "_count_cores", lambda: 12)
    assert runtime.threads() == 12
    assert runtime.workers() == runtime.MAX_WORKERS == 8


def test_the_environment_overrides_the_default(monkeypatch):
    monkeypatch.setenv("WEFT_THREADS", "3")
    monkeypatch.setenv("WEFT_WORKERS", "20")
    assert (runtime.threads(), runtime.workers()) == (3, 20)


@pytest.mark.parametrize("value", ["", "0", "-1", "two", "1.5", "²", " 3"])
@pytest.mark.parametrize(("variable", "function"), [("WEFT_THREADS", "threads"), ("WEFT_WORKERS", "workers")])
def test_an_invalid_count_is_an_error(monkeypatch, variable, function, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(InputError, match=f"{variable}={value}: expected a whole number of at least 1"):
        getattr(runtime, function)()


def test_configure_threads_keeps_variables_that_are_set(monkeypatch):
    monkeypatch.setenv("WEFT_THREADS", "3")
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    runtime.configure_threads()
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.environ["OMP_WAIT_POLICY"] == "active"
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    runtime.configure_threads()
    assert os.environ["OMP_NUM_THREADS"] == "5"


@pytest.mark.parametrize(("cuda", "device"), [(True, "cuda"), (False, "cpu")])
def test_cuda_is_the_default_if_available(monkeypatch, cuda, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    assert runtime.device() == device


def test_an_unknown_device_is_an_error(monkeypatch):
    monkeypatch.setenv("WEFT_DEVICE", "toaster")
    with pytest.raises(InputError, match="WEFT_DEVICE=toaster: expected a torch device"):
        runtime.device()


def test_a_device_that_cannot_compute_is_an_error(monkeypatch):
    monkeypatch.setenv("WEFT_DEVICE", "meta")
    with pytest.raises(
        InputError, match=r"WEFT_DEVICE=meta: this device cannot compute here \(.*\); unset it or set it to cpu"
    ):
        runtime.device()


def test_the_cpu_can_be_chosen(monkeypatch):
    monkeypatch.setenv("WEFT_DEVICE", "cpu")
    assert runtime.device() == "cpu"


def test_a_missing_device_is_an_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("WEFT_DEVICE", "cuda:1")
    with pytest.raises(InputError, match="WEFT_DEVICE=cuda:1: torch finds no CUDA device here"):
        runtime.device()


@pytest.fixture
def exec_calls(monkeypatch):
    """The commands that would replace this process."""
    commands = []
    monkeypatch.setattr(os, "execv", lambda program, command: commands.append(command))
    return commands


def test_one_process_is_not_relaunched(monkeypatch, exec_calls):
    runtime.relaunch_with_torchrun()
    monkeypatch.setenv("WEFT_PROCESSES", "1")
    runtime.relaunch_with_torchrun()
    assert exec_calls == []


def test_several_processes_are_relaunched_with_torchrun_once(monkeypatch, exec_calls):
    monkeypatch.setenv("WEFT_PROCESSES", "3")
    monkeypatch.setenv("WEFT_THREADS", "7")
    monkeypatch.setattr("sys.argv", ["stages/embed.py", "--out", "x"])
    runtime.relaunch_with_torchrun()
    ((_, *command),) = exec_calls
    assert command == [
        *("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "3"),
        *("stages/embed.py", "--out", "x"),
    ]
    assert os.environ["OMP_NUM_THREADS"] == "2"
    monkeypatch.setenv("RANK", "1")  # as torchrun sets it
    runtime.relaunch_with_torchrun()
    assert len(exec_calls) == 1


def test_each_process_has_its_own_cuda_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "2")
    assert runtime.device() == "cuda:2"


def test_the_time_between_checkpoints_is_set_in_minutes(monkeypatch):
    assert runtime.checkpoint_seconds() == 300
    monkeypatch.setenv("WEFT_CHECKPOINT_MINUTES", "1")
    assert runtime.checkpoint_seconds() == 60


def test_the_compile_backend_must_be_one_of_torch(monkeypatch):
    assert runtime.compile_backend() == ""
    monkeypatch.setenv("WEFT_COMPILE", "inductor")
    assert runtime.compile_backend() == "inductor"
    monkeypatch.setenv("WEFT_COMPILE", "gcc")
    with pytest.raises(InputError, match=r"WEFT_COMPILE=gcc: expected a backend of torch.compile \(.*inductor"):
        runtime.compile_backend()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_out_of_memory_error_says_what_to_lower(error):
    with pytest.raises(ParamsError, match="not enough memory: lower this = 3"), runtime.explain_oom(lambda: "this = 3"):
        raise error


def test_other_errors_are_raised_unchanged():
    with pytest.raises(RuntimeError, match="size mismatch"), runtime.explain_oom(lambda: "this = 3"):
        raise RuntimeError("size mismatch")


@pytest.mark.parametrize(("largest", "found"), [(40, 32), (32, 32), (3, 2), (1, 0)])
def test_the_size_that_fits_is_found_by_halving(largest, found):
    def attempt(size):
        if size > largest:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    assert runtime.find_fitting_size(attempt, 64, minimum=2) == found


def test_another_error_while_sizes_are_tried_is_raised():
    def attempt(size):
        raise RuntimeError("size mismatch")

    with pytest.raises(RuntimeError, match="size mismatch"):
        runtime.find_fitting_size(attempt, 64)


def test_the_number_format_of_embedding_is_checked(monkeypatch):
    assert runtime.embed_dtype() == "float16"
    monkeypatch.setenv("WEFT_EMBED_DTYPE", "half")
    with pytest.raises(InputError, match="WEFT_EMBED_DTYPE=half: expected one of float16, bfloat16, float32"):
        runtime.embed_dtype()


def test_only_inductor_on_a_gpu_uses_cuda_graphs():
    graphs = {"use_cuda_graphs": True}
    assert runtime.compile_options("inductor", "cuda:1", **graphs)["mode"] == "reduce-overhead"
    assert "mode" not in runtime.compile_options("inductor", "cuda:1")
    assert "mode" not in runtime.compile_options("inductor", "cpu", **graphs)
    assert "mode" not in runtime.compile_options("eager", "cuda", **graphs)


def test_on_a_cpu_nothing_is_kept_on_a_gpu():
    assert not runtime.fits_on_gpu(1, "cpu")
    assert runtime.measure_peak_memory("cpu") == {}
