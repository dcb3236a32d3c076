"""Crawl every shop of params.yaml in a process of its own, then export one snapshot of all shops."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import crawler
from crawler.downloader.browser import check_browser
from crawler.export.export import export
from crawler.progress import CrawlProgress
from crawler.shards import SINGLE_SHARD, Shard, select_shops
from crawler.spider_args import build_politeness_args, check_contact, state_key
from crawler.storage import purge
from crawler.storage.snapshot import Snapshot
from crawler.storage.state_file import read_error, state_path
from weft.errors import ShopError
from weft.params import Crawl, Shop
from weft.params.crawl import DEMO_URL_PREFIX

MAX_CONCURRENT_SHOPS = 4
"""Number of shops that are crawled at the same time."""
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class CrawlJob:
    """One shop to crawl."""

    shop: Shop
    url: str
    """The start URL, with the public host name."""
    connect_to: str
    """The server to connect to instead of the URL's host, "" for that host itself."""
    state: Path


def crawl_shops(
    settings: Crawl,
    state_dir: Path,
    out: Path,
    connect_to: Mapping[str, str] | None = None,
    shard: Shard = SINGLE_SHARD,
) -> dict[str, float]:
    """Crawl the shops that are not crawled yet and export all of them.

    Args:
        settings: The section `crawl` of params.yaml.
        state_dir: Folder of the state files. A crawl that was interrupted resumes; a complete crawl makes no request.
        out: Folder of the snapshot.
        connect_to: By url in `settings` ("demo:jsonld"), the server of each demo shop. The host name of its pages is
            <name>.example all the same, so that the port does not change the snapshot.
        shard: Which shops this machine crawls.

    Returns:
        Totals of the snapshot, see `crawler.export.export.export`.

    Raises:
        ShopError: A shop cannot be crawled now, or no product was found.
        ParamsError: A shop at a public address is listed, but no contact is set.
    """
    check_contact(settings)
    if any(shop.render for shop in settings.shops):
        check_browser()
    purge_list = purge.load_purge_list(state_dir)
    for shop in settings.shops:
        purge_list.check_shop(shop.name)
    jobs = [_make_job(shop, settings, state_dir, connect_to or {}) for shop in select_shops(shard, settings.shops)]
    _run_jobs([job for job in jobs if not (job.state.exists() and _is_complete(job))], settings)
    snapshots = [Snapshot(job.state, job.shop.max_products) for job in jobs]
    try:
        languages = {shop.name: shop.language for shop in settings.shops if shop.language != "auto"}
        return export(snapshots, out, settings.quality_checks, languages)
    finally:
        for snapshot in snapshots:
            snapshot.close()


def _make_job(shop: Shop, settings: Crawl, folder: Path, connect_to: Mapping[str, str]) -> CrawlJob:
    key: tuple[object, ...] = (settings.snapshot, *state_key(shop))
    if not shop.url.startswith(DEMO_URL_PREFIX):
        return CrawlJob(shop, shop.url, "", state_path(folder, shop.name, shop.url, *key))
    if shop.url not in connect_to:
        raise ShopError(f"{shop.name}: no demo shop {shop.url}; expected demo:jsonld, demo:microdata or demo:opengraph")
    key = (*key, settings.demo.num_products, settings.demo.seed)
    url = f"http://{shop.name}.example/"
    path = state_path(folder, shop.name, shop.url, *key)
    return CrawlJob(shop, url, connect_to[shop.url], path)


def _run_jobs(jobs: list[CrawlJob], settings: Crawl) -> None:
    """Crawl all `jobs`, a few at a time; every shop is a host of its own, so no host receives more requests."""
    waiting = list(jobs)
    running: dict[str, tuple[CrawlJob, subprocess.Popen[bytes]]] = {}
    progress = CrawlProgress()
    try:
        while waiting or running:
            while waiting and len(running) < MAX_CONCURRENT_SHOPS:
                job = waiting.pop(0)
                running[job.shop.name] = (job, _start_process(job, settings))
            time.sleep(POLL_SECONDS)
            progress.update({name: job.state for name, (job, _) in running.items()})
            for name in [name for name, (_, process) in running.items() if process.poll() is not None]:
                job, process = running.pop(name)
                progress.report_finished(name, job.state)
                _check_finished(job, process.returncode)
    finally:
        for _, process in running.values():
            process.terminate()
        for _, process in running.values():
            process.wait()


def _start_process(job: CrawlJob, settings: Crawl) -> "subprocess.Popen[bytes]":
    log_path = job.state.with_suffix(".log")
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("a", encoding="utf-8") as log_file:
        return subprocess.Popen(
            _build_command(job, settings),
            env=_build_environment(),
            stdout=log_file,
            stderr=log_file,
            stdin=subprocess.DEVNULL,
        )


def _check_finished(job: CrawlJob, status: int) -> None:
    if _is_complete(job):
        return
    snapshot = Snapshot(job.state)
    exit_message = f"the crawl of {job.url} stopped early (exit status {status}); run again to resume"
    stop_reason = snapshot.stop_reason or read_error(job.state) or exit_message
    snapshot.close()
    raise ShopError(f"{job.shop.name}: {stop_reason}. Its log: {job.state.with_suffix('.log')}")


def _is_complete(job: CrawlJob) -> bool:
    """Return whether the crawl is finished and has found products.

    Raises:
        ShopError: The crawl is finished without a product.
    """
    snapshot = Snapshot(job.state, job.shop.max_products)
    try:
        if not snapshot.is_complete:
            return False
        if next(snapshot.products(), None) is None:
            raise ShopError(
                f"{job.shop.name}: no product found at {job.url} (found: {snapshot.summarise_frontier()}); the crawl "
                f"{snapshot.explain_no_products()}. Then delete {job.state} to crawl the shop again"
            )
        return True
    finally:
        snapshot.close()


def _build_command(job: CrawlJob, settings: Crawl) -> list[str]:
    spider_args = {
        "name": job.shop.name,
        "url": job.url,
        "state": str(job.state),
        **_limit_and_strategy_args(job.shop),
        "snapshot": str(settings.snapshot),
        "block_page_threshold": str(settings.quality_checks.block_page_threshold),
        **build_politeness_args(job.shop, settings),
        "concurrency": str(settings.concurrency),
        "connect_to": job.connect_to,
        "parent": str(os.getpid()),
    }
    command = [sys.executable, "-m", "scrapy", "crawl", "shop"]
    for name, value in spider_args.items():
        command += ["-a", f"{name}={value}"]
    return command


def _limit_and_strategy_args(shop: Shop) -> dict[str, str]:
    names = ("strategy", "feed", "product_urls", "max_products", "max_pages", "max_photos", "max_bytes", "max_minutes")
    spider_args = {name: str(value) for name in names if (value := getattr(shop, name))}
    return spider_args | ({"render": "1"} if shop.render else {})


def _build_environment() -> dict[str, str]:
    """Return the environment in which Scrapy finds the project from any working directory."""
    root = str(Path(crawler.__file__).parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "SCRAPY_SETTINGS_MODULE": "crawler.settings"}
