"""Measure CPU time and peak memory of clean, vocabulary and prepare on generated catalogues of any size.

    python benchmarks/scale.py clean vocabulary --products 20000 100000 --shops 40
    python benchmarks/scale.py vocabulary --products 1300000 --shops 40 200
    python benchmarks/scale.py dask vocabulary --products 100000      # the same counts in Dask: pip install dask
    python benchmarks/scale.py prepare --products 500 2500            # four photos for each product
    python benchmarks/scale.py duplicates --products 200000 2000000

The texts are those of the demo shops, with words that only one shop uses and rare words by Zipf's law. Each line of the
output is one run. With several sizes, a growth exponent follows: 1 means that twice the products take twice the time.
CPU time and memory are those of one process, so set `WEFT_WORKERS=1` for them; the time on the clock with
`WEFT_WORKERS=2` and more shows what other processes save.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scale_inputs import WRITERS

from weft import params
from weft.photos.duplicates import find_duplicate_groups
from weft.photos.prepare import prepare_photos
from weft.runtime import shard_processes
from weft.splits import assign_split
from weft.text.clean import clean_products
from weft.text.tokenize import tokenize
from weft.text.vocabulary import build_vocabulary

INPUTS = Path(__file__).with_name("scale_inputs.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="+", choices=sorted(WORKS), metavar="WORK", help=", ".join(WORKS))
    parser.add_argument("--products", type=int, nargs="+", default=[20_000])
    parser.add_argument("--shops", type=int, nargs="+", default=[40])
    parser.add_argument("--folder", type=Path, help="where the generated inputs stay; default: a temporary folder")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.works[0], args.folder, args.products[0], args.shops[0])))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        print(f"{'work':12} {'products':>10} {'shops':>6} {'CPU s':>8} {'wall s':>8} {'peak MB':>8}")
        for work in args.works:
            for shops in args.shops:
                report(work, folder, args.products, shops)


def report(work: str, folder: Path, sizes: list[int], shops: int) -> None:
    """Print one line for each size, and the growth exponent from the first size to the last."""
    results = []
    for products in sizes:
        arguments = [work, "--measure", "--products", str(products), "--shops", str(shops), "--folder", str(folder)]
        done = subprocess.run([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, check=True)
        result = json.loads(done.stdout.splitlines()[-1])
        results.append(result["cpu_s"])
        print(
            f"{work:12} {products:>10,} {shops:>6} {result['cpu_s']:>8.1f} {result['wall_s']:>8.1f} "
            f"{result['peak_mb']:>8.0f}",
            flush=True,
        )
    if len(sizes) > 1:
        exponent = math.log(results[-1] / results[0]) / math.log(sizes[-1] / sizes[0])
        print(f"{work:12} CPU time grows with products to the power of {exponent:.2f}")


def measure(work: str, folder: Path, products: int, shops: int) -> dict[str, float]:
    """Generate the input in `folder` unless it is there, run one work and return its cost."""
    kind, run = WORKS[work]
    source = folder / f"{kind}-{products}-{shops}{WRITERS[kind][0]}"
    if not source.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # In a process of its own, so that its memory is not measured.
        command = [sys.executable, INPUTS, kind, source, str(products), str(shops)]
        subprocess.run(command, check=True)
    tokenize("imports NLTK before the clock starts")
    before = time.process_time()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=folder) as out:
        run(source, Path(out) / "out")
    wall = time.monotonic() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu_s": time.process_time() - before, "wall_s": wall, "peak_mb": peak_mb}


def run_clean(source: Path, out: Path) -> None:
    clean_products(source, out, params.load_params(Path("params.yaml")).clean)


def run_vocabulary(source: Path, out: Path) -> None:
    settings = params.load_params(Path("params.yaml"))
    vocabulary = replace(settings.vocabulary, min_document_frequency=max(2, settings.vocabulary.min_document_frequency))
    build_vocabulary(source, out, vocabulary, settings.prepare.val_share, settings.prepare.test_share)


def run_vocabulary_in_dask(source: Path, out: Path) -> None:
    """Count what build_vocabulary counts, as a user of dask.dataframe would: words per shop, and occurrences."""
    import dask
    import dask.dataframe as dd

    settings = params.load_params(Path("params.yaml")).prepare
    shares = settings.val_share, settings.test_share
    columns = ["product_id", "shop", "tokens"]
    products = dd.read_parquet(source, columns=columns, split_row_groups=4)
    training = products[products["product_id"].map(lambda i: assign_split(i, *shares) == "train", meta=("is", bool))]
    words = training[["product_id", "shop", "tokens"]].explode("tokens")
    occurrences = words.groupby("tokens").size()
    documents = words.map_partitions(lambda part: part.drop_duplicates()).groupby(["shop", "tokens"]).size()
    scheduler = "synchronous" if shard_processes() == 1 else "processes"
    counted = dask.compute(occurrences, documents, scheduler=scheduler, num_workers=shard_processes())
    counted[0].to_csv(out)


def run_prepare(source: Path, out: Path) -> None:
    prepare_photos(source, out, params.load_params(Path("params.yaml")).prepare)


def run_duplicates(source: Path, out: Path) -> None:
    groups = find_duplicate_groups(np.load(source), params.load_params(Path("params.yaml")).prepare.phash_max_distance)
    np.save(out.with_suffix(".npy"), groups)


WORKS: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "clean": ("products", run_clean),
    "vocabulary": ("cleaned", run_vocabulary),
    "dask": ("cleaned", run_vocabulary_in_dask),
    "prepare": ("photos", run_prepare),
    "duplicates": ("fingerprints", run_duplicates),
}
"""Name of the work -> the kind of its input, and the function that does it."""
if __name__ == "__main__":
    main()
