"""Compare weft's crawl of a real catalogue on loopback with a bare Scrapy spider and with img2dataset.

    python benchmarks/crawl.py SERVER                  # compare with benchmarks/bare_spider.py
    python benchmarks/crawl.py SERVER --img2dataset PATH/TO/bin/img2dataset
    python benchmarks/crawl.py SERVER --memory 20000   # compare the peak memory of 2,000 and 20,000 products

SERVER is a script that serves a catalogue: `python SERVER myntra --limit PRODUCTS --port PORT` prints the URL of the
shop in its first line.

Variants run in turn, each in its own process, without delays. The server's time is not counted, but the server shares
the machine. Each variant is one CSV row: median seconds, median CPU seconds, peak MB of the largest process, and the
number of photos. The last row is the ratio of the seconds and of the CPU seconds. Compare ratios, not seconds.
img2dataset needs old libraries: install it in a separate environment.
"""

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

BARE_SPIDER_PATH = Path(__file__).with_name("bare_spider.py")
CRAWL_SCRIPT = """
import sys
from pathlib import Path
from crawler.run import crawl_shops
from weft import params
url, folder, strategy, feed = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]
shop = params.Shop(name="shop", url=url, strategy=strategy, feed=feed, allow_private_network=True)
demo = params.Demo(num_products=1, seed=1)
settings = params.Crawl(snapshot=1, shops=(shop,), delay=0.0, concurrency=16, demo=demo)
crawl_shops(settings, folder / "state", folder / "out")
"""
PREPARE_SCRIPT = """
from weft.photos.prepare import prepare_photos
settings = params.Prepare(height=128, width=96, min_side=48, jpeg_quality=92, phash_max_distance=8, val_share=0.1,
                          test_share=0.2)
prepare_photos(folder / "out" / "photos", folder / "prepared", settings)
"""


class RunMeasurement(NamedTuple):
    """Time and memory of one process and its children."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    found: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", type=Path, help="script that serves the catalogue")
    parser.add_argument("--products", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--img2dataset", default="", help="command of img2dataset, to compare with it")
    parser.add_argument(
        "--memory", type=int, default=0, help="number of products of a second crawl, to compare the peak memory"
    )
    args = parser.parse_args()
    out = csv.writer(sys.stdout)
    out.writerow(["variant", "seconds", "cpu_seconds", "peak_mb", "found"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.memory:
            for products in (args.products, args.memory):
                with serve_catalogue(args.server, products) as url:
                    write_row(out, f"{products} products", [run_weft(url, folder / str(products))])
            return
        with serve_catalogue(args.server, args.products) as url:
            variants = (
                list_photo_variants(url, folder, args.img2dataset) if args.img2dataset else list_crawl_variants(url)
            )
            compare_variants(out, variants, folder, args.rounds)


def compare_variants(
    out: "csv.Writer", variants: dict[str, Callable[[Path], RunMeasurement]], folder: Path, rounds: int
) -> None:
    """Run all `variants` in turn, `rounds` times, and print their medians and the first one's ratio to the second."""
    runs: dict[str, list[RunMeasurement]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, run in variants.items():
            shutil.rmtree(folder / "run", ignore_errors=True)
            (folder / "run").mkdir()
            runs[name].append(run(folder / "run"))
    medians = [write_row(out, name, finished) for name, finished in runs.items()]
    ratios = [round(medians[0][n] / medians[1][n], 2) for n in range(2)]
    out.writerow(["ratio", *ratios, "", ""])


def write_row(out: "csv.Writer", name: str, runs: list[RunMeasurement]) -> tuple[float, float]:
    """Print one row and return (median seconds, median CPU seconds)."""
    seconds = statistics.median(run.seconds for run in runs)
    cpu = statistics.median(run.cpu_seconds for run in runs)
    peak = max(run.peak_mb for run in runs)
    out.writerow([name, round(seconds, 1), round(cpu, 1), round(peak), runs[0].found])
    sys.stdout.flush()
    return seconds, cpu


def list_crawl_variants(url: str) -> dict[str, Callable[[Path], RunMeasurement]]:
    """Return the crawls of the whole shop: every product and photo."""
    return {"weft": lambda folder: run_weft(url, folder), "bare scrapy": lambda folder: run_bare_scrapy(url, folder)}


def run_weft(url: str, folder: Path) -> RunMeasurement:
    """Crawl with weft: feeds, sitemaps, listings, state and snapshot."""
    run = run_timed([sys.executable, "-c", CRAWL_SCRIPT, url, str(folder), "auto", ""])
    return run._replace(found=json.loads((folder / "out" / "report.json").read_text())["photos"])


def run_bare_scrapy(url: str, folder: Path) -> RunMeasurement:
    """Crawl the pages of the sitemap with Scrapy and store their photos as files."""
    store = ["-s", f"FILES_STORE={folder / 'files'}", "-o", str(folder / "items.jsonl")]
    run = run_timed(
        [
            sys.executable,
            "-m",
            "scrapy",
            "runspider",
            str(BARE_SPIDER_PATH),
            "-a",
            f"sitemap={url}/sitemap.xml",
            *store,
        ],
        folder,
    )
    return run._replace(found=sum(1 for file in (folder / "files").rglob("*") if file.is_file()))


def list_photo_variants(url: str, folder: Path, img2dataset: str) -> dict[str, Callable[[Path], RunMeasurement]]:
    """Return the variants that download one list of photos and resize them to the training size."""
    with urllib.request.urlopen(f"{url}/sitemap-products-1.xml") as reply:
        pages = reply.read().decode().split("<loc>")[1:]
    numbers = [page.partition("</loc>")[0].split("/")[-2] for page in pages]
    photo_urls = [f"{url}/media/catalog/product/{number}.jpg" for number in numbers]
    (folder / "list.txt").write_text("".join(f"{address}\n" for address in photo_urls))
    rows = ({"id": n, "title": "photo", "image_link": photo_url} for n, photo_url in enumerate(photo_urls))
    (folder / "list.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def run_weft_prepare(run_folder: Path) -> RunMeasurement:
        run = run_timed(
            [
                sys.executable,
                "-c",
                CRAWL_SCRIPT + PREPARE_SCRIPT,
                url,
                str(run_folder),
                "feed",
                str(folder / "list.jsonl"),
            ]
        )
        return run._replace(found=json.loads((run_folder / "prepared" / "report.json").read_text())["photos"]["photos"])

    def run_img2dataset(run_folder: Path) -> RunMeasurement:
        settings = {
            **{"url_list": folder / "list.txt", "output_folder": run_folder / "out", "output_format": "parquet"},
            **{"image_size": 128, "resize_mode": "border", "thread_count": 16, "processes_count": 1},
        }
        run = run_timed([img2dataset, *(f"--{name}={value}" for name, value in settings.items())])
        stats = [json.loads(file.read_text()) for file in (run_folder / "out").glob("*_stats.json")]
        return run._replace(found=sum(shard["successes"] for shard in stats))

    return {"weft": run_weft_prepare, "img2dataset": run_img2dataset}


def run_timed(command: list[str], folder: Path | None = None) -> RunMeasurement:
    """Run a command and measure it. In `folder`, Scrapy does not find the project's scrapy.cfg."""
    started = time.perf_counter()
    environment = {
        **{k: v for k, v in os.environ.items() if k != "SCRAPY_SETTINGS_MODULE"},
        "OMP_NUM_THREADS": "1",
        "NO_ALBUMENTATIONS_UPDATE": "1",
    }
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    stderr = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[:4]}: exit status {process.returncode}\n{stderr.decode(errors='replace')[-3000:]}")
    return RunMeasurement(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, 0)


@contextmanager
def serve_catalogue(server_script: Path, products: int) -> Iterator[str]:
    """Serve the catalogue with JSON-LD markup on a free port; yield its URL."""
    command = [sys.executable, str(server_script), "myntra", "--limit", str(products), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
