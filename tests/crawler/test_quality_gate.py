"""Quality checks: each failed check is reported with the difference, and the state files are kept."""

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from local_shop import make_crawl_settings, run_local_shop
from state_files import BASE_URL, make_product, make_snapshot, save_item

from crawler.export.crawl_stats import CrawlStats, collect_crawl_stats
from crawler.export.export import export
from crawler.export.quality_gate import check_quality
from crawler.items import PAGE, FailedItem, PhotoItem, ProductItem
from crawler.run import crawl_shops
from crawler.storage.snapshot import Snapshot
from crawler.storage.store import Store
from weft import params, tables
from weft.contracts.product import PhotoLink
from weft.contracts.tables import PHOTOS
from weft.errors import ParamsError, ShopError


def make_crawl_stats(**counts: int) -> CrawlStats:
    """Return statistics of ten complete products with two photos each, changed by `counts`."""
    complete = {f"with_{field}": 10 for field in ("title", "description", "categories", "photos")}
    return CrawlStats(
        shop="shop",
        counts=Counter({"products": 10, "photos": 20, **complete, **counts}),
        placeholders=(),
        top_title=("Shirt", 2),
        failures=Counter({"photo: HTTP 404": 3, "page: timeout": 1}),
        requested={"page": 10, "photo": 20},
        skipped={},
        limit_reached="",
    )


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        ({"min_products": 12}, "products is 10, 2 below the 12 of min_products"),
        ({"min_field_coverage": {"description": 0.5}}, "0.4, 0.1 below the 0.5 of min_field_coverage.description"),
        ({"min_photos_per_product": 2.5}, "photos per product is 2, 0.5 below the 2.5 of min_photos_per_product"),
        ({"max_failure_rate": {"*": 0.1}}, "failed with 'HTTP 404' is 0.15, 0.05 above the 0.1 of max_failure_rate.*"),
        ({"max_failure_rate": {"HTTP 404": 0.05}}, "0.15, 0.1 above the 0.05 of max_failure_rate.HTTP 404"),
        ({"max_failure_rate": {"page: timeout": 0}}, "pages that failed with 'timeout' is 0.1, 0.1 above the 0"),
        (
            {"max_duplicate_title_share": 0.1, "block_page_threshold": 2},
            "the title 'Shirt' is 0.2, 0.1 above the 0.1 of max_duplicate_title_share",
        ),
    ],
)  # fmt: skip
def test_value_beyond_its_threshold_is_reported_with_the_difference(thresholds: dict[str, Any], message: str) -> None:
    with pytest.raises(ShopError) as error:
        check_quality([(make_crawl_stats(with_description=4), None)], params.QualityChecks(**thresholds))
    assert message in str(error.value)
    assert "shop: " in str(error.value)
    assert "The state files are kept" in str(error.value)


@pytest.mark.parametrize(
    "thresholds",
    [
        {"min_products": 10},
        {"min_field_coverage": {"title": 1.0, "description": 0.4}},
        {"max_failure_rate": {"*": 0.0, "photo: HTTP 404": 0.15, "timeout": 0.1}},
        {"max_duplicate_title_share": 0.1, "block_page_threshold": 3},
        {"max_change": 0.0},
        {},
    ],
)
def test_value_at_its_threshold_passes(thresholds: dict[str, Any]) -> None:
    check_quality([(make_crawl_stats(with_description=4), None)], params.QualityChecks(**thresholds))


def test_all_failed_checks_are_reported_together() -> None:
    with pytest.raises(ShopError, match=r"min_products; shop: photos per product"):
        check_quality([(make_crawl_stats(), None)], params.QualityChecks(min_products=11, min_photos_per_product=3.0))


@pytest.mark.parametrize(
    ("now", "message"),
    [
        ({"products": 4, "photos": 8}, "products since the last snapshot, 10 to 4, is 0.6, 0.1 above the 0.5"),
        ({"products": 16, "photos": 32}, "products since the last snapshot, 10 to 16, is 0.6, 0.1 above the 0.5"),
        ({"photos": 8}, "photos per product, 2 to 0.8, is 0.6, 0.1 above the 0.5"),
        ({"with_description": 3}, "drop of the share with description, 1 to 0.3, is 0.7, 0.2 above the 0.5"),
    ],
)
def test_change_since_the_last_snapshot_is_checked(now: dict[str, int], message: str) -> None:
    with pytest.raises(ShopError) as error:
        check_quality([(make_crawl_stats(**now), make_crawl_stats())], params.QualityChecks(max_change=0.5))
    assert message in str(error.value)


def test_unknown_field_in_min_field_coverage_is_rejected() -> None:
    with pytest.raises((ParamsError, ValueError), match=r"expected fields of products .* got colours"):
        params.QualityChecks(min_field_coverage={"colours": 0.5})


def test_photo_of_many_products_is_dropped_and_reported(tmp_path: Path) -> None:
    placeholder, own = PhotoLink(url=f"{BASE_URL}/none.jpg"), PhotoLink(url=f"{BASE_URL}/own.jpg")
    products = [make_product(n, photos=(placeholder,)) for n in range(2)]
    crawl = make_snapshot(tmp_path / "s.sqlite", *products, make_product(3, photos=(placeholder, own)))
    export([crawl], tmp_path / "out", params.QualityChecks(placeholder_min_products=3))
    photos = [row for table in tables.read_shards(tmp_path / "out" / "photos", PHOTOS) for row in table.to_pylist()]
    assert [(row["product_id"], row["position"]) for row in photos] == [("shop/3", 1)]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["photos"], report["photos_placeholder"], report["photos_failed"]) == (1, 3, 0)
    (placeholders,) = report["shops"]["shop"]["placeholders"]
    assert (placeholders["products"], placeholders["url"]) == (3, placeholder.url)


def test_photo_of_fewer_products_is_kept(tmp_path: Path) -> None:
    shared = (PhotoLink(url=f"{BASE_URL}/same.jpg"), PhotoLink(url=f"{BASE_URL}/same.jpg?twice"))
    crawl = make_snapshot(tmp_path / "s.sqlite", make_product(1, photos=shared), make_product(2, photos=shared))
    assert collect_crawl_stats(crawl, 3).placeholders == ()
    assert collect_crawl_stats(crawl, 0).placeholders == ()


def test_coverage_counts_the_products_with_a_field(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.add_urls(PAGE, [f"{BASE_URL}/p/{n}" for n in range(4)])
    save_item(store, PAGE, FailedItem, reason="HTTP 404", attempts=1)
    for n, (row, _) in enumerate(store.select_todo(PAGE, 9, ())):
        store.save(ProductItem(row=row, product=make_product(n, title="shirt" if n else "Shirt", description="d" * n)))
    store.close()
    numbers = collect_crawl_stats(Snapshot(tmp_path / "s.sqlite"), 10)
    assert (numbers.coverage("title"), numbers.coverage("description"), numbers.coverage("photos")) == (
        1.0,
        0.6667,
        0.0,
    )
    assert numbers.top_title[1] == 3
    assert numbers.requested == {"page": 4, "photo": 0}
    assert numbers.failures == {"page: HTTP 404": 1}


def test_crawl_that_fails_a_check_passes_with_a_lower_threshold_without_requests(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_sitemap([shop.add_product(n, photos=1) for n in range(3)])
        url = params.Shop(name="shop", url=shop.base_url)
        strict = dataclasses.replace(make_crawl_settings(url), quality_checks=params.QualityChecks(min_products=4))
        with pytest.raises(ShopError, match=r"products is 3, 1 below the 4 of min_products"):
            crawl_shops(strict, tmp_path / "state", tmp_path / "out")
        assert not (tmp_path / "out" / "products.parquet").exists()
        shop.request_counts.clear()
        crawl_shops(make_crawl_settings(url), tmp_path / "state", tmp_path / "out")
        assert not shop.request_counts
    assert json.loads((tmp_path / "out" / "report.json").read_text())["products"] == 3


def test_placeholder_is_identified_by_its_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    for n in range(3):
        store.add_urls(PAGE, [f"{BASE_URL}/p/{n}"])
        save_item(store, PAGE, ProductItem, product=make_product(n, photos=(PhotoLink(url=f"{BASE_URL}/{n}.jpg"),)))
        save_item(store, "photo", PhotoItem, body=b"no picture yet")
    store.close()
    assert [p.products for p in collect_crawl_stats(Snapshot(tmp_path / "s.sqlite"), 3).placeholders] == [3]
