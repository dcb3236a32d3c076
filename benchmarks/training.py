"""How fast training is, as ratios of two ways of doing the same work, side by side in one run.

    OMP_NUM_THREADS=1 WEFT_WORKERS=1 WEFT_DEVICE=cpu python benchmarks/training.py > benchmarks/results/training.csv

PHOTOS drawn photos of 900 x 1,200 px, the size that shops serve, stand in a folder as files; ours are prepared once, as
the stage `prepare` does. Figures are photos per second of CPU time, decoding threads included, as wall time on a shared
machine measures the neighbours; medians of ROUNDS rounds, in which all variants take turns. A ratio is the median of
the rounds' ratios. Compare ratios, not photos per second. One epoch of finetune is counted from the end of the one
before: with its checkpoint, without validation.
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
from everyday_loop import EverydayLoop
from PIL import Image

from weft import params, runtime, tables
from weft.contracts.tables import PREPARED
from weft.data.bags import Bags, bags_of
from weft.data.photo_store import PhotoStore
from weft.demo import catalogue
from weft.demo.photos import picture
from weft.model.backbone import load_backbone
from weft.model.embedder import Embedder, initial_words
from weft.params import Finetune
from weft.photos.decode import decode
from weft.photos.fit import encode, fit
from weft.training.finetune import StoredPhotos, finetune

PHOTOS, ROUNDS, WORDS, HEIGHT, WIDTH, ORIGINAL = 320, 5, 1_000, 128, 96, (900, 1_200)
ROOT = Path(__file__).resolve().parents[1]


class InMemory:
    """Photos already decoded: the training step with nothing to wait for."""

    def __init__(self, store: PhotoStore) -> None:
        self._pixels = store.decode(np.arange(len(store)))

    def decode(self, photos: np.ndarray) -> np.ndarray:
        """Some of them."""
        return self._pixels[photos]

    def digest(self) -> str:
        """A name."""
        return "in memory"


def originals() -> list[bytes]:
    """Photos as shops serve them."""
    photos = []
    for product in catalogue.products(seed=1, count=PHOTOS):
        stream = io.BytesIO()
        picture(product, product.views[0]).convert("RGB").resize(ORIGINAL, Image.Resampling.BICUBIC).save(
            stream, "JPEG", quality=90
        )
        photos.append(stream.getvalue())
    return photos


def prepared(photos: list[bytes], folder: Path) -> PhotoStore:
    """What the stage `prepare` makes of them."""
    rows = [
        {
            "product_id": f"a/{n:04}",
            "view": 0,
            "photo_id": f"a/{n:04}#0",
            "colour": None,
            "jpeg": encode(fit(decode(photo, HEIGHT, WIDTH), HEIGHT, WIDTH), 92),
            "word_ids": [0],
            "named": [True],
        }
        for n, photo in enumerate(photos)
    ]
    tables.write_shards(folder / "prepared", rows, PREPARED, 5_000)
    return PhotoStore(folder / "prepared", folder / "photos.arrow")


def words() -> Bags:
    """Noisy texts of about 30 different words."""
    random = np.random.default_rng(1)
    return bags_of([np.unique(random.integers(WORDS, size=30)) for _ in range(PHOTOS)])


def rate_of(store: PhotoStore | InMemory, settings: Finetune) -> Callable[[], float]:
    """Photos per CPU second of an epoch of finetune."""
    bags, told = words(), []
    nothing = StoredPhotos(InMemory.__new__(InMemory), bags_of([]))  # type: ignore[arg-type]
    nothing.store.digest = lambda: "none"  # type: ignore[method-assign]

    def run() -> float:
        backbone = load_backbone("mobilenet_v2", "random")
        model = Embedder(backbone.network, initial_words(WORDS, backbone.dim, seed=1), backbone.normalisation)
        with tempfile.TemporaryDirectory() as state:
            finetune(
                StoredPhotos(store, bags),  # type: ignore[arg-type]
                nothing,
                model,
                settings,
                runtime.device(),
                runtime.workers(),
                Path(state),
                lambda record, cost: told.append(time.process_time()),  # noqa: ARG005  finetune hands both over
            )
        return PHOTOS / (told[-1] - told[-2])

    return run


def main() -> None:
    usual = replace(params.load(ROOT / "params.yaml").finetune, epochs=2)
    whole = replace(usual, frozen=())
    still = {"flip": False, "shift": 0, "crop": 1.0}
    with tempfile.TemporaryDirectory() as scratch:
        photos = originals()
        store = prepared(photos, Path(scratch))
        memory = InMemory(store)
        everyday = EverydayLoop(photos, Path(scratch) / "folder", WORDS, HEIGHT, WIDTH, usual.batch_size)
        variants = {
            "finetune": rate_of(store, usual),
            "finetune, from memory": rate_of(memory, replace(usual, **still)),
            "finetune, no block frozen": rate_of(store, whole),
            "the loop most people would write": everyday.rate,
        }
        rates = {name: [run()] for name, run in variants.items()}
        for values in rates.values():
            values.clear()  # the first round warms up
        for _ in range(ROUNDS):
            for name, run in variants.items():
                rates[name].append(run())
    against = {
        "finetune": ["finetune, from memory", "finetune, no block frozen", "the loop most people would write"],
        "finetune, no block frozen": ["the loop most people would write"],
    }
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(
        ["of", "photos_per_cpu_second", "against", "photos_per_cpu_second", "ratio", "threads", "torch", "machine"]
    )
    for name, others in against.items():
        for other in others:
            ratio = statistics.median(a / b for a, b in zip(rates[name], rates[other], strict=True))
            own, their = (round(statistics.median(rates[key]), 1) for key in (name, other))
            row = [name, own, other, their, round(ratio, 2)]
            table.writerow([*row, torch.get_num_threads(), torch.__version__, platform.machine()])


if __name__ == "__main__":
    main()
