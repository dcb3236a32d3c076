"""The benchmark for GPUs runs on any device in its form --smoke, and measures nothing without a GPU."""

import runpy
import sys
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setenv("WEFT_DEVICE", "cpu")
    monkeypatch.setenv("WEFT_WORKERS", "1")
    yield runpy.run_path(str(BENCHMARKS / "gpu.py"))
    sys.modules.pop("gpu_workloads", None)


def test_the_smoke_form_measures_every_loop_and_writes_nothing(benchmark, capsys):
    results = BENCHMARKS / "results" / "gpu.csv"
    before = results.read_bytes() if results.exists() else None
    assert benchmark["main"](["--smoke"]) == 0
    printed = capsys.readouterr().out
    for name in ("loader, one core", "embed, from JPEG", "train_head", "finetune, share", "exact search", "preset"):
        assert name in printed
    assert "these figures say nothing about speed" in printed
    assert (results.read_bytes() if results.exists() else None) == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_without_a_gpu_nothing_is_measured(benchmark, capsys):
    with pytest.raises(SystemExit):
        benchmark["main"]([])
    assert "found no CUDA device; on a CPU only --smoke runs" in capsys.readouterr().err
