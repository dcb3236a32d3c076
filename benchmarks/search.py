"""Compare the exact index of `weft search` and `weft serve` with a naive search, one query at a time.

    OMP_NUM_THREADS=2 python benchmarks/search.py 20000 100000

The embeddings are random unit vectors of 1,280 dimensions in a memory-mapped float16 file, as the stage embed writes
them. The naive search converts and normalises the whole matrix for each query. Each search runs in a process of its
own, so that its peak memory is measured alone. Compare ratios within one run, not milliseconds between runs.
"""

import csv
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

DIM, TOP_K, QUERIES, FILTERED_SHARE = 1_280, 10, 15, 0.1
SEARCHES = ("naive", "index", "index_filtered", "index_float32")
CHUNK = 10_000


def write_unit_vectors(path: Path, count: int) -> None:
    rng = np.random.default_rng(1)
    z = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(count, DIM))
    for start in range(0, count, CHUNK):
        block = rng.standard_normal((min(CHUNK, count - start), DIM), dtype=np.float32)
        z[start : start + CHUNK] = block / np.linalg.norm(block, axis=1, keepdims=True)
    z.flush()


def search_naively(
    z: npt.NDArray[np.float16], query: npt.NDArray[np.float32], candidates: npt.NDArray[np.bool_] | None = None
) -> list[int]:
    matrix = z.astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    similarities = matrix @ (query / np.linalg.norm(query))
    if candidates is not None:
        similarities[~candidates] = -np.inf
    return [int(row) for row in np.argsort(-similarities, kind="stable")[:TOP_K]]


def measure(path: Path, name: str) -> dict[str, object]:
    """Return the seconds to open, the median milliseconds of a query, the peak memory and the rows found."""
    from weft.search.exact_index import ExactIndex

    z = np.load(path, mmap_mode="r")
    rng = np.random.default_rng(2)
    queries = rng.standard_normal((QUERIES, DIM), dtype=np.float32)
    candidates = rng.random(len(z)) < FILTERED_SHARE if name == "index_filtered" else None
    started = time.perf_counter()
    index = ExactIndex(z.astype(np.float32) if name == "index_float32" else z)
    opened = time.perf_counter() - started
    found, milliseconds = [], []
    for query in queries:
        started = time.perf_counter()
        rows = search_naively(z, query) if name == "naive" else index.search(query, TOP_K, candidates)[0].tolist()
        milliseconds.append(1000 * (time.perf_counter() - started))
        found.append(rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9  # before the naive search below
    expected = [search_naively(z, query, candidates) for query in queries[:3]] if name != "naive" else found[:3]
    recall = statistics.mean(len(set(a) & set(b)) / TOP_K for a, b in zip(expected, found, strict=False))
    return {
        "open_s": round(opened, 2),
        "ms_per_query": round(statistics.median(milliseconds), 1),
        "peak_gigabytes": round(peak, 2),
        "recall_at_10": recall,
    }


def main() -> None:
    """Print the table, or measure one search if a parent process says so."""
    if sys.argv[1] == "--measure":
        print(json.dumps(measure(Path(sys.argv[2]), sys.argv[3])))
        return
    table = csv.writer(sys.stdout)
    table.writerow(["photos", "search", "open_s", "ms_per_query", "peak_gigabytes", "recall_at_10"])
    for count in map(int, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "embeddings.npy"
            write_unit_vectors(path, count)
            for name in SEARCHES:
                command = [sys.executable, __file__, "--measure", str(path), name]
                completed = subprocess.run(command, check=True, capture_output=True, text=True)
                table.writerow([count, name, *json.loads(completed.stdout).values()])


if __name__ == "__main__":
    main()
