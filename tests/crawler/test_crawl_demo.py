"""Crawls of the built-in shops with three kinds of markup."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from local_shop import make_crawl_settings

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import PHOTOS, PRODUCTS
from weft.demo.catalogue import DemoProduct, generate_products
from weft.demo.server import run_demo_shops
from weft.demo.text_generation import generate_text

pytestmark = pytest.mark.slow

COUNT = 12
MARKUPS = ("jsonld", "microdata", "opengraph")


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, int]]]:
    folder = tmp_path_factory.mktemp("demo")
    shops = (params.Shop(name=f"demo-{markup}", url=f"demo:{markup}") for markup in MARKUPS)
    with run_demo_shops(MARKUPS, COUNT, 1) as bases:
        served_at = {f"demo:{markup}": base for markup, base in bases.items()}
        crawl_shops(make_crawl_settings(*shops), folder / "state", folder / "out", served_at)
        stats = {}
        for markup, base in bases.items():
            with urllib.request.urlopen(f"{base}__stats__") as reply:
                stats[markup] = json.load(reply)
    return folder / "out", stats


@pytest.fixture(scope="module")
def truth() -> dict[str, DemoProduct]:
    return {product.sku: product for product in generate_products(1, COUNT)}


def read_products_by_sku(out: Path) -> dict[str, dict[str, Any]]:
    rows = tables.read_table(out / "products.parquet", PRODUCTS).to_pylist()
    return {row["product_id"].partition("/")[2]: row for row in rows}


def test_every_product_has_its_title(crawled: Any, truth: dict[str, DemoProduct]) -> None:
    assert {sku: row["title"] for sku, row in read_products_by_sku(crawled[0]).items()} == {
        sku: generate_text(product).title for sku, product in truth.items()
    }


def test_every_photo_is_downloaded(crawled: Any, truth: dict[str, DemoProduct]) -> None:
    rows = [row for table in tables.read_shards(crawled[0] / "photos", PHOTOS) for row in table.to_pylist()]
    found = {(row["product_id"].partition("/")[2], row["position"]) for row in rows}
    assert found == {(sku, n) for sku, product in truth.items() for n in range(len(product.views))}


def test_brands_and_all_categories_are_extracted(crawled: Any, truth: dict[str, DemoProduct]) -> None:
    for sku, row in read_products_by_sku(crawled[0]).items():
        assert row["brand"] == truth[sku].brand
        assert row["categories"] == sorted(" > ".join(trail) for trail in generate_text(truth[sku]).category_paths)


def test_product_with_several_urls_is_requested_once(crawled: Any) -> None:
    assert {markup: stats["product"] for markup, stats in crawled[1].items()} == dict.fromkeys(MARKUPS, COUNT // 3)


def test_disallowed_urls_are_never_requested(crawled: Any) -> None:
    assert not [kind for stats in crawled[1].values() for kind in stats if "forbidden" in kind or "disallowed" in kind]
