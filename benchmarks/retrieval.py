"""Compare exact search and its metrics, at the size of In-shop, with faiss and two metric-learning libraries.

    OMP_NUM_THREADS=1 python benchmarks/retrieval.py

It searches the 50 nearest of 12,612 gallery photos for 14,218 queries, in 2,048 dimensions. Each variant runs in its
own processes, so that its peak memory is measured alone; figures are medians of ROUNDS. Compare ratios, not seconds.
A library that is not installed is left out: `pip install faiss-cpu pytorch-metric-learning`, and in another
environment, because it needs numpy below 2, `pip install --no-deps open-metric-learning gdown validators omegaconf`.
"""

import csv
import importlib.util
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

ROUNDS, QUERIES, GALLERY, DIM, TOP_K = 3, 14_218, 12_612, 2_048, 50
AGREEMENT_SIZES = {"queries": 1_500, "gallery": 1_200, "dim": 128, "items": 200}
TOLERANCE = 1e-6
KNOWN_DIFFERENCES = {
    "precision_at_10": "oml divides by min(k, number of positives), weft by k",
    "map_at_10": "oml divides by the hits among the first k; weft has only map_at_r, over all positives",
}

Arrays = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def random_unit_vectors(queries: int, gallery: int, dim: int) -> Arrays:
    """Return random unit vectors: queries and gallery."""
    rng = np.random.default_rng(1)
    z = rng.standard_normal((queries + gallery, dim), dtype=np.float32)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    return z[:queries], z[queries:]


def search_with_weft(
    queries: npt.NDArray[np.float32], gallery: npt.NDArray[np.float32], k: int
) -> npt.NDArray[np.int64]:
    from weft.retrieval.search import find_nearest_neighbours

    return find_nearest_neighbours(queries, gallery, k)[0]


def search_with_faiss(
    queries: npt.NDArray[np.float32], gallery: npt.NDArray[np.float32], k: int
) -> npt.NDArray[np.int64]:
    import faiss

    index = faiss.IndexFlatIP(gallery.shape[1])
    index.add(gallery)
    return np.asarray(index.search(queries, k)[1])


SEARCH_FUNCTIONS: dict[str, Callable[..., npt.NDArray[np.int64]]] = {
    "weft": search_with_weft,
    "faiss": search_with_faiss,
}


def measure_search(name: str) -> dict[str, float]:
    """Return the seconds of one search and the peak memory of this process, in units of 10^9 bytes."""
    queries, gallery = random_unit_vectors(QUERIES, GALLERY, DIM)
    search = SEARCH_FUNCTIONS[name]
    search(queries[:64], gallery[:64], TOP_K)
    started = time.perf_counter()
    rows = search(queries, gallery, TOP_K)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return {"seconds": seconds, "peak": peak, "checksum": float(rows[:, 0].sum())}


def compare_speed() -> None:
    """Print the table of searches."""
    names = [name for name in SEARCH_FUNCTIONS if name == "weft" or importlib.util.find_spec(name)]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in names:
            completed = subprocess.run([sys.executable, __file__, name], check=True, capture_output=True, text=True)
            runs[name].append(json.loads(completed.stdout))
    table = csv.writer(sys.stdout)
    table.writerow(["search", "seconds", "peak_gigabytes", "same_first_neighbours", "machine"])
    for name, measurements in runs.items():
        seconds = round(statistics.median(run["seconds"] for run in measurements), 2)
        peak = round(max(run["peak"] for run in measurements), 2)
        same = measurements[0]["checksum"] == runs["weft"][0]["checksum"]
        table.writerow([name, seconds, peak, same, platform.machine()])


def measure_with_weft(rows: npt.NDArray[np.int64], labels: Any, gallery_labels: Any) -> dict[str, float]:
    """Return weft's metrics of the whole ranking."""
    from weft.evaluation import retrieval_metrics

    hits = retrieval_metrics.find_hits(rows, labels, gallery_labels)
    positives = np.bincount(gallery_labels)[labels]
    recall = {f"recall_at_{k}": float(retrieval_metrics.recall_at_k(hits, k).mean()) for k in (1, 10, 20)}
    precision = {f"precision_at_{k}": float(retrieval_metrics.precision_at_k(hits, k).mean()) for k in (1, 10)}
    return recall | precision | {"map_at_r": float(retrieval_metrics.map_at_r(hits, positives).mean())}


def measure_with_pytorch_metric_learning(z: Arrays, labels: Any, gallery_labels: Any, _: Any) -> dict[str, float]:
    from pytorch_metric_learning.distances import CosineSimilarity
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
    from pytorch_metric_learning.utils.inference import CustomKNN

    metric_names = ("precision_at_1", "mean_average_precision_at_r")
    calculator = AccuracyCalculator(include=metric_names, k="max_bin_count", knn_func=CustomKNN(CosineSimilarity()))
    accuracies = calculator.get_accuracy(z[0], labels, z[1], gallery_labels)
    # At k = 1, precision equals recall: whether the first result is correct.
    return {"recall_at_1": accuracies["precision_at_1"], "map_at_r": accuracies["mean_average_precision_at_r"]}


def measure_with_open_metric_learning(_: Arrays, labels: Any, gallery_labels: Any, rows: Any) -> dict[str, float]:
    import torch
    from oml.functional.metrics import calc_retrieval_metrics

    relevant = [torch.from_numpy(np.flatnonzero(gallery_labels == label)) for label in labels]
    top = {"cmc_top_k": (1, 10, 20), "precision_top_k": (1, 10), "map_top_k": (10,)}
    metrics = calc_retrieval_metrics(list(torch.from_numpy(rows)), relevant, **top, verbose=False)
    recall = {f"recall_at_{k}": float(metrics["cmc"][k]) for k in (1, 10, 20)}
    precision = {f"precision_at_{k}": float(metrics["precision"][k]) for k in (1, 10)}
    return recall | precision | {"map_at_10": float(metrics["map"][10])}


REFERENCE_LIBRARIES = {
    "pytorch_metric_learning": measure_with_pytorch_metric_learning,
    "oml": measure_with_open_metric_learning,
}


def compare_metrics() -> None:
    """Print the metrics of weft and of the libraries, on noisy clusters without ties."""
    rng = np.random.default_rng(2)
    items = rng.integers(AGREEMENT_SIZES["items"], size=AGREEMENT_SIZES["queries"] + AGREEMENT_SIZES["gallery"])
    z = rng.standard_normal((AGREEMENT_SIZES["items"], AGREEMENT_SIZES["dim"]))[items]
    z = (z + 2.5 * rng.standard_normal(z.shape)).astype(np.float32)
    gallery_labels = items[AGREEMENT_SIZES["queries"] :]
    query_rows = np.flatnonzero(np.isin(items[: AGREEMENT_SIZES["queries"]], gallery_labels))
    labels, embeddings = items[query_rows], (z[query_rows], z[AGREEMENT_SIZES["queries"] :])
    rows = search_with_weft(*embeddings, len(gallery_labels))
    weft_metrics = measure_with_weft(rows, labels, gallery_labels)
    table = csv.writer(sys.stdout)
    table.writerow(["metric", "weft", "library", "library_value", "equal_to_1e-6", "reason"])
    for name, measure in REFERENCE_LIBRARIES.items():
        if importlib.util.find_spec(name):
            for metric, value in measure(embeddings, labels, gallery_labels, rows).items():
                weft_value = weft_metrics.get(metric, float("nan"))
                same = abs(value - weft_value) < TOLERANCE
                reason = "" if same else KNOWN_DIFFERENCES.get(metric, "unexplained")
                table.writerow([metric, round(weft_value, 7), name, round(value, 7), same, reason])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(measure_search(sys.argv[1])))
    else:
        compare_speed()
        compare_metrics()
