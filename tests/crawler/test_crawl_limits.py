"""Limits on pages, photos, bytes and minutes of one shop; the one on products is in test_crawl_shop.py."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from local_shop import Shop, open_shop, settings

from crawler.arguments import wanted
from crawler.limits import Limits
from crawler.outcomes import FEED, PAGE, PHOTO, SITEMAP
from crawler.run import crawl_shops
from crawler.store import Store
from weft import params
from weft.errors import ShopError

PRODUCTS = 9


def crawl(shop: Shop, folder: Path, **limits: Any) -> dict[str, Any]:
    """The shop's part of the report."""
    shop.sitemap([shop.product(n, photos=1) for n in range(PRODUCTS)])
    named = params.Shop(name="test", url=shop.base, strategy="sitemap", allow_private=True, **limits)
    crawl_shops(settings(named), folder / "state", folder / "out")
    found: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text())["shops"]["test"]
    return found


@pytest.mark.parametrize(
    ("limit", "products", "photos"),
    [({"max_pages": 4}, 4, 4), ({"max_photos": 3}, PRODUCTS, 3), ({}, PRODUCTS, PRODUCTS)],
    ids=["pages", "photos", "none"],
)
def test_no_more_is_asked_than_the_limit_says(
    limit: dict[str, int], products: int, photos: int, tmp_path: Path
) -> None:
    with open_shop() as shop:
        found = crawl(shop, tmp_path, **limit)
        assert sum(path.startswith("/p/") for path in shop.asked) == products
        assert sum(path.startswith("/media/") for path in shop.asked) == photos
    assert (found["products"], found["photos"], found["limit_reached"]) == (products, photos, next(iter(limit), ""))


def test_bytes_end_a_crawl_soon_after_their_limit(tmp_path: Path) -> None:
    with open_shop() as shop:
        found = crawl(shop, tmp_path, max_bytes=1_500)
        sent = sum(len(shop.answers[path].body) * count for path, count in shop.asked.items() if path in shop.answers)
    # Four requests may be under way as it is reached.
    assert 1_500 <= sent < 1_500 + 5 * 500
    assert found["limit_reached"] == "max_bytes"
    assert 0 < found["products"] < PRODUCTS


def test_minutes_end_a_crawl(tmp_path: Path) -> None:
    with open_shop() as shop, pytest.raises(ShopError, match="no product found"):
        crawl(shop, tmp_path, max_minutes=1e-6)


def limits(folder: Path, **given: str) -> tuple[Limits, Store]:
    shop = wanted("test", "http://shop.example/", str(folder / "s.sqlite"), dict(given))
    store = Store(shop.state)
    return Limits(shop.shop, store), store


def test_what_one_run_used_counts_in_the_next(tmp_path: Path) -> None:
    first, store = limits(tmp_path, max_pages="2", max_photos="2", max_bytes="100")
    first.asked(PAGE)
    first.asked(PHOTO)
    first.received(99)
    first.note()
    store.close()
    second, store = limits(tmp_path, max_pages="2", max_photos="2", max_bytes="100")
    assert second.has_room(PAGE)
    second.asked(FEED)
    assert [kind for kind in (FEED, SITEMAP, PHOTO, PAGE) if second.has_room(kind)] == [SITEMAP, PHOTO]
    assert second.reached == "max_pages"
    second.received(1)
    assert not second.has_room(SITEMAP)
    store.close()


def test_time_counts_as_it_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    clocked, store = limits(tmp_path, max_minutes="2")
    now += 119
    clocked.tick()
    assert clocked.has_room(PAGE)
    now += 1
    clocked.tick()
    assert not clocked.has_room(PAGE)
    store.close()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"max_pages": "-1"}, "max_pages"),
        ({"max_minutes": "soon"}, "max_minutes"),
        ({"strategy": "magic"}, "strategy"),
        ({"pages": "3"}, "Known: .*max_pages"),
    ],
)
def test_an_impossible_argument_is_refused(given: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(ShopError, match=said):
        wanted("test", "http://shop.example/", str(tmp_path / "s.sqlite"), given)
