"""Compare stage 1 on cached embeddings z with the same epochs that compute z with the encoder.

    OMP_NUM_THREADS=1 WEFT_DEVICE=cpu python benchmarks/training_cached.py > benchmarks/results/training_cached.csv

Both train the same objective with the same steps; one reads z from a float16 matrix, the other decodes the photos and
runs the frozen encoder. Figures are photos per second of CPU time. All cases run in turn in one process; a ratio is the
median of the ratios of ROUNDS rounds. The pass over the photos that fills the cache is not counted, as the stage
`features` needs it in any case.

Both are near their limits: the encoder's batch norms are folded, and with 6,000 words two thirds of an epoch on cached
z are two matrix products with W, at 119 GFLOP/s of one core. With small photos and many words the ratio is therefore
about 10 and cannot exceed 17.
"""

import csv
import io
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from weft import params, runtime
from weft.bags import build_word_bags
from weft.data.samplers import Batch
from weft.device_prefetch import map_tensors
from weft.model.backbone import load_backbone
from weft.model.embedder import Embedder, make_random_word_embeddings
from weft.model.fuse_batch_norm import fuse_batch_norm
from weft.params import SampledSoftmaxLoss, TrainHead, Training
from weft.photos.resize import encode_jpeg
from weft.training.lr_schedule import LRSchedule, build_optimizer
from weft.training.objective import Objective, build_sampler

ROUNDS = 5
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class BenchmarkCase:
    """One row of the table."""

    name: str
    backbone: str
    height: int
    width: int
    words: int
    photos: int
    """Photos in an epoch: a few whole batches."""
    training: Training
    settings: TrainHead


def iter_cases() -> Iterator[BenchmarkCase]:
    def make_case(name: str, backbone: str, size: tuple[int, int], words: int, batches: int) -> BenchmarkCase:
        loaded = params.load_params(ROOT / name)
        photos = batches * loaded.train_head.batch_size
        return BenchmarkCase(name, backbone, *size, words, photos, loaded.training, loaded.train_head)

    yield replace(make_case("params.yaml", "mobilenet_v2", (128, 96), 600, 2), name="params.yaml on the demo shop")
    catalogue = make_case("presets/catalogue.yaml", "mobilenet_v2", (128, 96), 6_000, 1)
    yield catalogue
    sampled = SampledSoftmaxLoss(name="sampled_softmax", num_negatives=1_000, share_negatives_in_batch=True)
    yield replace(catalogue, training=replace(catalogue.training, loss=sampled))
    yield make_case("presets/paper.yaml", "resnet50", (224, 224), 30_000, 2)


def make_epoch_timers(case: BenchmarkCase, device: str) -> tuple[Callable[[], float], Callable[[], float]]:
    """Return functions that measure the CPU seconds of an epoch: on cached z, and with the encoder."""
    rng = np.random.default_rng(1)
    backbone = load_backbone(case.backbone, "random")
    encoder = Embedder(backbone.network, make_random_word_embeddings(1, backbone.dim, seed=1), backbone.normalisation)
    encoder = fuse_batch_norm(encoder.to(device, memory_format=torch.channels_last).eval())
    jpegs = [encode_jpeg(draw_smooth_image(rng, case.height, case.width), 92) for _ in range(case.photos)]
    cache = rng.normal(size=(case.photos, backbone.dim)).astype(np.float16)
    bags = build_word_bags([np.unique(rng.integers(case.words, size=30)) for _ in range(case.photos)])

    def read_cached(batch: Batch) -> torch.Tensor:
        return torch.from_numpy(cache[batch.photo_indices].astype(np.float32)).to(device)

    def compute_z(batch: Batch) -> torch.Tensor:
        photos = np.stack([np.asarray(Image.open(io.BytesIO(jpegs[photo]))) for photo in batch.photo_indices])
        with torch.inference_mode():
            z = encoder(torch.from_numpy(photos.transpose(0, 3, 1, 2).copy()).to(device))
        return z.clone()

    def make_epoch_timer(get_z: Callable[[Batch], torch.Tensor]) -> Callable[[], float]:
        model = Embedder(torch.nn.Identity(), make_random_word_embeddings(case.words, backbone.dim, seed=1)).to(device)
        sampler = build_sampler(bags, case.words, case.training)
        objective = Objective(case.training.loss, case.training.logits, bags.count_words(case.words), device=device)
        optimizer = build_optimizer([(model.head_parameters(), 1e-3)], case.settings.optimizer)
        schedule = LRSchedule(optimizer, case.settings.lr_schedule, 99, sampler.count_steps(case.settings.batch_size))

        def run() -> float:
            started = time.process_time()
            generator = torch.Generator().manual_seed(1)
            for batch in sampler.sample_epoch(1, case.settings.batch_size):
                targets = map_tensors(objective.prepare(batch, generator), lambda tensor: tensor.to(device))
                loss = objective(get_z(batch), model, targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step_batch()
                float(loss.detach())
            return time.process_time() - started

        return run

    return make_epoch_timer(read_cached), make_epoch_timer(compute_z)


def draw_smooth_image(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return a random image that compresses like a photo."""
    coarse = rng.integers(256, size=(height // 8, width // 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def main() -> None:
    table = csv.writer(sys.stdout, lineterminator="\n")
    columns = ["settings", "backbone", "words", "loss", "cached_photos_per_cpu_second", "computed", "ratio"]
    table.writerow([*columns, "threads", "torch", "machine"])
    for case in iter_cases():
        on_cache, with_encoder = make_epoch_timers(case, runtime.device())
        on_cache()
        with_encoder()
        seconds = [(on_cache(), with_encoder()) for _ in range(ROUNDS)]
        ratio = round(statistics.median(long / short for short, long in seconds), 1)
        rates = [round(case.photos / statistics.median(values), 1) for values in zip(*seconds, strict=True)]
        row = [case.name, case.backbone, case.words, case.training.loss.name, *rates, ratio]
        table.writerow([*row, torch.get_num_threads(), torch.__version__, platform.machine()])


if __name__ == "__main__":
    main()
