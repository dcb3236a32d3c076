"""Measure embedding, training and search on a GPU, beside the same model fed from the memory of the device.

    python benchmarks/gpu.py            # on a GPU, at most 8 minutes: also runs pytest -m gpu, writes results/gpu.csv
    python benchmarks/gpu.py --smoke    # the same code with tiny sizes on any device, in seconds; writes nothing

It needs neither network nor data: photos are random images whose JPEG takes about 0.4 bytes per pixel, weights are
random. A rate is measured for a fixed time after a warm-up, and ends when the device has finished. "share" is the rate
of a loop divided by that of the same loop without decoding and copies; 1 means that nothing waits for data.
"""

import argparse
import csv
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from gpu_workloads import (
    Sizes,
    iter_embedded,
    iter_embedded_again,
    iter_head_steps,
    make_finetune_loops,
    measure_loader_rate,
    measure_search_seconds,
)

from weft import params, runtime
from weft.params import FullSoftmaxLoss, SampledSoftmaxLoss

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "gpu.csv"
GPU_TESTS = ["tests/unit/test_device_prefetch.py", "tests/unit/training", "tests/unit/retrieval", "tests/unit/loss"]
NUM_PHOTOS = 1_300_000
"""Photos of the paper, section 3.1."""
MAX_NEGATIVES_PER_STEP = 1_000_000
"""Scores of more negatives for each photo do not fit into the memory of a GPU."""

FULL = Sizes(
    side=224,
    loader_sides=(128, 224, 384),
    backbones=("mobilenet_v2", "resnet50"),
    finetune_backbone="resnet50",
    embed_batch=256,
    finetune_batches=(20, 64, 256),
    head_batches=(20, 4_096),
    words=30_000,
    dim=2_048,
    photos=100_000,
    negatives=1_000,
    queries=14_218,
    gallery=12_612,
    seconds=8.0,
)
SMOKE = Sizes(
    side=32,
    loader_sides=(32,),
    backbones=("mobilenet_v2",),
    finetune_backbone="mobilenet_v2",
    embed_batch=4,
    finetune_batches=(4,),
    head_batches=(8,),
    words=50,
    dim=16,
    photos=64,
    negatives=5,
    queries=20,
    gallery=30,
    seconds=0.01,
)


@dataclass(frozen=True)
class Measurement:
    """One row of the table."""

    name: str
    setting: str
    value: float
    unit: str
    peak_gib: float
    """Peak memory of the device; 0 on a CPU."""


class Table:
    """Prints and collects rows."""

    def __init__(self, device: str, seconds: float) -> None:
        self.rows: list[Measurement] = []
        self._device, self._seconds = device, seconds

    def add(self, name: str, setting: str, value: float, unit: str, peak_gib: float = 0.0) -> float:
        """Print and keep a value, and return it."""
        self.rows.append(Measurement(name, setting, value, unit, round(peak_gib, 2)))
        print(f"{name:30} {setting:60} {value:>12,.4g} {unit:10} {peak_gib:6.1f} GiB", flush=True)
        return value

    def add_rate(self, name: str, setting: str, steps: Iterator[int], unit: str, share_of_time: float = 1.0) -> float:
        """Measure and keep the items per second of a loop that yields the number of items of each step."""
        on_gpu = self._device.startswith("cuda")
        for _ in range(3):
            next(steps)  # the warm-up
        if on_gpu:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        started, items = time.perf_counter(), 0
        while time.perf_counter() - started < share_of_time * self._seconds:
            items += next(steps)
        if on_gpu:
            torch.cuda.synchronize()
        rate = items / (time.perf_counter() - started)
        return self.add(name, setting, rate, unit, torch.cuda.max_memory_allocated() / 2**30 if on_gpu else 0.0)


def measure_loader(table: Table, sizes: Sizes) -> None:
    """Measure the photos per second of one core."""
    for side in sizes.loader_sides:
        for work, augmented in (("decode", False), ("decode and augment", True)):
            rate, jpeg_bytes = measure_loader_rate(side, augmented, sizes.seconds / 4)
            table.add("loader, one core", f"{side} px, {jpeg_bytes:,.0f} bytes, {work}", rate, "photos/s")


def measure_embedding(table: Table, sizes: Sizes, device: str, workers: int) -> dict[str, float]:
    """Measure the embedding loop of each backbone; return its photos per second."""
    rates = {}
    for name in sizes.backbones:
        setting = f"{name}, {sizes.side} px, batch {sizes.embed_batch}"
        resident = table.add_rate(
            "embed, from device memory", setting, iter_embedded_again(name, sizes, device), "photos/s"
        )
        loaded = iter_embedded(name, sizes, device, workers)
        rates[name] = table.add_rate("embed, from JPEG", setting, loaded, "photos/s")
        table.add("embed, share", setting, rates[name] / resident, "ratio")
    return rates


def measure_finetune(table: Table, sizes: Sizes, preset: params.Params, device: str, workers: int) -> dict[int, float]:
    """Measure finetune with the paper's settings at each batch size; return its photos per second."""
    rates = {}
    for batch_size in sizes.finetune_batches:
        settings = replace(preset.finetune, batch_size=batch_size)
        loops = make_finetune_loops(preset.training, settings, sizes, device, workers)
        setting = f"{sizes.finetune_backbone}, {sizes.side} px, batch {batch_size}"
        resident = table.add_rate("finetune, from device memory", setting, loops.resident, "photos/s")
        rates[batch_size] = table.add_rate("finetune, from JPEG", setting, loops.loaded, "photos/s")
        table.add("finetune, share", setting, rates[batch_size] / resident, "ratio")
        table.add("finetune, waiting for data", setting, loops.wait_share(), "ratio")
    return rates


def measure_head(table: Table, sizes: Sizes, preset: params.Params, device: str, workers: int) -> dict[int, float]:
    """Measure train_head; return its steps per second at each batch size, with negatives for each photo if it can."""
    rates: dict[int, float] = {}
    sampled = SampledSoftmaxLoss(name="sampled_softmax", num_negatives=sizes.negatives)
    losses = {
        f"{sizes.negatives:,} negatives per photo": replace(sampled, share_negatives_in_batch=False),
        f"{sizes.negatives:,} shared negatives": sampled,
        "full softmax": FullSoftmaxLoss(name="full_softmax"),
    }
    for batch_size in sizes.head_batches:
        for name, loss in losses.items():
            if name.endswith("per photo") and batch_size * sizes.negatives > MAX_NEGATIVES_PER_STEP:
                continue
            settings = replace(preset.train_head, batch_size=batch_size)
            steps = iter_head_steps(replace(preset.training, loss=loss), settings, sizes, device, workers)
            setting = f"batch {batch_size}, {sizes.words:,} words of {sizes.dim:,}, {name}"
            rate = table.add_rate("train_head", setting, steps, "steps/s", share_of_time=0.5)
            rates.setdefault(batch_size, rate)
    return rates


def measure_search(table: Table, sizes: Sizes, device: str) -> None:
    """Measure an exact search with Weft, and with faiss if its build for GPUs is installed."""
    for library in ("weft", "faiss"):
        seconds = measure_search_seconds(library, sizes, device)
        if seconds is not None:
            table.add("exact search", f"{sizes.queries:,} of {sizes.gallery:,} photos, {library}", seconds, "seconds")


def estimate_paper_hours(embed_rate: float, head_rate: float, finetune_rate: float, preset: params.Params) -> float:
    """Return the hours of features and of all epochs of the paper's preset, without the passes over val."""
    features = NUM_PHOTOS / embed_rate
    head = preset.train_head.epochs * NUM_PHOTOS / preset.train_head.batch_size / head_rate
    finetune = preset.finetune.epochs * NUM_PHOTOS / finetune_rate
    return (features + head + finetune) / 3600


def run(sizes: Sizes, device: str) -> list[Measurement]:
    """Measure everything and return the rows."""
    preset, workers = params.load_params(ROOT / "presets" / "paper.yaml"), runtime.workers()
    table = Table(device, sizes.seconds)
    measure_loader(table, sizes)
    embedded = measure_embedding(table, sizes, device, workers)
    head = measure_head(table, sizes, preset, device, workers)
    finetuned = measure_finetune(table, sizes, preset, device, workers)
    measure_search(table, sizes, device)
    rates = embedded[sizes.finetune_backbone], head[sizes.head_batches[0]], finetuned[sizes.finetune_batches[0]]
    hours = estimate_paper_hours(*rates, preset)
    table.add("the paper's preset", f"{NUM_PHOTOS:,} photos, by these rates", hours, "hours")
    return table.rows


def describe_machine(device: str) -> dict[str, str]:
    """Return the device, its driver, the versions and the commit, as columns of the table."""
    driver = "none"
    if device.startswith("cuda"):
        query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        driver = subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip().split("\n")[0]
    commit = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return {
        "device": torch.cuda.get_device_name() if device.startswith("cuda") else platform.machine(),
        "driver": driver,
        "torch": torch.__version__,
        "cuda": torch.version.cuda or "none",
        "cores": str(len(os.sched_getaffinity(0))),
        "commit": subprocess.run(commit, capture_output=True, text=True, check=False).stdout.strip(),
    }


def write_results(rows: list[Measurement], machine: dict[str, str]) -> None:
    """Write results/gpu.csv."""
    with RESULTS.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow([*asdict(rows[0]), *machine])
        for row in rows:
            table.writerow([row.name, row.setting, f"{row.value:.5g}", row.unit, row.peak_gib, *machine.values()])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes on any device; writes nothing")
    smoke = parser.parse_args(arguments).smoke
    device = runtime.device()
    if not smoke and not device.startswith("cuda"):
        parser.error("found no CUDA device; on a CPU only --smoke runs")
    machine = describe_machine(device)
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    rows = run(SMOKE if smoke else FULL, device)
    if smoke:
        print("--smoke only runs the code; these figures say nothing about speed")
        return 0
    write_results(rows, machine)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "gpu", *GPU_TESTS], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
