"""Crawl of the real catalogue server: 191 products in Magento's markup, with several photos and colours each."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_shop import make_crawl_settings

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import PHOTOS, PRODUCTS

SHOPS = Path(__file__).parents[3] / "shared" / "shops"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared,
    pytest.mark.skipif(not SHOPS.exists(), reason="no real catalogues: ../shared/shops is not beside the checkout"),
]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, int]]]:
    folder = tmp_path_factory.mktemp("luma")
    command = [sys.executable, str(SHOPS / "serve.py"), "luma", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            crawl_shops(make_crawl_settings(params.Shop(name="luma", url=url)), folder / "state", folder / "out")
            with urllib.request.urlopen(f"{url}/__stats__") as reply:
                request_counts = json.load(reply)
        finally:
            server.terminate()
    return folder / "out", request_counts


@pytest.fixture(scope="module")
def truth() -> dict[str, dict[str, Any]]:
    lines = (SHOPS / "luma" / "products.jsonl").read_text(encoding="utf-8").splitlines()
    return {f"luma/{record['sku']}": record for record in map(json.loads, lines)}


def test_every_product_has_the_categories_of_all_listings(crawled: Any, truth: dict[str, dict[str, Any]]) -> None:
    found = tables.read_table(crawled[0] / "products.parquet", PRODUCTS).to_pylist()
    assert len(found) == len(truth) == 191
    assert {row["product_id"]: row["categories"] for row in found} == {
        product_id: _drop_prefix_categories(record["categories"]) for product_id, record in truth.items()
    }


def test_every_photo_has_the_colour_of_its_page(crawled: Any, truth: dict[str, dict[str, Any]]) -> None:
    rows = [row for table in tables.read_shards(crawled[0] / "photos", PHOTOS) for row in table.to_pylist()]
    found = {(row["product_id"], row["url"].partition("/product/")[2]): row["colour"] for row in rows}
    for product_id, record in truth.items():
        for colour, views in record["colours"].items():
            assert {found[product_id, view.lstrip("/")] for view in views} == {colour}


def test_every_photo_of_a_page_is_downloaded(crawled: Any, truth: dict[str, dict[str, Any]]) -> None:
    rows = [row for table in tables.read_shards(crawled[0] / "photos", PHOTOS) for row in table.to_pylist()]
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["product_id"], set()).add(row["url"].partition("/product/")[2])
    assert found == {product_id: set(_list_page_photos(record)) for product_id, record in truth.items()}
    # The server has 715 photos; four photos of three products are on none of its pages and in no feed.
    assert len({url for urls in found.values() for url in urls}) == 711


def test_no_product_is_requested_twice_and_no_disallowed_url(crawled: Any) -> None:
    assert crawled[1]["pages"] == 191
    assert crawled[1].get("disallowed", 0) == 0


def _list_page_photos(record: dict[str, Any]) -> list[str]:
    """Return the photos on a product's page: all if it has no colours, or else the first and those of its colours."""
    of_colours = [view for views in record["colours"].values() for view in views]
    views = [*record["gallery"], *of_colours]
    return [view.lstrip("/") for view in (views[:1] + of_colours if of_colours else views)]


def _drop_prefix_categories(categories: list[str]) -> list[str]:
    """Return the paths as the crawler writes them: sorted, without paths that are prefixes of others."""
    trails = [category.replace("/", " > ") for category in categories]
    return sorted({trail for trail in trails if not any(other.startswith(f"{trail} > ") for other in trails)})
