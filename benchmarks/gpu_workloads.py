"""The loops that benchmarks/gpu.py measures, each fed by the prefetcher or from the memory of the device."""

import importlib.util
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from weft import runtime
from weft.bags import WordBags, build_word_bags
from weft.data.photo_store import PhotoStore
from weft.data.samplers import Sampler
from weft.model.backbone import load_backbone
from weft.model.embed_stream import BatchEmbedder, embed_stream
from weft.model.embedder import Embedder, make_random_word_embeddings
from weft.params import Finetune, TrainHead, Training
from weft.photos.resize import encode_jpeg
from weft.retrieval.search import find_nearest_neighbours
from weft.training.augment import augment, sample_augment_params
from weft.training.batches import LoadedBatch, epoch_batches, load_batches
from weft.training.lr_schedule import LRSchedule, build_optimizer
from weft.training.objective import Objective, build_sampler
from weft.training.run_context import RunContext
from weft.training.stored_embeddings import StoredEmbeddings
from weft.training.train_head import HeadLoader, HeadStep
from weft.training.train_state import build_train_state, train_step

NUM_JPEGS, JPEG_QUALITY, NOISE = 64, 92, 2.5
"""Different photos; the noise makes a JPEG as large as that of a photo, about 0.4 bytes per pixel."""
WORDS_PER_PHOTO, TOP_K = 30, 50


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    side: int
    """Width and height of photos in pixels."""
    loader_sides: tuple[int, ...]
    backbones: tuple[str, ...]
    finetune_backbone: str
    embed_batch: int
    finetune_batches: tuple[int, ...]
    head_batches: tuple[int, ...]
    words: int
    dim: int
    photos: int
    """Photos from which training draws; their JPEGs repeat."""
    negatives: int
    queries: int
    gallery: int
    seconds: float
    """Duration of each measurement."""


class RepeatedJpegs(PhotoStore):
    """A store of any number of photos, whose JPEGs repeat."""

    def __init__(self, jpegs: list[bytes], count: int) -> None:
        self._jpegs, self._count = jpegs, count

    def __len__(self) -> int:
        return self._count

    def read_jpeg(self, photo: int) -> bytes:
        """Return the JPEG bytes of one photo."""
        return self._jpegs[photo % len(self._jpegs)]


def draw_jpegs(side: int) -> list[bytes]:
    """Return the JPEGs of NUM_JPEGS random images: smooth areas with noise."""
    rng = np.random.default_rng(1)
    cells = max(2, side // 16)
    jpegs = []
    for _ in range(NUM_JPEGS):
        areas = Image.fromarray(rng.integers(256, size=(cells, cells, 3), dtype=np.uint8))
        smooth = np.asarray(areas.resize((side, side), Image.Resampling.BICUBIC))
        noisy = smooth + rng.normal(0, NOISE, (side, side, 3))
        jpegs.append(encode_jpeg(noisy.clip(0, 255).astype(np.uint8), JPEG_QUALITY))
    return jpegs


def measure_loader_rate(side: int, augmented: bool, seconds: float) -> tuple[float, float]:
    """Return the photos that one core decodes per second of CPU time, and the mean bytes of a JPEG.

    With `augmented` each photo is also cropped, translated and mirrored.
    """
    jpegs, rng = draw_jpegs(side), np.random.default_rng(1)
    store = RepeatedJpegs(jpegs, NUM_JPEGS)
    started, done = time.process_time(), 0
    while time.process_time() - started < seconds:
        pixels = store.decode(np.arange(32))
        if augmented:
            augment(pixels, sample_augment_params(len(pixels), True, 4, 0.6, rng))
        done += len(pixels)
    return done / (time.process_time() - started), sum(map(len, jpegs)) / len(jpegs)


def _build_network(backbone_name: str, words: int) -> Embedder:
    backbone = load_backbone(backbone_name, "random")
    return Embedder(backbone.network, make_random_word_embeddings(words, backbone.dim, seed=1), backbone.normalisation)


def iter_embedded_again(backbone: str, sizes: Sizes, device: str) -> Iterator[int]:
    """Yield the sizes of batches that are embedded from the memory of the device, without end."""
    embedder = BatchEmbedder(_build_network(backbone, 1), device)
    shape = (sizes.embed_batch, 3, sizes.side, sizes.side)
    pixels = torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1)).to(device)
    started = embedder.start(pixels)
    while True:
        following = embedder.start(pixels)
        yield len(started.wait())
        started = following


def iter_embedded(backbone: str, sizes: Sizes, device: str, workers: int) -> Iterator[int]:
    """Yield the sizes of batches that are decoded, copied and embedded, without end."""
    store = RepeatedJpegs(draw_jpegs(sizes.side), NUM_JPEGS)
    photos = np.arange(sizes.embed_batch)

    def load(_: int) -> tuple[torch.Tensor, int]:
        return torch.from_numpy(store.decode(photos)), len(photos)

    embedder = BatchEmbedder(_build_network(backbone, 1), device)
    for _, size in embed_stream(load, itertools.count(), embedder, workers, device):
        yield size


@lru_cache
def make_bags(sizes: Sizes) -> WordBags:
    """Return random bags of words."""
    rng = np.random.default_rng(1)
    return build_word_bags(list(np.sort(rng.integers(sizes.words, size=(sizes.photos, WORDS_PER_PHOTO)), axis=1)))


@lru_cache
def draw_embeddings(sizes: Sizes) -> np.ndarray:
    """Return random embeddings z, (photos, dim) in float16."""
    return np.random.default_rng(1).standard_normal((sizes.photos, sizes.dim), np.float32).astype(np.float16)


def iter_head_steps(training: Training, settings: TrainHead, sizes: Sizes, device: str, workers: int) -> Iterator[int]:
    """Take steps of train_head without end, and yield 1 for each."""
    z, bags = draw_embeddings(sizes), make_bags(sizes)
    context = RunContext(device=device, workers=workers, state_dir=Path(), compile_backend=runtime.compile_backend())
    model = Embedder(torch.nn.Identity(), make_random_word_embeddings(sizes.words, sizes.dim, seed=1)).to(device)
    optimizer = build_optimizer([(model.head_parameters(), settings.optimizer.head_lr)], settings.optimizer)
    objective = Objective(training.loss, training.logits, bags.count_words(sizes.words), device=device)
    sampler = build_sampler(bags, sizes.words, training)
    stored_z = StoredEmbeddings(z, device, on_device=runtime.fits_on_gpu(z.nbytes, device))
    loader = HeadLoader(stored_z, sampler, objective, training.seed, context)
    schedule = LRSchedule(optimizer, settings.lr_schedule, settings.epochs, sampler.count_steps(settings.batch_size))
    step = HeadStep(model, objective, optimizer, schedule, context)
    for epoch in itertools.count(1):
        for z_batch, targets in loader.iter_epoch(epoch, settings.batch_size):
            step(z_batch, targets)
            yield 1


@dataclass
class FinetuneLoops:
    """Two loops of the same step of finetune; each yields the number of photos of a step, without end."""

    resident: Iterator[int]
    """The same batch in the memory of the device at every step."""
    loaded: Iterator[int]
    """Batches that are decoded, augmented and copied."""
    wait_share: Callable[[], float]
    """Return the share of its time in which `loaded` waited for batches."""


def make_finetune_loops(
    training: Training, settings: Finetune, sizes: Sizes, device: str, workers: int
) -> FinetuneLoops:
    """Return the loops of one model."""
    bags, store = make_bags(sizes), RepeatedJpegs(draw_jpegs(sizes.side), sizes.photos)
    sampler = build_sampler(bags, sizes.words, training)
    objective = Objective(training.loss, training.logits, bags.count_words(sizes.words), device=device)
    model = _build_network(sizes.finetune_backbone, sizes.words)
    context = RunContext(
        device=device, workers=workers, state_dir=Path(tempfile.gettempdir()), compile_backend=runtime.compile_backend()
    )
    train_state = build_train_state(model, settings, sampler.count_steps(settings.batch_size), context)
    train_state.start_training()
    times = {"waiting": 0.0, "all": 0.0}

    def step(batch: LoadedBatch) -> int:
        train_step(train_state, objective, batch)
        return batch.train_batch.part_size

    def iter_loaded() -> Iterator[int]:
        batches, asked_at = _iter_batches(store, sampler, settings, objective, context), time.perf_counter()
        for batch in batches:
            got_at = time.perf_counter()
            size = step(batch)
            times["waiting"] += got_at - asked_at
            times["all"] += time.perf_counter() - asked_at
            asked_at = time.perf_counter()
            yield size

    def iter_resident() -> Iterator[int]:
        batch = next(_iter_batches(store, sampler, settings, objective, context))
        while True:
            yield step(batch)

    return FinetuneLoops(iter_resident(), iter_loaded(), lambda: times["waiting"] / max(times["all"], 1e-9))


def _iter_batches(
    store: PhotoStore, sampler: Sampler, settings: Finetune, objective: Objective, context: RunContext
) -> Iterator[LoadedBatch]:
    """Yield the batches of all epochs on the device, without end."""
    for epoch in itertools.count(1):
        steps = epoch_batches(sampler.sample_epoch(epoch, settings.batch_size), 1, epoch)
        yield from load_batches(store, steps, settings.augmentation, objective.prepare, context.workers, context.device)


def measure_search_seconds(library: str, sizes: Sizes, device: str) -> float | None:
    """Return the seconds of an exact search with Weft or with faiss; None if faiss cannot use this device."""
    rng = np.random.default_rng(1)
    queries, gallery = (rng.standard_normal((count, sizes.dim), np.float32) for count in (sizes.queries, sizes.gallery))
    k = min(TOP_K, sizes.gallery)
    if library == "weft":
        find_nearest_neighbours(queries[:8], gallery, k)
        started = time.perf_counter()
        find_nearest_neighbours(queries, gallery, k)
        return time.perf_counter() - started
    if importlib.util.find_spec("faiss") is None or not device.startswith("cuda"):
        return None
    import faiss

    if not hasattr(faiss, "StandardGpuResources"):
        return None  # the build for CPUs
    index = faiss.GpuIndexFlatIP(faiss.StandardGpuResources(), sizes.dim)
    unit = gallery / np.linalg.norm(gallery, axis=1, keepdims=True)
    started = time.perf_counter()
    index.add(unit)
    index.search(queries / np.linalg.norm(queries, axis=1, keepdims=True), k)
    return time.perf_counter() - started
