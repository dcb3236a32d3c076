"""Run: crawl every shop of params.yaml, each in a process of its own, then export one snapshot of them all."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import crawler
from crawler import manners, tombstones
from crawler.arguments import further_key
from crawler.export import export
from crawler.lock import last_word
from crawler.manners import DEMO
from crawler.shards import WHOLE, Shard, shops_of
from crawler.snapshot import Snapshot
from crawler.states import state_path
from crawler.watch import Watch
from weft.errors import ShopError
from weft.params import Crawl, Shop

AT_ONCE = 4
"""Shops crawled at the same time."""
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Job:
    """One shop to crawl."""

    shop: Shop
    url: str
    """Where it begins: its public address."""
    served_at: str
    """Where it is really served, "" when that is the same."""
    state: Path


def crawl_shops(
    settings: Crawl, state: Path, out: Path, served_at: Mapping[str, str] | None = None, shard: Shard = WHOLE
) -> dict[str, float]:
    """Crawl the shops that are not crawled yet and export all of them.

    Args:
        settings: Which shops, how politely.
        state: Folder of the crawls' state files; what is there is gone on with, what is complete is not asked again.
        out: Folder of the snapshot.
        served_at: Where each demo shop is served, by its url in `settings` ("demo:jsonld"). Its pages are known by
            the address http://<name>.example/ all the same, so that a free port changes no byte of the snapshot.
        shard: Which of the shops are this machine's.

    Returns:
        Totals of the snapshot, as `crawler.export.export` does.

    Raises:
        ShopError: A shop cannot be crawled now, or yields no product.
        ParamsError: A shop of others is to be crawled, and nobody is named whom they could reach.
    """
    manners.check_contact(settings)
    purged = tombstones.load(state)
    for shop in settings.shops:
        purged.refuse(shop.name)
    jobs = [_job(shop, settings, state, served_at or {}) for shop in shops_of(shard, settings.shops)]
    _crawl([job for job in jobs if not (job.state.exists() and _is_complete(job))], settings)
    snapshots = [Snapshot(job.state) for job in jobs]
    try:
        return export(snapshots, out, settings.gate)
    finally:
        for snapshot in snapshots:
            snapshot.close()


def _job(shop: Shop, settings: Crawl, folder: Path, served_at: Mapping[str, str]) -> Job:
    key: tuple[object, ...] = (settings.snapshot, *further_key(shop))
    if not shop.url.startswith(DEMO):
        return Job(shop, shop.url, "", state_path(folder, shop.name, shop.url, shop.max_products, *key))
    if shop.url not in served_at:
        raise ShopError(f"{shop.name}: {shop.url} is served nowhere; wanted demo:jsonld, :microdata or :opengraph")
    key = (*key, settings.demo.products, settings.demo.seed)
    url = f"http://{shop.name}.example/"
    path = state_path(folder, shop.name, shop.url, shop.max_products, *key)
    return Job(shop, url, served_at[shop.url], path)


def _crawl(jobs: list[Job], settings: Crawl) -> None:
    """Crawl all `jobs`, a few at a time; each shop is another host, so none is asked faster for it."""
    waiting = list(jobs)
    running: dict[str, tuple[Job, subprocess.Popen[bytes]]] = {}
    watch = Watch()
    try:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                job = waiting.pop(0)
                running[job.shop.name] = (job, _start(job, settings))
            time.sleep(LOOK_SECONDS)
            watch.look({name: job.state for name, (job, _) in running.items()})
            for name in [name for name, (_, process) in running.items() if process.poll() is not None]:
                job, process = running.pop(name)
                watch.ended(name, job.state)
                _check_end(job, process.returncode)
    finally:
        for _, process in running.values():
            process.terminate()
        for _, process in running.values():
            process.wait()


def _start(job: Job, settings: Crawl) -> "subprocess.Popen[bytes]":
    log = job.state.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as lines:
        return subprocess.Popen(
            _command(job, settings), env=_environment(), stdout=lines, stderr=lines, stdin=subprocess.DEVNULL
        )


def _check_end(job: Job, status: int) -> None:
    if _is_complete(job):
        return
    snapshot = Snapshot(job.state)
    ended = f"the crawl of {job.url} ended before its end (exit status {status}); run again to go on"
    fault = snapshot.fault or last_word(job.state) or ended
    snapshot.close()
    raise ShopError(f"{job.shop.name}: {fault}. Its log: {job.state.with_suffix('.log')}")


def _is_complete(job: Job) -> bool:
    """Whether the crawl is finished, with something to show for it.

    Raises:
        ShopError: It stopped for a reason, or found no product.
    """
    snapshot = Snapshot(job.state)
    try:
        if not snapshot.is_complete:
            return False
        if next(snapshot.products(), None) is None:
            raise ShopError(
                f"{job.shop.name}: no product found from {job.url} (seen: {snapshot.seen()}); wanted pages with "
                f"JSON-LD, microdata or OpenGraph products, in a sitemap or linked from there. Mend the url, or "
                f"delete {job.state} to ask the shop again"
            )
        return True
    finally:
        snapshot.close()


def _command(job: Job, settings: Crawl) -> list[str]:
    arguments = {
        "name": job.shop.name,
        "url": job.url,
        "state": str(job.state),
        **_limits_and_strategy(job.shop),
        "snapshot": str(settings.snapshot),
        "wall_pages": str(settings.gate.wall_pages),
        **manners.arguments(job.shop, settings),
        "concurrency": str(settings.concurrency),
        "at": job.served_at,
        "parent": str(os.getpid()),
    }
    command = [sys.executable, "-m", "scrapy", "crawl", "shop"]
    for name, value in arguments.items():
        command += ["-a", f"{name}={value}"]
    return command


def _limits_and_strategy(shop: Shop) -> dict[str, str]:
    names = ("strategy", "feed", "products", "max_products", "max_pages", "max_photos", "max_bytes", "max_minutes")
    return {name: str(value) for name in names if (value := getattr(shop, name))}


def _environment() -> dict[str, str]:
    """The project is found wherever the command was given."""
    root = str(Path(crawler.__file__).parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "SCRAPY_SETTINGS_MODULE": "crawler.settings"}
