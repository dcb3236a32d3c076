"""Compare the time and memory of one step of the head: sampled softmax with sparse updates of W, and full softmax.

    OMP_NUM_THREADS=1 python benchmarks/training_losses.py > benchmarks/results/training_losses.csv

A step is what finetune does with z, (BATCH, DIM): the loss, the gradients of z and W, and one update of W. Each photo
has one target word; the batch shares its negatives. All variants run in turn in one process; figures are medians of
ROUNDS rounds. Memory is the peak of a step beyond W, z and the optimiser's moments. Compare ratios, not milliseconds.
WEFT_DEVICE selects the device.
"""

import csv
import ctypes
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from weft import runtime
from weft.data.samplers import Batch
from weft.device_prefetch import map_tensors
from weft.model.embedder import Embedder, make_random_word_embeddings
from weft.params import DotProductLogits, FullSoftmaxLoss, HeadAdamW, HeadOptimizer, HeadSGD, Loss, SampledSoftmaxLoss
from weft.training.lr_schedule import build_optimizer
from weft.training.objective import Objective

NUM_WORDS, DIM, BATCH, ROUNDS = 30_000, 2_048, 256, 5
COLUMNS = ["optimizer", "loss", "negatives", "update", "ms_per_step", "times_faster", "step_mb", "times_less_memory"]


@dataclass(frozen=True)
class Variant:
    """One row of the table."""

    loss: Loss
    optimizer: HeadOptimizer
    sparse: bool


def list_variants(optimizer: str) -> list[Variant]:
    rates = {"head_lr": 1e-3, "weight_decay": 0.0}
    settings: HeadOptimizer = (
        HeadSGD(name="sgd", momentum=0.0, **rates) if optimizer == "sgd" else HeadAdamW(name="adamw", **rates)
    )
    sampled = [SampledSoftmaxLoss(name="sampled_softmax", num_negatives=count) for count in (100, 1_000, 5_000)]
    return [
        Variant(FullSoftmaxLoss(name="full_softmax"), settings, sparse=False),
        *(Variant(loss, settings, sparse=True) for loss in sampled),
        Variant(sampled[1], settings, sparse=False),
    ]


def make_step(variant: Variant, device: str) -> Callable[[], None]:
    model = Embedder(torch.nn.Identity(), make_random_word_embeddings(NUM_WORDS, DIM, seed=1)).to(device)
    optimizer = build_optimizer([(model.head_parameters(), 1e-3)], variant.optimizer)
    objective = Objective(
        variant.loss, DotProductLogits(name="dot_product"), np.arange(NUM_WORDS, 0, -1), device=device
    )
    generator = torch.Generator().manual_seed(1)
    rng = np.random.default_rng(1)
    z = torch.randn(BATCH, DIM, generator=generator).to(device).requires_grad_()

    def step() -> None:
        words = rng.integers(NUM_WORDS, size=(BATCH, 1))
        batch = Batch(np.arange(BATCH), words, np.ones((BATCH, 1), np.float32), words)
        targets = map_tensors(objective.prepare(batch, generator), lambda tensor: tensor.to(device))
        objective(z, model, targets).backward()
        gradient = model.words.grad
        if gradient is not None and gradient.is_sparse and not variant.sparse:
            model.words.grad = gradient.to_dense()
        optimizer.step()
        optimizer.zero_grad()
        z.grad = None

    return step


def measure_seconds(step: Callable[[], None], device: str) -> float:
    """Return the seconds of a step: CPU seconds on a CPU, so that other work on the machine counts little."""
    synchronize(device)
    clock = time.perf_counter if device.startswith("cuda") else time.process_time
    started = clock()
    step()
    synchronize(device)
    return clock() - started


def measure_memory_bytes(step: Callable[[], None], device: str) -> float:
    """Return the peak memory of a step beyond the memory before it; NaN where the system does not report it."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step()
        return float(torch.cuda.max_memory_allocated() - before)
    if platform.system() != "Linux":
        return float("nan")
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # otherwise the step would reuse freed memory
    try:
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak resident size
    except OSError:
        return float("nan")
    before = read_resident_bytes("VmRSS")
    step()
    return read_resident_bytes("VmHWM") - before


def read_resident_bytes(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1_024.0 * int(next(line for line in lines if line.startswith(field)).split()[1])


def synchronize(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def main() -> None:
    device = runtime.device()
    table = csv.writer(sys.stdout)
    table.writerow([*COLUMNS, "threads", "torch", "machine"])
    machine = torch.cuda.get_device_name() if device.startswith("cuda") else platform.machine()
    for optimizer in ("sgd", "adamw"):
        rows = list_variants(optimizer)
        steps = [make_step(variant, device) for variant in rows]
        for step in steps:
            step()  # creates the optimiser's moments
        times: list[list[float]] = [[] for _ in rows]
        memory: list[list[float]] = [[] for _ in rows]
        for _ in range(ROUNDS):
            for number, step in enumerate(steps):
                times[number].append(measure_seconds(step, device))
                memory[number].append(measure_memory_bytes(step, device))
        median_seconds, median_bytes = (
            [statistics.median(values) for values in per_variant] for per_variant in (times, memory)
        )
        for number, variant in enumerate(rows):
            negatives = variant.loss.num_negatives if isinstance(variant.loss, SampledSoftmaxLoss) else ""
            update = "sparse" if variant.sparse else "dense"
            cost = [round(1e3 * median_seconds[number], 1), round(median_seconds[0] / median_seconds[number], 1)]
            cost += [round(median_bytes[number] / 2**20, 1), round(median_bytes[0] / median_bytes[number], 1)]
            table.writerow(
                [
                    optimizer,
                    variant.loss.name,
                    negatives,
                    update,
                    *cost,
                    torch.get_num_threads(),
                    torch.__version__,
                    machine,
                ]
            )


if __name__ == "__main__":
    main()
