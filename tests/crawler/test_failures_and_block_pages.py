"""Failed URLs can be retried alone; block pages stop the crawl and are discarded."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from crawl_server import get_crawl_server
from local_shop import make_crawl_settings, run_local_shop
from state_files import BASE_URL, make_product, save_item

import crawler
from crawler import spider_args
from crawler.block_detection import BlockPageDetector, page_signature
from crawler.items import PAGE, PHOTO, FailedItem, ListingItem, PhotoItem, ProductItem
from crawler.run import crawl_shops
from crawler.storage.snapshot import Snapshot
from crawler.storage.state_file import state_path
from crawler.storage.store import Store
from weft import params, tables
from weft.contracts.product import PhotoLink
from weft.contracts.tables import FAILURES, PHOTOS, PRODUCTS
from weft.errors import ShopError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "s.sqlite")
    yield store
    store.close()


def test_retry_failed_requests_only_failed_urls(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_sitemap([shop.add_product(n, photos=1) for n in range(3)])
        lost = shop.responses.pop("/media/1-0.jpg")
        url = params.Shop(name="shop", url=shop.base_url)
        crawl_shops(make_crawl_settings(url), tmp_path / "state", tmp_path / "out")
        (row,) = tables.read_table(tmp_path / "out" / "failures.parquet", FAILURES).to_pylist()
        assert (row["url"], row["reason"], row["attempts"]) == (f"{shop.base_url}/media/1-0.jpg", "HTTP 404", 1)
        shop.responses["/media/1-0.jpg"] = lost
        shop.request_counts.clear()
        (state,) = (tmp_path / "state").glob("*.sqlite")
        _run_scrapy(state.with_suffix(".log"), name="shop", url=shop.base_url, state=state, retry_failed=1,
                    allow_private_network=1)  # fmt: skip
        assert set(shop.request_counts) == {"/robots.txt", "/media/1-0.jpg"}
        crawl_shops(make_crawl_settings(url), tmp_path / "state", tmp_path / "out")
    assert tables.read_table(tmp_path / "out" / "failures.parquet", FAILURES).num_rows == 0
    assert sum(table.num_rows for table in tables.read_shards(tmp_path / "out" / "photos", PHOTOS)) == 3


def test_retry_failed_postpones_other_urls_to_the_next_run(store: Store) -> None:
    store.add_urls(PAGE, [f"{BASE_URL}/a", f"{BASE_URL}/b"])
    save_item(store, PAGE, FailedItem, reason="timeout", attempts=2)
    ((waiting, _),) = store.select_todo(PAGE, 9, ())
    assert store.retry_failed() == 1
    ((failed, _),) = store.select_todo(PAGE, 9, ())
    assert failed != waiting
    store.save(FailedItem(row=failed, reason="timeout", attempts=1))
    store.finish()
    assert [row for row, _ in store.select_todo(PAGE, 9, ())] == [waiting]
    assert store.get_meta("complete") != "yes"
    (failure,) = Snapshot(store.path).failures()
    assert failure.attempts == 3


def test_scrapy_command_uses_the_state_file_of_the_pipeline() -> None:
    shop = params.Shop(
        name="shop", url="https://shop.example/", max_products=5, strategy="sitemap", allow_private_network=True
    )
    given = {"max_products": "5", "strategy": "sitemap", "snapshot": "3"}
    by_hand = spider_args.parse_spider_args("shop", "https://shop.example/", "", given)
    job = state_path(spider_args.DEFAULT_STATE_DIR, shop.name, shop.url, 3, *spider_args.state_key(shop))
    assert by_hand.state == job


def test_only_what_changes_the_products_that_are_found_selects_another_state_file() -> None:
    shop = params.Shop(name="shop", url="https://shop.example/")
    same = [replace(shop, language="de"), replace(shop, max_products=5), replace(shop, delay=2.0)]
    assert [spider_args.state_key(other) for other in same] == [spider_args.state_key(shop)] * 3
    assert spider_args.state_key(replace(shop, strategy="feed")) != spider_args.state_key(shop)


def test_photo_with_a_missing_file_is_requested_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.add_urls(PAGE, [f"{BASE_URL}/p/1"])
    save_item(store, PAGE, ProductItem, product=make_product(1, photos=(PhotoLink(url=f"{BASE_URL}/1.jpg"),)))
    save_item(store, PHOTO, PhotoItem, body=b"bytes")
    store.close()
    (file,) = [file for file in (tmp_path / "photos").rglob("*") if file.is_file()]
    file.unlink()
    store = Store(tmp_path / "s.sqlite")
    assert [url for _, url in store.select_todo(PHOTO, 9, ())] == [f"{BASE_URL}/1.jpg"]
    store.close()


def test_block_page_stops_the_crawl_and_the_next_run_reads_the_pages(tmp_path: Path) -> None:
    wall = "<html><title>Just a moment...</title><h1>Just a moment...</h1></html>"
    with run_local_shop() as shop:
        paths = [shop.add_product(n, photos=0) for n in range(60)]
        shop.add_sitemap(paths)
        behind = {path: shop.responses[path] for path in paths[:45]}
        for path in behind:
            shop.add_page(path, wall)
        crawl_settings = make_crawl_settings(params.Shop(name="shop", url=shop.base_url))
        with pytest.raises(ShopError, match=r"'Just a moment\.\.\.': probably a bot check"):
            crawl_shops(crawl_settings, tmp_path / "state", tmp_path / "out")
        assert sum(shop.request_counts[path] for path in paths) < len(paths)
        shop.responses.update(behind)
        crawl_shops(crawl_settings, tmp_path / "state", tmp_path / "out")
    assert tables.read_table(tmp_path / "out" / "products.parquet", PRODUCTS).num_rows == 60


@pytest.mark.parametrize(("n_equal_pages", "hit"), [(3, False), (4, True)])
def test_half_of_the_latest_pages_being_similar_is_a_block_page(n_equal_pages: int, hit: bool) -> None:
    wall = BlockPageDetector(4)
    marks = ["same"] * n_equal_pages + [f"other {n}" for n in range(8 - n_equal_pages)]
    assert any(wall.is_blocked(mark, f"/{n}") for n, mark in enumerate(marks)) is hit


def test_same_page_at_many_urls_and_pagination_are_not_block_pages() -> None:
    wall = BlockPageDetector(2)
    assert not any(wall.is_blocked("product: shirt", "shop/1") for _ in range(9))
    assert not any(wall.is_blocked("page: shirts", "/c/shirts") for _ in range(9))
    assert not any(BlockPageDetector(0).is_blocked("same", f"/{n}") for n in range(9))


def test_pages_with_different_links_have_different_signatures() -> None:
    def listing(*targets: str) -> ListingItem:
        found: Any = [_FakeLink(target) for target in targets]
        return ListingItem(row=1, url=f"{BASE_URL}/c", breadcrumb="", page_title="Shirts", links=tuple(found))

    assert page_signature(listing("/p/1")) != page_signature(listing("/p/2"))
    assert page_signature(listing("/p/1", "/p/2")) == page_signature(listing("/p/2", "/p/1?src=x"))
    assert page_signature(ProductItem(row=1, product=make_product(1, title=" A  Shirt"))) == "product: a shirt"


class _FakeLink:
    def __init__(self, target: str) -> None:
        self.url = f"{BASE_URL}{target}"


def _run_scrapy(log: Path, **arguments: object) -> None:
    command = [sys.executable, "-m", "scrapy", "crawl", "shop"]
    for name, value in arguments.items():
        command += ["-a", f"{name}={value}"]
    assert get_crawl_server().start(command, log, folder=Path(crawler.__file__).parents[1]).wait() == 0


def test_block_pages_are_discarded(store: Store) -> None:
    store.add_urls(PAGE, [f"{BASE_URL}/{n}" for n in range(3)])
    for n, (row, url) in enumerate(store.select_todo(PAGE, 9, ())):
        store.save(ProductItem(row=row, product=make_product(n, url=url)), "wall" if n else "shirt")
    assert store.product_count == 3
    assert store.revert_pages("wall") == 2
    assert (store.product_count, len(store.select_todo(PAGE, 9, ()))) == (1, 2)
