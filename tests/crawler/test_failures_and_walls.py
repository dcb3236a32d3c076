"""What failed can be asked again alone; a wall before the shop stops it, and nothing of the wall is kept."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_shop import open_shop, settings
from made_crawl import BASE, product, settle

import crawler
from crawler import arguments
from crawler.outcomes import PAGE, PHOTO, Failed, ListingRead, PhotoRead, ProductRead
from crawler.run import crawl_shops
from crawler.snapshot import Snapshot
from crawler.states import state_path
from crawler.store import Store
from crawler.wall import Wall, mark_of
from weft import params, tables
from weft.contracts.product import PhotoLink
from weft.contracts.tables import FAILURES, PHOTOS, PRODUCTS
from weft.errors import ShopError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "s.sqlite")
    yield store
    store.close()


def test_retry_failed_takes_only_what_failed(tmp_path: Path) -> None:
    with open_shop() as shop:
        shop.sitemap([shop.product(n, photos=1) for n in range(3)])
        lost = shop.answers.pop("/media/1-0.jpg")
        url = params.Shop(name="shop", url=shop.base)
        crawl_shops(settings(url), tmp_path / "state", tmp_path / "out")
        (row,) = tables.read(tmp_path / "out" / "failures.parquet", FAILURES).to_pylist()
        assert (row["url"], row["reason"], row["tries"]) == (f"{shop.base}/media/1-0.jpg", "HTTP 404", 1)
        shop.answers["/media/1-0.jpg"] = lost
        shop.asked.clear()
        (state,) = (tmp_path / "state").glob("*.sqlite")
        _scrapy(name="shop", url=shop.base, state=state, retry_failed=1, allow_private=1)
        assert set(shop.asked) == {"/robots.txt", "/media/1-0.jpg"}
        crawl_shops(settings(url), tmp_path / "state", tmp_path / "out")
    assert tables.read(tmp_path / "out" / "failures.parquet", FAILURES).num_rows == 0
    assert sum(table.num_rows for table in tables.read_shards(tmp_path / "out" / "photos", PHOTOS)) == 3


def test_retry_failed_leaves_what_was_never_asked_to_the_next_run(store: Store) -> None:
    store.plant(PAGE, [f"{BASE}/a", f"{BASE}/b"])
    settle(store, PAGE, Failed, reason="timeout", tries=2)
    ((waiting, _),) = store.todo(PAGE, 9, ())
    assert store.retry_failed() == 1
    ((failed, _),) = store.todo(PAGE, 9, ())
    assert failed != waiting
    store.keep(Failed(row=failed, reason="timeout", tries=1))
    store.finish()
    assert [row for row, _ in store.todo(PAGE, 9, ())] == [waiting]
    assert store.about("complete") != "yes"
    (failure,) = Snapshot(store.path).failures()
    assert failure.tries == 3


def test_by_hand_a_crawl_works_on_the_state_of_the_pipeline() -> None:
    shop = params.Shop(name="shop", url="https://shop.example/", max_products=5, strategy="sitemap", allow_private=True)
    given = {"max_products": "5", "strategy": "sitemap", "snapshot": "3"}
    by_hand = arguments.wanted("shop", "https://shop.example/", "", given)
    job = state_path(arguments.BY_HAND, shop.name, shop.url, shop.max_products, 3, *arguments.further_key(shop))
    assert by_hand.state == job


def test_a_photo_whose_file_was_lost_is_asked_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.plant(PAGE, [f"{BASE}/p/1"])
    settle(store, PAGE, ProductRead, product=product(1, photos=(PhotoLink(url=f"{BASE}/1.jpg"),)))
    settle(store, PHOTO, PhotoRead, body=b"bytes")
    store.close()
    (file,) = [file for file in (tmp_path / "photos").rglob("*") if file.is_file()]
    file.unlink()
    store = Store(tmp_path / "s.sqlite")
    assert [url for _, url in store.todo(PHOTO, 9, ())] == [f"{BASE}/1.jpg"]
    store.close()


def test_a_wall_stops_the_shop_and_the_next_run_reads_what_was_behind_it(tmp_path: Path) -> None:
    wall = "<html><title>Just a moment...</title><h1>Just a moment...</h1></html>"
    with open_shop() as shop:
        paths = [shop.product(n, photos=0) for n in range(60)]
        shop.sitemap(paths)
        behind = {path: shop.answers[path] for path in paths[:45]}
        for path in behind:
            shop.page(path, wall)
        wanted = settings(params.Shop(name="shop", url=shop.base))
        with pytest.raises(ShopError, match=r"'Just a moment\.\.\.': a wall or a bot check"):
            crawl_shops(wanted, tmp_path / "state", tmp_path / "out")
        assert sum(shop.asked[path] for path in paths) < len(paths)
        shop.answers.update(behind)
        crawl_shops(wanted, tmp_path / "state", tmp_path / "out")
    assert tables.read(tmp_path / "out" / "products.parquet", PRODUCTS).num_rows == 60


@pytest.mark.parametrize(("alike", "hit"), [(3, False), (4, True)])
def test_a_wall_is_half_of_the_pages_read_last(alike: int, hit: bool) -> None:
    wall = Wall(4)
    marks = ["same"] * alike + [f"other {n}" for n in range(8 - alike)]
    assert any(wall.is_hit(mark, f"/{n}") for n, mark in enumerate(marks)) is hit


def test_one_page_at_many_addresses_and_one_listing_page_by_page_are_no_wall() -> None:
    wall = Wall(2)
    assert not any(wall.is_hit("product: shirt", "shop/1") for _ in range(9))
    assert not any(wall.is_hit("page: shirts", "/c/shirts") for _ in range(9))
    assert not any(Wall(0).is_hit("same", f"/{n}") for n in range(9))


def test_pages_that_lead_elsewhere_do_not_look_alike() -> None:
    def listing(*targets: str) -> ListingRead:
        found: Any = [_Link(target) for target in targets]
        return ListingRead(row=1, url=f"{BASE}/c", trail="", label="Shirts", links=tuple(found))

    assert mark_of(listing("/p/1")) != mark_of(listing("/p/2"))
    assert mark_of(listing("/p/1", "/p/2")) == mark_of(listing("/p/2", "/p/1?src=x"))
    assert mark_of(ProductRead(row=1, product=product(1, title=" A  Shirt"))) == "product: a shirt"


class _Link:
    def __init__(self, target: str) -> None:
        self.url = f"{BASE}{target}"


def _scrapy(**arguments: object) -> None:
    command = [sys.executable, "-m", "scrapy", "crawl", "shop"]
    for name, value in arguments.items():
        command += ["-a", f"{name}={value}"]
    root = Path(crawler.__file__).parent.parent
    subprocess.run(command, cwd=root, check=True, capture_output=True)


def test_pages_of_a_wall_are_taken_back(store: Store) -> None:
    store.plant(PAGE, [f"{BASE}/{n}" for n in range(3)])
    for n, (row, url) in enumerate(store.todo(PAGE, 9, ())):
        store.keep(ProductRead(row=row, product=product(n, url=url)), "wall" if n else "shirt")
    assert store.products == 3
    assert store.unread("wall") == 2
    assert (store.products, len(store.todo(PAGE, 9, ()))) == (1, 2)
