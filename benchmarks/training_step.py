"""Photos per second of one finetune step on the CPU: whole network, first blocks frozen, bf16.

    OMP_NUM_THREADS=1 python benchmarks/training_step.py

All variants run in one process, in turn; the figure is the median of ROUNDS rounds. Compare ratios, not seconds.
"""

import csv
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import torch

from weft.model.backbone import load_backbone
from weft.model.embedder import Embedder, initial_words
from weft.model.parts import frozen_modules

ROUNDS, STEPS, BATCH, HEIGHT, WIDTH, WORDS = 5, 2, 32, 128, 96, 5_000
FIRST_BLOCKS = [f"features.{n}" for n in range(7)]


def step(frozen: Sequence[str], bf16: bool) -> Callable[[], None]:
    """One training step on photos already in memory."""
    backbone = load_backbone("mobilenet_v2", "random")
    model = Embedder(backbone.network, initial_words(WORDS, backbone.dim, seed=1))
    model = model.to(memory_format=torch.channels_last).train()
    for module in frozen_modules(model.encoder, frozen, batch_norm=False):
        module.eval()
    optimizer = torch.optim.AdamW([tensor for tensor in model.parameters() if tensor.requires_grad])
    photos = torch.randint(256, (BATCH, 3, HEIGHT, WIDTH), dtype=torch.uint8)
    targets = torch.randint(WORDS, (BATCH,))

    def run() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            z = model(photos)
        loss = torch.nn.functional.cross_entropy(model.score(z.float()), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return run


def main() -> None:
    variants = {
        "whole network": step([], bf16=False),
        "whole network, bf16": step([], bf16=True),
        "first seven blocks frozen": step(FIRST_BLOCKS, bf16=False),
    }
    rates: dict[str, list[float]] = {name: [] for name in variants}
    for run in variants.values():
        run()
    for _ in range(ROUNDS):
        for name, run in variants.items():
            began = time.perf_counter()
            for _ in range(STEPS):
                run()
            rates[name].append(STEPS * BATCH / (time.perf_counter() - began))
    table = csv.writer(sys.stdout)
    table.writerow(["variant", "photos_per_second", "threads", "torch", "machine"])
    for name, values in rates.items():
        rate = round(statistics.median(values), 1)
        table.writerow([name, rate, torch.get_num_threads(), torch.__version__, platform.machine()])


if __name__ == "__main__":
    main()
