"""What presets/paper.yaml would cost on one H100: an estimate, from what can be measured without one.

    OMP_NUM_THREADS=1 WEFT_DEVICE=cpu python benchmarks/paper_cost.py > benchmarks/results/paper_cost.md

Measured here: the floating-point operations of a photo, the kernels of a training step, and how many photos a second
one core decodes and augments. Assumed, and named in the output: what an H100 does of each. The slowest of the three
bounds a step.
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
from training_cached import smooth

from weft import params
from weft.data.bags import bags_of
from weft.data.samplers import Batch
from weft.model.backbone import load_backbone
from weft.model.embedder import Embedder, initial_words
from weft.params import Finetune
from weft.photos.fit import encode
from weft.training.augment import augment, draw_moves
from weft.training.objective import Objective, training_sampler
from weft.training.precision import Precision
from weft.training.schedule import build_optimizer

ROOT = Path(__file__).resolve().parents[1]
PHOTOS = 1_300_000
"""Section 3.1 of the paper."""
WORDS = 30_000

H100_FLOPS = 0.4 * 989e12
"""Dense bfloat16 peak of the data sheet, and the share of it that large convolutions are assumed to reach."""
LAUNCH_SECONDS = 25e-6
"""Assumed for one kernel called from Python, with autograd's bookkeeping: what bounds steps of 20 photos."""
CORES = 16
"""Assumed beside the card, for decoding."""


class Kernels(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts operations that compute; views cost no kernel."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += not func.is_view
        return func(*args, **(kwargs or {}))


@dataclass(frozen=True)
class Measured:
    """What this machine can tell."""

    forward: float
    """Floating-point operations of a photo through the encoder; one multiplication and one addition are two."""
    step: float
    """Likewise with the loss and the way back."""
    kernels: int
    """Of one step of the preset's batch."""
    decoded: float
    """Photos a second and core, JPEG bytes to augmented pixels."""


def measure(settings: params.Params) -> Measured:
    finetune, size = settings.finetune, settings.prepare
    backbone = load_backbone(settings.model.backbone, "random")
    model = Embedder(backbone.network, initial_words(WORDS, backbone.dim, 1), backbone.normalisation)
    optimizer = build_optimizer([(list(model.parameters()), finetune.learning_rate)], finetune)
    random = np.random.default_rng(1)
    bags = bags_of([np.unique(random.integers(WORDS, size=30)).tolist() for _ in range(finetune.batch_size)])
    batch = next(iter(training_sampler(bags, WORDS, finetune).epoch(1, finetune.batch_size)))
    objective = Objective(finetune, bags.photo_counts(WORDS))
    photos = torch.zeros(len(batch.photos), 3, size.height, size.width, dtype=torch.uint8)
    with FlopCounterMode(display=False) as forward, torch.inference_mode():
        model.eval()(photos[:1])
    train = _step(model.train(), objective, optimizer, batch, photos)
    train()
    with FlopCounterMode(display=False) as whole:
        train()
    with Kernels() as kernels:
        train()
    decoded = _decode_rate(size.height, size.width, finetune)
    return Measured(forward.get_total_flops(), whole.get_total_flops() / len(photos), kernels.count, decoded)


def _step(
    model: Embedder, objective: Objective, optimizer: torch.optim.Optimizer, batch: Batch, photos: torch.Tensor
) -> Callable[[], None]:
    def run() -> None:
        with Precision("bfloat16", "cpu").autocast():
            z = model(photos)
        loss = objective(z, model, batch, torch.Generator().manual_seed(1))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return run


def _decode_rate(height: int, width: int, settings: Finetune, photos: int = 400) -> float:
    random = np.random.default_rng(1)
    jpeg = encode(smooth(random, height, width), 92)
    began = time.process_time()
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(jpeg))).transpose(2, 0, 1) for _ in range(photos)])
    augment(pixels, draw_moves(photos, settings.flip, settings.shift, settings.crop, random))
    return photos / (time.process_time() - began)


def main() -> int:
    settings = params.load(ROOT / "presets" / "paper.yaml")
    found, batch = measure(settings), settings.finetune.batch_size
    print(written(found, batch, settings.fit_words.epochs, settings.finetune.epochs))
    return 0


def written(found: Measured, batch: int, first_epochs: int, second_epochs: int) -> str:
    """The estimate in Markdown."""
    bounds = {
        "launching its kernels": found.kernels * LAUNCH_SECONDS,
        "arithmetic": batch * found.step / H100_FLOPS,
        f"decoding on {CORES} cores": batch / (CORES * found.decoded),
    }
    slowest = max(bounds, key=lambda name: bounds[name])
    steps = PHOTOS / batch
    second = second_epochs * steps * bounds[slowest] / 3600
    features = PHOTOS * max(found.forward / H100_FLOPS, 1 / (CORES * found.decoded)) / 60
    # Stage 1 reads z and has no encoder: of the kernels only those of the loss and of W's step remain, some fifty.
    first = first_epochs * steps * 50 * LAUNCH_SECONDS / 3600
    lines = [
        "# The paper's preset on one H100: an estimate",
        "",
        "*Not measured on a GPU.* Written by `python benchmarks/paper_cost.py` (its text says how).",
        "",
        f"{PHOTOS:,} photos, ResNet50 at 224 x 224 px, batches of {batch}, {WORDS:,} words, {first_epochs} + "
        f"{second_epochs} epochs.",
        "",
        "Measured on a CPU: "
        f"{found.forward / 1e9:.1f} GFLOP a photo forward, {found.step / 1e9:.1f} with the way back; "
        f"{found.kernels:,} kernels a step; {found.decoded:,.0f} photos a second and core decoded and augmented.",
        f"Assumed of the H100: {H100_FLOPS / 1e12:.0f} TFLOP/s in bfloat16 (40 % of the peak), "
        f"{LAUNCH_SECONDS * 1e6:.0f} microseconds a kernel, {CORES} cores beside it.",
        "",
        "| a step of finetune is bound by | milliseconds |",
        "| --- | ---: |",
        *(f"| {name}{' (the slowest)' if name == slowest else ''} | {1e3 * s:.2f} |" for name, s in bounds.items()),
        "",
        "| stage | estimate |",
        "| --- | ---: |",
        f"| features, once | {features:.0f} min |",
        f"| fit_words, {first_epochs} epochs on cached z | {first:.1f} h |",
        f"| finetune, {second_epochs} epochs | {second:.1f} h |",
        "",
        "Batches of 20 leave the card idle most of the time: with 256 photos a step arithmetic and decoding are what "
        "is left, "
        f"{second_epochs * PHOTOS * max(found.step / H100_FLOPS, 1 / (CORES * found.decoded)) / 3600:.1f} h. The paper "
        "says 20, so the preset does. `WEFT_COMPILE=inductor` fuses kernels and was not measured either.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
