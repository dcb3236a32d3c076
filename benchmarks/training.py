"""Compare the speed of finetune with variants of it and with a plain training loop.

    OMP_NUM_THREADS=1 WEFT_WORKERS=1 WEFT_DEVICE=cpu python benchmarks/training.py > benchmarks/results/training.csv

The photos are NUM_PHOTOS drawings of 900 x 1,200 px, a size that shops serve. The plain loop reads them from a folder;
finetune reads them as the stage `prepare` stores them. Figures are photos per second of CPU time, the decoding threads
included, because the wall time of a shared machine depends on its other users. They are medians of ROUNDS rounds, in
which all variants take turns; a ratio is the median of the rounds' ratios. Compare ratios, not photos per second. An
epoch of finetune is measured from the end of the previous one: with its checkpoint, without validation.
"""

import csv
import io
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from plain_training_loop import PlainTrainingLoop

from weft import params, runtime, tables
from weft.bags import WordBags, build_word_bags
from weft.contracts.tables import PREPARED_PHOTOS
from weft.data.photo_store import PhotoStore
from weft.demo import catalogue
from weft.demo.photos import render_image
from weft.model.backbone import load_backbone
from weft.model.embedder import Embedder, make_random_word_embeddings
from weft.params import Augmentation, Finetune, Training
from weft.photos.decode import decode
from weft.photos.resize import encode_jpeg, letterbox
from weft.training.finetune import finetune
from weft.training.run_context import RunContext
from weft.training.stored_photos import StoredPhotos

NUM_PHOTOS, ROUNDS, NUM_WORDS, HEIGHT, WIDTH, ORIGINAL_SIZE_PX = 320, 5, 1_000, 128, 96, (900, 1_200)
ROOT = Path(__file__).resolve().parents[1]


class InMemoryPhotoStore:
    """Decoded photos in memory: a training step never waits for them."""

    def __init__(self, store: PhotoStore) -> None:
        self._pixels = store.decode(np.arange(len(store)))

    def decode(self, photos: np.ndarray) -> np.ndarray:
        """Return the pixels of some photos."""
        return self._pixels[photos]

    def digest(self) -> str:
        """Return a constant: the photos never change."""
        return "in memory"


def draw_originals() -> list[bytes]:
    """Return JPEG photos of the size that shops serve."""
    photos = []
    for product in catalogue.generate_products(seed=1, count=NUM_PHOTOS):
        stream = io.BytesIO()
        render_image(product, product.views[0]).convert("RGB").resize(ORIGINAL_SIZE_PX, Image.Resampling.BICUBIC).save(
            stream, "JPEG", quality=90
        )
        photos.append(stream.getvalue())
    return photos


def write_prepared_photos(photos: list[bytes], folder: Path) -> PhotoStore:
    """Store photos as the stage `prepare` does."""
    rows = [
        {
            "product_id": f"a/{n:04}",
            "position": 0,
            "photo_id": f"a/{n:04}#0",
            "colour": None,
            "jpeg": encode_jpeg(letterbox(decode(photo, HEIGHT, WIDTH), HEIGHT, WIDTH), 92),
        }
        for n, photo in enumerate(photos)
    ]
    tables.write_shards(folder / "prepared", rows, PREPARED_PHOTOS, 5_000)
    return PhotoStore(folder / "prepared", folder / "photos.arrow")


def make_bags() -> WordBags:
    """Return the bags of noisy texts with about 30 different words each."""
    rng = np.random.default_rng(1)
    return build_word_bags([np.unique(rng.integers(NUM_WORDS, size=30)) for _ in range(NUM_PHOTOS)])


def make_finetune_benchmark(
    store: PhotoStore | InMemoryPhotoStore, training: Training, settings: Finetune
) -> Callable[[], float]:
    """Return a function that measures the photos per CPU second of an epoch of finetune."""
    bags, epoch_ends = make_bags(), []
    no_photos = InMemoryPhotoStore.__new__(InMemoryPhotoStore)
    no_validation = StoredPhotos(no_photos, build_word_bags([]), np.empty(0, np.int64))  # type: ignore[arg-type]
    no_validation.store.digest = lambda: "none"  # type: ignore[method-assign]

    def run() -> float:
        backbone = load_backbone("mobilenet_v2", "random")
        model = Embedder(
            backbone.network, make_random_word_embeddings(NUM_WORDS, backbone.dim, seed=1), backbone.normalisation
        )
        with tempfile.TemporaryDirectory() as state:
            finetune(
                StoredPhotos(store, bags, np.arange(NUM_PHOTOS)),  # type: ignore[arg-type]
                no_validation,
                model,
                training,
                settings,
                RunContext(device=runtime.device(), workers=runtime.workers(), state_dir=Path(state)),
                on_epoch_end=lambda metrics, timing: epoch_ends.append(time.process_time()),  # noqa: ARG005  finetune passes both
            )
        return NUM_PHOTOS / (epoch_ends[-1] - epoch_ends[-2])

    return run


def main() -> None:
    loaded = params.load_params(ROOT / "params.yaml")
    training, settings = loaded.training, replace(loaded.finetune, epochs=2)
    unfrozen = replace(settings, frozen_modules=())
    no_augmentation = Augmentation(horizontal_flip=False, max_translate_px=0, min_crop_scale=1.0)
    with tempfile.TemporaryDirectory() as scratch:
        photos = draw_originals()
        store = write_prepared_photos(photos, Path(scratch))
        memory_store = InMemoryPhotoStore(store)
        baseline = PlainTrainingLoop(photos, Path(scratch) / "folder", NUM_WORDS, HEIGHT, WIDTH, settings.batch_size)
        variants = {
            "finetune": make_finetune_benchmark(store, training, settings),
            "finetune, from memory": make_finetune_benchmark(
                memory_store, training, replace(settings, augmentation=no_augmentation)
            ),
            "finetune, no block frozen": make_finetune_benchmark(store, training, unfrozen),
            "plain training loop": baseline.measure_photos_per_second,
        }
        rates = {name: [run()] for name, run in variants.items()}
        for values in rates.values():
            values.clear()  # the first round is a warm-up
        for _ in range(ROUNDS):
            for name, run in variants.items():
                rates[name].append(run())
    comparisons = {
        "finetune": ["finetune, from memory", "finetune, no block frozen", "plain training loop"],
        "finetune, no block frozen": ["plain training loop"],
    }
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(
        [
            *("variant", "photos_per_cpu_second", "compared_with", "its_photos_per_cpu_second", "ratio"),
            *("threads", "torch", "machine"),
        ]
    )
    for name, others in comparisons.items():
        for other in others:
            ratio = statistics.median(a / b for a, b in zip(rates[name], rates[other], strict=True))
            rate, other_rate = (round(statistics.median(rates[key]), 1) for key in (name, other))
            row = [name, rate, other, other_rate, round(ratio, 2)]
            table.writerow([*row, torch.get_num_threads(), torch.__version__, platform.machine()])


if __name__ == "__main__":
    main()
