import os

import pytest
import torch

from weft import runtime
from weft.errors import InputError


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in ("WEFT_DEVICE", "WEFT_THREADS", "WEFT_WORKERS", "OMP_NUM_THREADS", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)


def test_the_cores_are_the_default(monkeypatch):
    monkeypatch.setattr(runtime, "_cores", lambda: 12)
    assert runtime.threads() == 12
    assert runtime.workers() == runtime.MOST_WORKERS == 8


def test_the_environment_decides(monkeypatch):
    monkeypatch.setenv("WEFT_THREADS", "3")
    monkeypatch.setenv("WEFT_WORKERS", "20")
    assert (runtime.threads(), runtime.workers()) == (3, 20)


@pytest.mark.parametrize("value", ["", "0", "-1", "two", "1.5", "²", " 3"])
@pytest.mark.parametrize(("variable", "function"), [("WEFT_THREADS", "threads"), ("WEFT_WORKERS", "workers")])
def test_a_bad_count_is_answered(monkeypatch, variable, function, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(InputError, match=f"{variable}={value}: wanted a whole number of at least 1"):
        getattr(runtime, function)()


def test_threads_settle_without_overruling_the_person(monkeypatch):
    monkeypatch.setenv("WEFT_THREADS", "3")
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    runtime.settle_threads()
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.environ["OMP_WAIT_POLICY"] == "active"
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    runtime.settle_threads()
    assert os.environ["OMP_NUM_THREADS"] == "5"


@pytest.mark.parametrize(("cuda", "device"), [(True, "cuda"), (False, "cpu")])
def test_cuda_is_taken_where_there_is_one(monkeypatch, cuda, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    assert runtime.device() == device


def test_a_device_that_is_none_is_answered(monkeypatch):
    monkeypatch.setenv("WEFT_DEVICE", "toaster")
    with pytest.raises(InputError, match="WEFT_DEVICE=toaster: not a torch device"):
        runtime.device()


def test_a_device_that_computes_nothing_is_answered(monkeypatch):
    monkeypatch.setenv("WEFT_DEVICE", "meta")
    with pytest.raises(InputError, match=r"WEFT_DEVICE=meta: cannot compute here \(.*\); unset it or say cpu"):
        runtime.device()


def test_the_cpu_can_be_named(monkeypatch):
    monkeypatch.setenv("WEFT_DEVICE", "cpu")
    assert runtime.device() == "cpu"


def test_a_device_that_is_not_here_is_answered(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("WEFT_DEVICE", "cuda:1")
    with pytest.raises(InputError, match="WEFT_DEVICE=cuda:1: torch sees no CUDA device here"):
        runtime.device()
