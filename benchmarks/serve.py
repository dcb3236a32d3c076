"""Put load on `weft serve`: 200 requests in flight, then SIGTERM among them.

    python benchmarks/serve.py --seconds 60

Run it where `make repro` ran. It starts the server with its default limits on a free port of the loopback interface.
Each of the clients has an address of its own (127.0.1.1, 127.0.1.2 ...), so that the limit on the rate of one address
does not hide the other limits, and sends the next request as soon as it has an answer: searches by photo, by words, and
tags. It prints the answers by status, the durations of those with status 200, and the memory of the server each ten
seconds, and exits with status 1 if there was another answer than 200 and 429, memory grew, or the server did not stop
with status 0.
"""

import argparse
import asyncio
import itertools
import json
import os
import signal
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx
import pyarrow.parquet as pq

NUM_PHOTOS = 50
SAMPLE_SECONDS = 10
MAX_GROWTH = 1.05
"""Memory after the load in terms of that after the first ten seconds."""
NO_TLS = ssl.create_default_context()
"""One for all clients: to make one takes longer than many requests."""
WORDS = ("red dress", "striped shirt", "blue jeans", "hat")


class Load:
    """The clients and what they were answered."""

    def __init__(self, url: str, photos: list[bytes]) -> None:
        self.url, self.photos = url, photos
        self.answers: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.cpu_seconds = self.wall_seconds = 0.0
        self.is_stopping = False

    async def run_client(self, number: int) -> None:
        """Send one request after the other until the server stops."""
        address = f"127.0.1.{1 + number % 254}"
        transport = httpx.AsyncHTTPTransport(verify=NO_TLS, local_address=address)
        async with httpx.AsyncClient(transport=transport, base_url=self.url, timeout=60) as client:
            for turn in itertools.count(number):
                started = time.perf_counter()
                try:
                    response = await self._send(client, turn)
                except httpx.HTTPError as error:
                    if self.is_stopping:
                        return
                    self.answers[type(error).__name__] += 1
                    continue
                self.answers[str(response.status_code)] += 1
                if response.status_code == 200:
                    self.seconds.append(time.perf_counter() - started)

    async def _send(self, client: httpx.AsyncClient, turn: int) -> httpx.Response:
        photo = {"photo": ("photo.jpg", self.photos[turn % len(self.photos)], "image/jpeg")}
        if turn % 3 == 0:
            return await client.post("/v1/search", files=photo)
        if turn % 3 == 1:
            return await client.post("/v1/tag", files=photo)
        return await client.post("/v1/search", data={"text": WORDS[turn % len(WORDS)]})


def read_photos(folder: Path) -> list[bytes]:
    """Return the first prepared photos of test."""
    photos: list[bytes] = []
    for shard in sorted((folder / "test").glob("*.parquet")):
        photos += pq.read_table(shard, columns=["jpeg"])["jpeg"].to_pylist()
    return photos[:NUM_PHOTOS]


def read_cpu_seconds(pid: int) -> float:
    """Return the processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_megabytes(pid: int) -> float:
    """Return the resident memory of a process without the files that it maps."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["RssAnon"].split()[0]) / 1024


async def put_load(load: Load, clients: int, seconds: int, server: "subprocess.Popen[bytes]") -> list[float]:
    """Run the clients, stop the server among them, and return its memory over time."""
    tasks = [asyncio.create_task(load.run_client(number)) for number in range(clients)]
    memory, cpu, started = [], read_cpu_seconds(server.pid), time.monotonic()
    for _ in range(seconds // SAMPLE_SECONDS):
        await asyncio.sleep(SAMPLE_SECONDS)
        memory.append(read_megabytes(server.pid))
    load.cpu_seconds = read_cpu_seconds(server.pid) - cpu
    load.wall_seconds = time.monotonic() - started
    load.is_stopping = True
    server.send_signal(signal.SIGTERM)
    await asyncio.gather(*tasks)
    return memory


def main() -> int:
    """Run the load test in the current folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60)
    args = parser.parse_args()
    photos = read_photos(Path("data/prepared"))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        server = start_server(Path(folder) / "verdicts.sqlite", log)
        load = Load(wait_until_ready(log, server), photos)
        memory = asyncio.run(put_load(load, args.clients, args.seconds, server))
        stopped = time.monotonic()
        status = server.wait(60)
    seconds = sorted(load.seconds)
    print("answers", dict(load.answers))
    print(
        f"with status 200: {len(seconds) / load.wall_seconds:.1f} a second, median {statistics.median(seconds):.2f} s, "
        f"99 % below {seconds[int(0.99 * len(seconds))]:.2f} s"
    )
    print(f"processor time: {load.cpu_seconds / load.wall_seconds:.2f} cores")
    print("megabytes", [round(value) for value in memory])
    print(f"status {status} after SIGTERM, {time.monotonic() - stopped:.1f} s after the last answer")
    is_flat = memory[-1] <= MAX_GROWTH * memory[0]
    return 0 if set(load.answers) <= {"200", "429"} and is_flat and status == 0 else 1


def start_server(verdict_store: Path, log: Path) -> "subprocess.Popen[bytes]":
    """Start `weft serve` on the outputs in the current folder."""
    command = [sys.executable, "-m", "weft.cli", "serve", "--port", "0", "--verdict-store", str(verdict_store)]
    with log.open("wb") as stream:
        return subprocess.Popen(command, stderr=stream)


def wait_until_ready(log: Path, server: "subprocess.Popen[bytes]") -> str:
    """Return the URL that the server logs when it is ready."""
    while server.poll() is None:
        first = log.read_text().partition("\n")[0]
        if '"ready"' in first:
            url: str = json.loads(first)["url"]
            return url
        time.sleep(0.1)
    raise SystemExit(log.read_text())


if __name__ == "__main__":
    sys.exit(main())
