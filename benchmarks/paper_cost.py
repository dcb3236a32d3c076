"""Estimate how long presets/paper.yaml takes on one H100, from measurements on a CPU.

    OMP_NUM_THREADS=1 WEFT_DEVICE=cpu python benchmarks/paper_cost.py > benchmarks/results/paper_cost.md

It measures the floating-point operations of a photo, the kernels of a training step, and the photos that one core
decodes and augments per second. It assumes the speed of an H100 for each, and names the assumptions in its output. The
slowest of the three bounds a step.
"""

import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode
from training_cached import draw_smooth_image

from weft import params
from weft.bags import build_word_bags
from weft.data.samplers import Batch
from weft.model.backbone import load_backbone
from weft.model.embedder import Embedder, make_random_word_embeddings
from weft.model.mixed_precision import MixedPrecision
from weft.params import Augmentation
from weft.photos.resize import encode_jpeg
from weft.training.augment import augment, sample_augment_params
from weft.training.lr_schedule import build_optimizer
from weft.training.objective import Objective, build_sampler

ROOT = Path(__file__).resolve().parents[1]
NUM_PHOTOS = 1_300_000
"""Section 3.1 of the paper."""
NUM_WORDS = 30_000

H100_FLOPS = 0.4 * 989e12
"""Dense bfloat16 peak of the data sheet, and the share of it that large convolutions are assumed to reach."""
KERNEL_LAUNCH_SECONDS = 25e-6
"""Assumed for one kernel called from Python, with autograd's bookkeeping: what bounds steps of 20 photos."""
CPU_CORES = 16
"""Assumed beside the card, for decoding."""


class KernelCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Count the operations that launch a kernel; views do not."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += not func.is_view
        return func(*args, **(kwargs or {}))


@dataclass(frozen=True)
class StepCost:
    """What is measured on this machine."""

    forward_flops: float
    """Floating-point operations of a photo through the encoder; one multiplication and one addition are two."""
    step_flops: float
    """Floating-point operations of a photo with the loss and the backward pass."""
    kernels_per_step: int
    """Kernels of one training step with the preset's batch."""
    decoded_per_second: float
    """Photos per second that one core turns from JPEG bytes into augmented pixels."""


def measure_step_cost(settings: params.Params) -> StepCost:
    training, finetune, size = settings.training, settings.finetune, settings.prepare
    backbone = load_backbone(settings.model.backbone, "random")
    model = Embedder(backbone.network, make_random_word_embeddings(NUM_WORDS, backbone.dim, 1), backbone.normalisation)
    optimizer = build_optimizer([(list(model.parameters()), finetune.optimizer.backbone_lr)], finetune.optimizer)
    rng = np.random.default_rng(1)
    bags = build_word_bags([np.unique(rng.integers(NUM_WORDS, size=30)).tolist() for _ in range(finetune.batch_size)])
    batch = next(iter(build_sampler(bags, NUM_WORDS, training).sample_epoch(1, finetune.batch_size)))
    objective = Objective(training.loss, training.logits, bags.count_words(NUM_WORDS))
    photos = torch.zeros(len(batch.photo_indices), 3, size.height, size.width, dtype=torch.uint8)
    with FlopCounterMode(display=False) as forward_counter, torch.inference_mode():
        model.eval()(photos[:1])
    train = _make_train_step(model.train(), objective, optimizer, batch, photos)
    train()
    with FlopCounterMode(display=False) as step_counter:
        train()
    with KernelCounter() as kernels:
        train()
    decode_rate = _measure_decode_rate(size.height, size.width, finetune.augmentation)
    return StepCost(
        forward_counter.get_total_flops(), step_counter.get_total_flops() / len(photos), kernels.count, decode_rate
    )


def _make_train_step(
    model: Embedder, objective: Objective, optimizer: torch.optim.Optimizer, batch: Batch, photos: torch.Tensor
) -> Callable[[], None]:
    def run() -> None:
        with MixedPrecision("bfloat16", "cpu").autocast():
            z = model(photos)
        loss = objective(z, model, objective.prepare(batch, torch.Generator().manual_seed(1)))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return run


def _measure_decode_rate(height: int, width: int, settings: Augmentation, n_photos: int = 400) -> float:
    rng = np.random.default_rng(1)
    jpeg = encode_jpeg(draw_smooth_image(rng, height, width), 92)
    started = time.process_time()
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(jpeg))).transpose(2, 0, 1) for _ in range(n_photos)])
    limits = settings.horizontal_flip, settings.max_translate_px, settings.min_crop_scale
    augment(pixels, sample_augment_params(n_photos, *limits, rng))
    return n_photos / (time.process_time() - started)


def main() -> int:
    settings = params.load_params(ROOT / "presets" / "paper.yaml")
    cost, batch = measure_step_cost(settings), settings.finetune.batch_size
    print(format_report(cost, batch, settings.train_head.epochs, settings.finetune.epochs))
    return 0


def format_report(cost: StepCost, batch: int, head_epochs: int, finetune_epochs: int) -> str:
    """Return the estimate in Markdown."""
    bounds = {
        "launching its kernels": cost.kernels_per_step * KERNEL_LAUNCH_SECONDS,
        "arithmetic": batch * cost.step_flops / H100_FLOPS,
        f"decoding on {CPU_CORES} cores": batch / (CPU_CORES * cost.decoded_per_second),
    }
    slowest = max(bounds, key=lambda name: bounds[name])
    steps = NUM_PHOTOS / batch
    finetune_hours = finetune_epochs * steps * bounds[slowest] / 3600
    feature_minutes = NUM_PHOTOS * max(cost.forward_flops / H100_FLOPS, 1 / (CPU_CORES * cost.decoded_per_second)) / 60
    # Stage 1 reads z and has no encoder: about 50 kernels remain, those of the loss and of the update of W.
    head_hours = head_epochs * steps * 50 * KERNEL_LAUNCH_SECONDS / 3600
    photo_seconds = max(cost.step_flops / H100_FLOPS, 1 / (CPU_CORES * cost.decoded_per_second))
    large_batch_hours = finetune_epochs * NUM_PHOTOS * photo_seconds / 3600
    lines = [
        "# The paper's preset on one H100: an estimate",
        "",
        "*Not measured on a GPU.* Written by `python benchmarks/paper_cost.py` (its text says how).",
        "",
        f"{NUM_PHOTOS:,} photos, ResNet50 at 224 x 224 px, batches of {batch}, {NUM_WORDS:,} words, {head_epochs} + "
        f"{finetune_epochs} epochs.",
        "",
        "Measured on a CPU: "
        f"{cost.forward_flops / 1e9:.1f} GFLOP per photo forward, {cost.step_flops / 1e9:.1f} with the backward pass; "
        f"{cost.kernels_per_step:,} kernels per step; {cost.decoded_per_second:,.0f} photos decoded and augmented "
        "per second and core.",
        f"Assumed of the H100: {H100_FLOPS / 1e12:.0f} TFLOP/s in bfloat16 (40 % of the peak), "
        f"{KERNEL_LAUNCH_SECONDS * 1e6:.0f} microseconds a kernel, {CPU_CORES} cores beside it.",
        "",
        "| a step of finetune is bound by | milliseconds |",
        "| --- | ---: |",
        *(f"| {name}{' (the slowest)' if name == slowest else ''} | {1e3 * s:.2f} |" for name, s in bounds.items()),
        "",
        "| stage | estimate |",
        "| --- | ---: |",
        f"| features, once | {feature_minutes:.0f} min |",
        f"| train_head, {head_epochs} epochs on cached z | {head_hours:.1f} h |",
        f"| finetune, {finetune_epochs} epochs | {finetune_hours:.1f} h |",
        "",
        "Batches of 20 leave the GPU idle most of the time: with 256 photos per step, arithmetic and decoding remain, "
        f"{large_batch_hours:.1f} h. The paper says 20, so the preset does. `WEFT_COMPILE=inductor` fuses kernels and "
        "was not measured either.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
