"""Kill a crawl of a real shop with faults at random moments and compare it with an uninterrupted crawl without faults.

    python benchmarks/crawl_kills.py SERVER --catalogue NAME --limit 2000 --faults 0.1 --kills 20

SERVER is a script that serves a catalogue: `python SERVER NAME --limit PRODUCTS --port PORT --faults SHARE` prints the
URL of the shop in its first line, and the address /__stats__ of the shop has the number of its requests by kind.

It prints one CSV row: whether the two snapshots have equal bytes, how many requests the second shop received, and how
many of them were repeated. The exit status is 1 if the snapshots differ or if a request was disallowed by robots.txt.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

CRAWL_SCRIPT = """
import sys
from pathlib import Path
from crawler.run import crawl_shops
from weft import params
folder = Path(sys.argv[2])
shop = params.Shop(name="shop", url=sys.argv[1], allow_private_network=True)
demo = params.Demo(num_products=1, seed=1)
settings = params.Crawl(snapshot=1, shops=(shop,), delay=0.0, concurrency=16, demo=demo)
crawl_shops(settings, folder / "state", folder / "out")
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("server", type=Path, help="script that serves the catalogue")
    parser.add_argument("--catalogue", default="myntra", help="name of the catalogue")
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--faults", type=float, default=0.1)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    serve = [sys.executable, str(args.server), args.catalogue, "--limit", str(args.limit)]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with serve_shop([*serve, "--port", "0"]) as url:
            started = time.monotonic()
            start_crawl(url, folder / "whole").wait()
            uninterrupted_seconds = time.monotonic() - started
            uninterrupted_requests = fetch_request_counts(url)
        port = url.rpartition(":")[2]
        with serve_shop([*serve, "--port", port, "--faults", str(args.faults)]) as url:
            kill_repeatedly(
                url,
                folder / "killed",
                sorted(random.Random(args.seed).sample(range(sum(uninterrupted_requests.values())), args.kills)),
            )
            status = start_crawl(url, folder / "killed").wait()
            stats = fetch_request_counts(url)
            if status:
                sys.stderr.write((folder / "killed" / "log").read_text())
        is_equal = read_files(folder / "whole" / "out") == read_files(folder / "killed" / "out")
    n_repeated_requests = sum(stats.values()) - stats.get("faults", 0) - sum(uninterrupted_requests.values())
    sys.stdout.write(
        "products,faults,kills,exit_status,equal_bytes,disallowed,requests,repeated_requests,uninterrupted_s\n"
    )
    row = (
        args.limit,
        args.faults,
        args.kills,
        status,
        is_equal,
        stats.get("disallowed", 0),
        sum(stats.values()),
        n_repeated_requests,
    )
    sys.stdout.write(",".join(map(str, row)) + f",{uninterrupted_seconds:.0f}\n")
    return 0 if is_equal and not status and not stats.get("disallowed") else 1


@contextlib.contextmanager
def serve_shop(command: list[str]) -> Iterator[str]:
    """Serve the shop inside the block; yield its URL."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def start_crawl(url: str, folder: Path) -> "subprocess.Popen[bytes]":
    """Start a crawl in its own process group."""
    folder.mkdir(exist_ok=True)
    paths = [str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", CRAWL_SCRIPT, url, str(folder)], env=environment, stderr=log, start_new_session=True
        )


def kill_repeatedly(url: str, folder: Path, request_thresholds: list[int]) -> None:
    """Start the crawl and kill all its processes when the shop has received as many requests as each threshold."""
    for threshold in request_thresholds:
        process = start_crawl(url, folder)
        while process.poll() is None and sum(fetch_request_counts(url).values()) < threshold:
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def fetch_request_counts(url: str) -> dict[str, int]:
    """Return the number of requests that the shop has received, by kind."""
    with urllib.request.urlopen(f"{url}/__stats__") as reply:
        stats: dict[str, int] = json.load(reply)
    return {kind: number for kind, number in stats.items() if kind != "max_in_flight"}


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below `folder`, by relative path."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


if __name__ == "__main__":
    sys.exit(main())
