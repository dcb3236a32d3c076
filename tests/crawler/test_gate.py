"""The gate: each number beyond its threshold is named with by how much; the crawl is kept."""

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from local_shop import open_shop, settings
from made_crawl import BASE, crawled, product, settle

from crawler.export import export
from crawler.gate import check
from crawler.outcomes import PAGE, Failed, PhotoRead, ProductRead
from crawler.run import crawl_shops
from crawler.snapshot import Snapshot
from crawler.store import Store
from crawler.survey import Survey, survey
from weft import params, tables
from weft.contracts.product import PhotoLink
from weft.contracts.tables import PHOTOS
from weft.errors import ParamsError, ShopError


def found(**counts: int) -> Survey:
    """Ten products that have everything, two photos each, but for what `counts` says."""
    whole = {f"with_{field}": 10 for field in ("title", "description", "categories", "photos")}
    return Survey(
        shop="shop",
        counts=Counter({"products": 10, "photos": 20, **whole, **counts}),
        placeholders=(),
        same_title=("Shirt", 2),
        failures=Counter({"photo: HTTP 404": 3, "page: timeout": 1}),
        asked={"page": 10, "photo": 20},
        cut={},
        limit_reached="",
    )


@pytest.mark.parametrize(
    ("thresholds", "said"),
    [
        ({"min_products": 12}, "products is 10, 2 below the 12 of min_products"),
        ({"min_share": {"description": 0.5}}, "with description is 0.4, 0.1 below the 0.5 of min_share.description"),
        ({"min_photos_per_product": 2.5}, "photos per product is 2, 0.5 below the 2.5 of min_photos_per_product"),
        ({"max_failures": {"*": 0.1}}, "that failed with 'HTTP 404' is 0.15, 0.05 above the 0.1 of max_failures.*"),
        ({"max_failures": {"HTTP 404": 0.05}}, "0.15, 0.1 above the 0.05 of max_failures.HTTP 404"),
        ({"max_failures": {"page: timeout": 0}}, "pages that failed with 'timeout' is 0.1, 0.1 above the 0"),
        ({"max_same_title": 0.1, "wall_pages": 2}, "the title 'Shirt' is 0.2, 0.1 above the 0.1 of max_same_title"),
    ],
)  # fmt: skip
def test_a_number_beyond_its_threshold_is_named_with_by_how_much(thresholds: dict[str, Any], said: str) -> None:
    with pytest.raises(ShopError) as error:
        check([(found(with_description=4), None)], params.Gate(**thresholds))
    assert said in str(error.value)
    assert "shop: " in str(error.value)
    assert "The crawl is kept" in str(error.value)


@pytest.mark.parametrize(
    "thresholds",
    [
        {"min_products": 10},
        {"min_share": {"title": 1.0, "description": 0.4}},
        {"max_failures": {"*": 0.0, "photo: HTTP 404": 0.15, "timeout": 0.1}},
        {"max_same_title": 0.1, "wall_pages": 3},
        {"max_drift": 0.0},
        {},
    ],
)
def test_a_number_at_its_threshold_passes(thresholds: dict[str, Any]) -> None:
    check([(found(with_description=4), None)], params.Gate(**thresholds))


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ShopError, match=r"min_products; shop: photos per product"):
        check([(found(), None)], params.Gate(min_products=11, min_photos_per_product=3.0))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"products": 4, "photos": 8}, "products since the last snapshot, 10 to 4, is 0.6, 0.1 above the 0.5"),
        ({"products": 16, "photos": 32}, "products since the last snapshot, 10 to 16, is 0.6, 0.1 above the 0.5"),
        ({"photos": 8}, "photos per product, 2 to 0.8, is 0.6, 0.1 above the 0.5"),
        ({"with_description": 3}, "fall of the share with description, 1 to 0.3, is 0.7, 0.2 above the 0.5"),
    ],
)
def test_drift_from_the_last_snapshot_is_measured(now: dict[str, int], said: str) -> None:
    with pytest.raises(ShopError) as error:
        check([(found(**now), found())], params.Gate(max_drift=0.5))
    assert said in str(error.value)


def test_a_field_that_products_have_not_is_refused() -> None:
    with pytest.raises((ParamsError, ValueError), match="colours: wanted fields of products"):
        params.Gate(min_share={"colours": 0.5})


def test_a_photo_of_many_products_is_dropped_and_said(tmp_path: Path) -> None:
    placeholder, own = PhotoLink(url=f"{BASE}/none.jpg"), PhotoLink(url=f"{BASE}/own.jpg")
    products = [product(n, photos=(placeholder,)) for n in range(2)]
    crawl = crawled(tmp_path / "s.sqlite", *products, product(3, photos=(placeholder, own)))
    export([crawl], tmp_path / "out", params.Gate(placeholder_products=3))
    photos = [row for table in tables.read_shards(tmp_path / "out" / "photos", PHOTOS) for row in table.to_pylist()]
    assert [(row["product_id"], row["position"]) for row in photos] == [("shop/3", 1)]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["photos"], report["photos_placeholder"], report["photos_missing"]) == (1, 3, 0)
    (said,) = report["shops"]["shop"]["placeholders"]
    assert (said["products"], said["url"]) == (3, placeholder.url)


def test_a_photo_of_fewer_products_stays(tmp_path: Path) -> None:
    shared = (PhotoLink(url=f"{BASE}/same.jpg"), PhotoLink(url=f"{BASE}/same.jpg?twice"))
    crawl = crawled(tmp_path / "s.sqlite", product(1, photos=shared), product(2, photos=shared))
    assert survey(crawl, 3).placeholders == ()
    assert survey(crawl, 0).placeholders == ()


def test_shares_count_what_each_product_has(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.plant(PAGE, [f"{BASE}/p/{n}" for n in range(4)])
    settle(store, PAGE, Failed, reason="HTTP 404", tries=1)
    for n, (row, _) in enumerate(store.todo(PAGE, 9, ())):
        store.keep(ProductRead(row=row, product=product(n, title="shirt" if n else "Shirt", description="d" * n)))
    store.close()
    numbers = survey(Snapshot(tmp_path / "s.sqlite"), 10)
    assert (numbers.share("title"), numbers.share("description"), numbers.share("photos")) == (1.0, 0.6667, 0.0)
    assert numbers.same_title[1] == 3
    assert numbers.asked == {"page": 4, "photo": 0}
    assert numbers.failures == {"page: HTTP 404": 1}


def test_a_crawl_that_fails_the_gate_is_kept_and_passes_a_looser_one_unasked(tmp_path: Path) -> None:
    with open_shop() as shop:
        shop.sitemap([shop.product(n, photos=1) for n in range(3)])
        url = params.Shop(name="shop", url=shop.base)
        strict = dataclasses.replace(settings(url), gate=params.Gate(min_products=4))
        with pytest.raises(ShopError, match=r"products is 3, 1 below the 4 of min_products"):
            crawl_shops(strict, tmp_path / "state", tmp_path / "out")
        assert not (tmp_path / "out" / "products.parquet").exists()
        shop.asked.clear()
        crawl_shops(settings(url), tmp_path / "state", tmp_path / "out")
        assert not shop.asked
    assert json.loads((tmp_path / "out" / "report.json").read_text())["products"] == 3


def test_a_placeholder_is_one_by_its_bytes_whatever_its_addresses(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    for n in range(3):
        store.plant(PAGE, [f"{BASE}/p/{n}"])
        settle(store, PAGE, ProductRead, product=product(n, photos=(PhotoLink(url=f"{BASE}/{n}.jpg"),)))
        settle(store, "photo", PhotoRead, body=b"no picture yet")
    store.close()
    assert [p.products for p in survey(Snapshot(tmp_path / "s.sqlite"), 3).placeholders] == [3]
