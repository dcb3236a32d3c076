"""Compare the indexes of `weft search` and `weft serve` with a naive search, one query at a time.

    OMP_NUM_THREADS=1 python benchmarks/search.py 20000 100000 1000000 > benchmarks/results/search.csv

The vectors are made as a catalogue has them: products around 200 kinds of products, with three photos each, 256
dimensions, float16, in a memory-mapped file. The naive search converts and normalises the whole matrix for each query;
recall is the share of its ten nearest that an index finds. A query is a new photo of a product of the catalogue.

An update replaces 1 % of the vectors: the new ones are a second file, the old ones are masked. `update_cpu_s` is what
it takes until the index answers from both. Each index runs in a process of its own, so that its peak memory is measured
alone.
All times are CPU time of one core, which other processes of a shared machine hardly change.
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

DIM, TOP_K, QUERIES, FILTERED_QUERIES, FILTERED_SHARE, CHANGED_SHARE = 256, 10, 15, 5, 0.1, 0.01
KINDS, PHOTOS_PER_PRODUCT = 200, 3
INDEXES = ("naive", "exact", "exact, read from the file", "faiss")
COLUMNS = (
    "photos",
    "index",
    "open_cpu_s",
    "cpu_ms_per_query",
    "cpu_ms_with_filter",
    "update_cpu_s",
    "peak_gigabytes",
    "recall_at_10",
)
CHUNK = 30_000

Vectors = npt.NDArray[np.float16]
Queries = npt.NDArray[np.float32]


def write_vectors(path: Path, count: int) -> None:
    """Write the vectors chunk by chunk, and the queries beside them."""
    rng = np.random.default_rng(1)
    kinds = rng.standard_normal((KINDS, DIM), dtype=np.float32)
    z = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(count, DIM))
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        products = kinds[rng.integers(0, KINDS, -(-size // PHOTOS_PER_PRODUCT))]
        products = products + 0.5 * rng.standard_normal(products.shape, dtype=np.float32)
        photos = np.repeat(products, PHOTOS_PER_PRODUCT, axis=0)[:size]
        z[start : start + size] = photos + 0.3 * rng.standard_normal(photos.shape, dtype=np.float32)
    z.flush()
    rows = np.sort(rng.integers(0, count, QUERIES))
    noise = rng.standard_normal((QUERIES, DIM), dtype=np.float32)
    np.save(path.with_name("queries.npy"), z[rows].astype(np.float32) + 0.3 * noise)


def search_naively(z: Vectors, query: Queries, candidates: npt.NDArray[np.bool_] | None = None) -> list[int]:
    matrix = z.astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    similarities = matrix @ (query / np.linalg.norm(query))
    if candidates is not None:
        similarities[~candidates] = -np.inf
    return [int(row) for row in np.argsort(-similarities, kind="stable")[:TOP_K]]


class NaiveIndex:
    """The search that converts everything for each query."""

    def __init__(self, parts: list[Vectors]) -> None:
        self._z = parts[0] if len(parts) == 1 else np.concatenate(parts)

    def __len__(self) -> int:
        return len(self._z)

    def search(
        self, query: Queries, k: int, candidates: npt.NDArray[np.bool_] | None = None
    ) -> tuple[npt.NDArray[np.int64], None]:
        """Return the nearest rows."""
        return np.array(search_naively(self._z, query, candidates)[:k]), None


def open_index(name: str, parts: list[Vectors], loaded: dict[int, npt.NDArray[np.float32]]):
    """Return an index of the parts; `loaded` keeps what the exact index has in memory, by the number of the part."""
    from weft.search.exact_index import ExactIndex, load_unit_rows

    if name == "naive":
        return NaiveIndex(parts)
    if name == "faiss":
        from weft.search.faiss_index import FaissIndex

        return FaissIndex(parts)
    if name == "exact":
        for number, part in enumerate(parts):
            if number not in loaded:
                loaded[number] = load_unit_rows(part)
        return ExactIndex([loaded[number] for number in range(len(parts))])
    return ExactIndex(parts)


def time_queries(index, queries: Queries, candidates=None) -> tuple[float, list[list[int]]]:
    """Return the median CPU milliseconds of a query, and the rows found by each."""
    milliseconds, found = [], []
    for query in queries:
        started = time.process_time()
        rows = index.search(query, TOP_K, candidates)[0]
        milliseconds.append(1000 * (time.process_time() - started))
        found.append([int(row) for row in rows])
    return statistics.median(milliseconds), found


def measure(path: Path, name: str) -> dict[str, object]:
    """Measure one index in this process."""
    from weft.search.vector_index import MaskedIndex

    z = np.load(path, mmap_mode="r")
    queries = np.load(path.with_name("queries.npy"))
    rng = np.random.default_rng(2)
    candidates = rng.random(len(z)) < FILTERED_SHARE
    loaded: dict[int, npt.NDArray[np.float32]] = {}
    started = time.process_time()
    index = open_index(name, [z], loaded)
    opened = time.process_time() - started
    plain_ms, found = time_queries(index, queries)
    filtered_ms, _ = time_queries(index, queries[:FILTERED_QUERIES], candidates)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9  # before the update
    if name == "naive":
        path.with_name("nearest.json").write_text(json.dumps(found))
    expected = json.loads(path.with_name("nearest.json").read_text())
    recall = statistics.mean(len(set(a) & set(b)) / TOP_K for a, b in zip(expected, found, strict=True))
    mask = np.ones(len(z) + int(CHANGED_SHARE * len(z)), bool)
    mask[rng.choice(len(z), int(CHANGED_SHARE * len(z)), replace=False)] = False
    added = np.array(z[: len(mask) - len(z)])
    started = time.process_time()
    MaskedIndex(open_index(name, [z, added], loaded), mask).search(queries[0], TOP_K)
    updated = time.process_time() - started
    return {
        "open_cpu_s": round(opened, 2),
        "cpu_ms_per_query": round(plain_ms, 1),
        "cpu_ms_with_filter": round(filtered_ms, 1),
        "update_cpu_s": round(updated, 2),
        "peak_gigabytes": round(peak, 2),
        "recall_at_10": round(recall, 3),
    }


def main() -> None:
    """Print the table, or measure one index if a parent process says so."""
    if sys.argv[1] == "--measure":
        print(json.dumps(measure(Path(sys.argv[2]), sys.argv[3])))
        return
    table = csv.writer(sys.stdout)
    table.writerow(COLUMNS)
    for count in map(int, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "vectors.npy"
            write_vectors(path, count)
            for name in INDEXES:
                command = [sys.executable, __file__, "--measure", str(path), name]
                completed = subprocess.run(command, check=True, capture_output=True, text=True)
                table.writerow([count, name, *json.loads(completed.stdout).values()])
                sys.stdout.flush()


if __name__ == "__main__":
    main()
