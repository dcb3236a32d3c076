"""Run: crawl every shop of params.yaml, each in a process of its own, then export one snapshot of them all."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import crawler
from crawler.export import export
from crawler.snapshot import Snapshot
from crawler.states import state_path
from crawler.watch import watch
from weft.errors import ShopError
from weft.params import Crawl, Shop

DEMO = "demo:"


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
    settings: Crawl, state: Path, out: Path, served_at: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Crawl the shops that are not crawled yet and export all of them.

    Args:
        settings: Which shops, how politely.
        state: Folder of the crawls' state files; what is there is gone on with, what is complete is not asked again.
        out: Folder of the snapshot.
        served_at: Where each demo shop is served, by its url in `settings` ("demo:jsonld"). Its pages are known by
            the address http://<name>.example/ all the same, so that a free port changes no byte of the snapshot.

    Returns:
        Totals of the snapshot, as `crawler.export.export` does.

    Raises:
        ShopError: A shop cannot be crawled now, or yields no product.
    """
    jobs = [_job(shop, settings, state, served_at or {}) for shop in settings.shops]
    for job in jobs:
        _crawl(job, settings)
    snapshots = [Snapshot(job.shop.name, job.state, job.shop.max_products) for job in jobs]
    try:
        return export(snapshots, out)
    finally:
        for snapshot in snapshots:
            snapshot.close()


def _job(shop: Shop, settings: Crawl, folder: Path, served_at: Mapping[str, str]) -> Job:
    key: tuple[object, ...] = (settings.snapshot,)
    if not shop.url.startswith(DEMO):
        return Job(shop, shop.url, "", state_path(folder, shop.name, shop.url, shop.max_products, *key))
    if shop.url not in served_at:
        raise ShopError(f"{shop.name}: {shop.url} is served nowhere; wanted demo:jsonld, :microdata or :opengraph")
    key = (*key, settings.demo.products, settings.demo.seed)
    url = f"http://{shop.name}.example/"
    path = state_path(folder, shop.name, shop.url, shop.max_products, *key)
    return Job(shop, url, served_at[shop.url], path)


def _crawl(job: Job, settings: Crawl) -> None:
    if job.state.exists() and _is_complete(job):
        return
    log = job.state.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as lines:
        process = subprocess.Popen(
            _command(job, settings), env=_environment(), stdout=lines, stderr=lines, stdin=subprocess.DEVNULL
        )
        try:
            watch(process, job.shop.name, job.state)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if not _is_complete(job):
        raise ShopError(
            f"{job.shop.name}: the crawl of {job.url} ended before its end (exit status {process.returncode}); "
            f"its log is {log}; run again to go on"
        )


def _is_complete(job: Job) -> bool:
    """Whether the crawl is finished, with something to show for it.

    Raises:
        ShopError: It stopped for a reason, or found no product.
    """
    snapshot = Snapshot(job.shop.name, job.state, job.shop.max_products)
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
        "max_products": str(job.shop.max_products),
        "delay": str(settings.delay),
        "concurrency": str(settings.concurrency),
        "at": job.served_at,
        "parent": str(os.getpid()),
    }
    command = [sys.executable, "-m", "scrapy", "crawl", "shop"]
    for name, value in arguments.items():
        command += ["-a", f"{name}={value}"]
    return command


def _environment() -> dict[str, str]:
    """The project is found wherever the command was given."""
    root = str(Path(crawler.__file__).parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "SCRAPY_SETTINGS_MODULE": "crawler.settings"}
