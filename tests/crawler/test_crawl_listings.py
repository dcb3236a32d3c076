"""Listings complement sitemaps: they add categories, and products that sitemaps lack."""

from pathlib import Path
from typing import Any

import pytest
from local_shop import LocalShop, make_crawl_settings, read_files, run_local_shop

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import PRODUCTS

pytestmark = pytest.mark.slow

NAV = '<nav><a href="/c/men?src=nav">Men</a><a href="/c/sale">Sale</a><a href="/secret/basket">Basket</a></nav>'


def fill_shop(shop: LocalShop) -> None:
    """Serve six products in the sitemap and a seventh on a listing only; the home page links to two listings."""
    shop.add_sitemap([shop.add_product(n) for n in range(6)])
    shop.add_product(6)
    shop.add_product(4, path="/outlet/4-b", photos=3)
    shop.add_page("/", f'{NAV}<h1>Welcome</h1><a href="/p/5">Of the day</a>')
    shop.add_page("/c/men", f'{NAV}<h1>Men</h1><a href="/p/0?utm_source=men">a</a><a href="/c/men/socks">Socks</a>')
    shop.add_page("/c/men/socks", f'{NAV}<h1>Socks</h1><a href="/p/1?pos=1">b</a><a href="?page=2">next</a>')
    shop.add_page("/c/men/socks?page=2", f'{NAV}<h1>Socks</h1><a href="/men/socks/p/2?pos=2">c</a><a href="/p/6">g</a>')
    shop.add_page("/c/sale", f'{NAV}<h1>Sale</h1><a href="/p/1?ref=sale">b</a><a href="/outlet/4-b">e</a>')


def run_crawl(shop: LocalShop, folder: Path, max_products: int = 0) -> dict[str, dict[str, Any]]:
    shop_settings = params.Shop(name="test", url=shop.base_url, max_products=max_products)
    crawl_shops(make_crawl_settings(shop_settings), folder / "state", folder / "out")
    rows = tables.read_table(folder / "out" / "products.parquet", PRODUCTS).to_pylist()
    return {row["product_id"].removeprefix("test/"): row for row in rows}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalShop, dict[str, dict[str, Any]]]:
    with run_local_shop() as shop:
        fill_shop(shop)
        return shop, run_crawl(shop, tmp_path_factory.mktemp("listings"))


def test_sitemap_products_have_the_categories_of_all_listings(crawled: tuple[LocalShop, Any]) -> None:
    assert {name: row["categories"] for name, row in crawled[1].items()} == {
        "S0": ["Men", "Women > Shirts"],
        "S1": ["Men > Socks", "Sale", "Women > Shirts"],
        "S2": ["Men > Socks", "Women > Shirts"],
        "S3": ["Women > Shirts"],
        "S4": ["Sale", "Women > Shirts"],
        "S5": ["Women > Shirts"],
        "S6": ["Men > Socks", "Women > Shirts"],
    }


def test_no_product_page_is_requested_twice(crawled: tuple[LocalShop, Any]) -> None:
    requests = crawled[0].request_counts
    assert {path: requests[path] for path in requests if "/p/" in path} == {f"/p/{n}": 1 for n in range(7)}


def test_each_listing_is_requested_once_without_tracking_parameters(crawled: tuple[LocalShop, Any]) -> None:
    requests = {path: count for path, count in crawled[0].request_counts.items() if path.startswith("/c/")}
    assert requests == {"/c/men": 1, "/c/men/socks": 1, "/c/men/socks?page=2": 1, "/c/sale": 1}


def test_other_url_of_a_product_adds_its_category(crawled: tuple[LocalShop, Any]) -> None:
    assert crawled[0].request_counts["/outlet/4-b"] == 1
    assert crawled[0].request_counts["/media/4-2.jpg"] == 1


def test_disallowed_links_of_listings_are_not_followed(crawled: tuple[LocalShop, Any]) -> None:
    assert not [path for path in crawled[0].request_counts if path.startswith("/secret")]


def test_listings_are_ignored_if_the_sitemap_reaches_the_limit(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        fill_shop(shop)
        found = run_crawl(shop, tmp_path / "a", max_products=3)
        for answer in shop.responses.values():
            answer.busy = 0
        for n in range(0, 6, 2):
            shop.responses[f"/p/{n}"].busy = shop.request_counts[f"/p/{n}"] + 1
        assert run_crawl(shop, tmp_path / "b", max_products=3) == found
        assert len(found) == 3
        assert not [path for path in shop.request_counts if path.startswith("/c/")]
        assert {tuple(row["categories"]) for row in found.values()} == {("Women > Shirts",)}
        assert read_files(tmp_path / "a" / "out") == read_files(tmp_path / "b" / "out")


def test_limit_prefers_products_of_the_sitemap(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        fill_shop(shop)
        shop.add_sitemap([f"/p/{n}" for n in range(5)])
        assert {f"S{n}" for n in range(5)} < run_crawl(shop, tmp_path, max_products=6).keys()
