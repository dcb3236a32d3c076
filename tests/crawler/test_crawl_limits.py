"""Limits on pages, photos, bytes and minutes; the limit on products is in test_crawl_shop.py."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from local_shop import LocalShop, make_crawl_settings, run_local_shop

from crawler.extensions.limits import Limits
from crawler.items import FEED, PAGE, PHOTO, SITEMAP
from crawler.run import crawl_shops
from crawler.spider_args import parse_spider_args
from crawler.storage.store import Store
from weft import params
from weft.errors import ShopError

PRODUCTS = 9


def run_crawl(shop: LocalShop, folder: Path, **limits: Any) -> dict[str, Any]:
    """Crawl and return the shop's section of the report."""
    shop.add_sitemap([shop.add_product(n, photos=1) for n in range(PRODUCTS)])
    shop_settings = params.Shop(
        name="test", url=shop.base_url, strategy="sitemap", allow_private_network=True, **limits
    )
    crawl_shops(make_crawl_settings(shop_settings), folder / "state", folder / "out")
    report: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text())["shops"]["test"]
    return report


@pytest.mark.parametrize(
    ("limit", "products", "photos"),
    [({"max_pages": 4}, 4, 4), ({"max_photos": 3}, PRODUCTS, 3), ({}, PRODUCTS, PRODUCTS)],
    ids=["pages", "photos", "none"],
)
def test_requests_do_not_exceed_the_limit(limit: dict[str, int], products: int, photos: int, tmp_path: Path) -> None:
    with run_local_shop() as shop:
        found = run_crawl(shop, tmp_path, **limit)
        assert sum(path.startswith("/p/") for path in shop.request_counts) == products
        assert sum(path.startswith("/media/") for path in shop.request_counts) == photos
    assert (found["products"], found["photos"], found["limit_reached"]) == (products, photos, next(iter(limit), ""))


def test_crawl_stops_soon_after_the_limit_on_bytes(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        found = run_crawl(shop, tmp_path, max_bytes=1_500)
        sent = sum(
            len(shop.responses[path].body) * count
            for path, count in shop.request_counts.items()
            if path in shop.responses
        )
    # Four requests may be in flight when the limit is reached.
    assert 1_500 <= sent < 1_500 + 5 * 500
    assert found["limit_reached"] == "max_bytes"
    assert 0 < found["products"] < PRODUCTS


def test_crawl_stops_at_the_limit_on_minutes(tmp_path: Path) -> None:
    with run_local_shop() as shop, pytest.raises(ShopError, match="no product found"):
        run_crawl(shop, tmp_path, max_minutes=1e-6)


def make_limits(folder: Path, **arguments: str) -> tuple[Limits, Store]:
    shop = parse_spider_args("test", "http://shop.example/", str(folder / "s.sqlite"), dict(arguments))
    store = Store(shop.state)
    return Limits(shop.shop, store), store


def test_usage_of_one_run_counts_in_the_next(tmp_path: Path) -> None:
    first, store = make_limits(tmp_path, max_pages="2", max_photos="2", max_bytes="100")
    first.count_request(PAGE)
    first.count_request(PHOTO)
    first.count_bytes(99)
    first.save()
    store.close()
    second, store = make_limits(tmp_path, max_pages="2", max_photos="2", max_bytes="100")
    assert second.has_room(PAGE)
    second.count_request(FEED)
    assert [kind for kind in (FEED, SITEMAP, PHOTO, PAGE) if second.has_room(kind)] == [SITEMAP, PHOTO]
    assert second.limit_reached == "max_pages"
    second.count_bytes(1)
    assert not second.has_room(SITEMAP)
    store.close()


def test_clock_counts_elapsed_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    clocked, store = make_limits(tmp_path, max_minutes="2")
    now += 119
    clocked.update_clock()
    assert clocked.has_room(PAGE)
    now += 1
    clocked.update_clock()
    assert not clocked.has_room(PAGE)
    store.close()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_pages": "-1"}, "max_pages"),
        ({"max_minutes": "soon"}, "max_minutes"),
        ({"strategy": "magic"}, "strategy"),
        ({"pages": "3"}, "Known arguments: .*max_pages"),
    ],
)
def test_invalid_argument_raises_shop_error(given: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ShopError, match=message):
        parse_spider_args("test", "http://shop.example/", str(tmp_path / "s.sqlite"), given)
