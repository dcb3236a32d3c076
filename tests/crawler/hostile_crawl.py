"""Run `scrapy crawl shop` on a local shop and read the exported tables."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crawl_server import get_crawl_server
from local_shop import LocalShop

from crawler.command_line import FAULT_STATUS
from crawler.export.export import export
from crawler.storage.snapshot import Snapshot
from weft import tables
from weft.contracts.tables import FAILURES, PHOTOS, PRODUCTS

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class CrawlResult:
    """The exported tables of a crawl."""

    products: dict[str, dict[str, Any]]
    """By product id without the shop's name."""
    photos: dict[str, bytes]
    """Bytes by path."""
    failures: dict[str, str]
    """Reasons by path."""
    attempts: dict[str, int]
    fault: str
    peak_mib: int
    """Peak memory of the crawl."""


def run_crawl(shop: LocalShop, folder: Path, *settings: str, **arguments: str) -> CrawlResult:
    """Crawl `shop` without delay, with Scrapy `settings` ("NAME=VALUE") and spider arguments."""
    arguments = {
        "name": "s",
        "url": shop.base_url,
        "delay": "0",
        "concurrency": "8",
        "allow_private_network": "1",
    } | arguments
    folder.mkdir(exist_ok=True)
    state, log = folder / "state.sqlite", folder / "log"
    command = [sys.executable, "-m", "scrapy", "crawl", "shop", "-a", f"state={state}"]
    for name, value in arguments.items():
        command += ["-a", f"{name}={value}"]
    for setting in settings:
        command += ["-s", setting]
    process = get_crawl_server().start(command, log, folder=ROOT)
    # 1: the crawl stopped early, see `fault`, or found no product.
    assert process.wait() in (0, FAULT_STATUS), log.read_text()
    snapshot = Snapshot(state)
    try:
        return _read_result(snapshot, folder / "out", process.peak_mib)
    finally:
        snapshot.close()


def _read_result(snapshot: Snapshot, out: Path, peak_mib: int) -> CrawlResult:
    export([snapshot], out)
    products = tables.read_table(out / "products.parquet", PRODUCTS).to_pylist()
    photos = [row for table in tables.read_shards(out / "photos", PHOTOS) for row in table.to_pylist()]
    failures = tables.read_table(out / "failures.parquet", FAILURES).to_pylist()
    return CrawlResult(
        products={row["product_id"].partition("/")[2]: row for row in products},
        photos={path_and_query(row["url"]): row["bytes"] for row in photos},
        failures={path_and_query(row["url"]): row["reason"] for row in failures},
        attempts={path_and_query(row["url"]): row["attempts"] for row in failures},
        fault=snapshot.stop_reason,
        peak_mib=peak_mib,
    )


def path_and_query(url: str) -> str:
    """Return the path of `url` with its query."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def render_json_ld(name: str, photos: list[str], **fields: object) -> str:
    """Return the JSON-LD script of a product page."""
    data = {"@type": "Product", "name": name, "sku": name.replace(" ", ""), "image": photos, **fields}
    return f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>'


def render_product_page(name: str, photos: list[str], body: str = "", **fields: object) -> str:
    """Return a product page with JSON-LD."""
    return f"<html><head>{render_json_ld(name, photos, **fields)}</head><body><h1>{name}</h1>{body}</body></html>"
