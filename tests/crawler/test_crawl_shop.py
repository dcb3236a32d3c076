"""Complete crawls of a local shop with the function that the stage calls."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from local_shop import LocalShop, make_crawl_settings, read_files, run_local_shop
from read_outs import read_photos

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import FAILURES, PRODUCTS
from weft.errors import ShopError

pytestmark = pytest.mark.slow


def read_products(out: Path) -> dict[str, dict[str, Any]]:
    return {row["product_id"]: row for row in tables.read_table(out / "products.parquet", PRODUCTS).to_pylist()}


def read_failures(out: Path) -> set[tuple[str, str, int]]:
    rows = tables.read_table(out / "failures.parquet", FAILURES).to_pylist()
    return {(urlsplit(row["url"]).path, row["reason"], row["attempts"]) for row in rows}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalShop, Path, Path]]:
    folder = tmp_path_factory.mktemp("sitemap")
    with run_local_shop() as shop:
        paths = [shop.add_product(n) for n in range(6)]
        shop.add_product(6, busy=2)
        shop.add_product(7, path="/p/7")
        shop.add_photo("7-1", status=404)
        shop.add_photo("6-0", busy=1)
        shop.add_page("/media/5-1.jpg", "<html>not found</html>")
        shop.add_page("/moved", b"", status=302, headers={"Location": "/p/8"})
        shop.add_product(8)
        shop.add_page("/away", b"", status=302, headers={"Location": "http://elsewhere.invalid/"})
        shop.add_page("/about", "<h1>About us</h1>")
        twice = shop.add_product(0, path="/sale/p/0")
        more = ["/p/6", "/p/7", "/moved", "/away", "/about", "/secret/1", "/missing", twice, f"{twice}?utm_source=map"]
        shop.add_sitemap([*paths, *more])
        crawl_shops(make_crawl_settings(params.Shop(name="test", url=shop.base_url)), folder / "state", folder / "out")
        yield shop, folder / "state", folder / "out"


def test_every_product_of_the_sitemap_is_exported_once(crawled: tuple[LocalShop, Path, Path]) -> None:
    assert sorted(read_products(crawled[2])) == [f"test/S{n}" for n in range(9)]


def test_product_has_the_fields_of_its_page(crawled: tuple[LocalShop, Path, Path]) -> None:
    product = read_products(crawled[2])["test/S3"]
    assert (product["title"], product["colour"], product["categories"]) == ("Shirt 3", "Blue", ["Women > Shirts"])


def test_photos_are_the_served_bytes_at_their_positions(crawled: tuple[LocalShop, Path, Path]) -> None:
    found = {(row["product_id"], row["position"]): row["bytes"] for row in read_photos(crawled[2])}
    assert found["test/S3", 1] == crawled[0].responses["/media/3-1.jpg"].body


def test_failed_photo_leaves_a_gap_in_the_positions(crawled: tuple[LocalShop, Path, Path]) -> None:
    assert [row["position"] for row in read_photos(crawled[2]) if row["product_id"] == "test/S7"] == [0]


def test_busy_pages_and_photos_are_retried(crawled: tuple[LocalShop, Path, Path]) -> None:
    assert (crawled[0].request_counts["/p/6"], crawled[0].request_counts["/media/6-0.jpg"]) == (3, 2)


def test_each_photo_is_requested_once(crawled: tuple[LocalShop, Path, Path]) -> None:
    assert crawled[0].request_counts["/media/0-0.jpg"] == 1


def test_failures_have_a_row_with_their_reason(crawled: tuple[LocalShop, Path, Path]) -> None:
    assert read_failures(crawled[2]) == {
        ("/media/7-1.jpg", "HTTP 404", 1),
        ("/media/5-1.jpg", "not a photo", 1),
        ("/away", "leads off the shop", 1),
        ("/secret/1", "disallowed by robots.txt", 1),
        ("/missing", "HTTP 404", 1),
    }


def test_disallowed_paths_are_never_requested(crawled: tuple[LocalShop, Path, Path]) -> None:
    assert not [path for path in crawled[0].request_counts if path.startswith("/secret")]


def test_report_counts_coverage_and_failures(crawled: tuple[LocalShop, Path, Path]) -> None:
    report = json.loads((crawled[2] / "report.json").read_text())
    assert report["products"] == 9
    assert report["photos"] == 16
    assert report["pages_without_product"] == 2
    assert report["failures"]["page: HTTP 404"] == 1
    assert report["shops"]["test"]["coverage_brand"] == 0.0


def test_finished_crawl_makes_no_request_and_exports_the_same_bytes(crawled: tuple[LocalShop, Path, Path]) -> None:
    shop, state, out = crawled
    num_requests = shop.request_counts.total()
    crawl_shops(make_crawl_settings(params.Shop(name="test", url=shop.base_url)), state, out.with_name("again"))
    assert shop.request_counts.total() == num_requests
    assert read_files(out) == read_files(out.with_name("again"))


def test_listings_lead_to_products_and_categories_without_a_sitemap(tmp_path: Path) -> None:
    nav = '<a href="/c/men?src=nav">Men</a><a href="/c/sale">Sale</a><a href="/secret/basket">Basket</a>'
    with run_local_shop() as shop:
        for n in range(5):
            shop.add_product(n)
            page = shop.responses[f"/p/{n}"]
            page.body = page.body.replace(b"class='breadcrumbs'", b"")
        shop.add_page("/", f"<h1>Welcome</h1>{nav}")
        shop.add_page("/c/men", f'{nav}<h1>Men</h1><a href="/c/men/shirts">Shirts</a>')
        shop.add_page("/c/men/shirts", f'{nav}<h1>Shirts</h1><a href="/p/0?pos=1">a</a><a href="/p/1">b</a>'
                  '<a href="?page=2" rel="next">next</a><a href="?sort=price">cheap</a>')  # fmt: skip
        shop.add_page("/c/men/shirts?page=2", '<h1>Shirts</h1><a href="/p/2">c</a><a href="/p/3">d</a>')
        shop.add_page("/c/sale", f'{nav}<h1>Sale</h1><a href="/p/3?ref=sale">d</a><a href="/p/4">e</a>')
        crawl_shops(
            make_crawl_settings(params.Shop(name="test", url=shop.base_url)), tmp_path / "state", tmp_path / "out"
        )
        found = {name: row["categories"] for name, row in read_products(tmp_path / "out").items()}
        assert found == {
            "test/S0": ["Men > Shirts"],
            "test/S1": ["Men > Shirts"],
            "test/S2": ["Men > Shirts"],
            "test/S3": ["Men > Shirts", "Sale"],
            "test/S4": ["Sale"],
        }
        assert not [path for path in shop.request_counts if "sort" in path or "secret" in path or "src=" in path]


def test_limit_selects_the_same_products_at_any_speed(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_sitemap([shop.add_product(n) for n in range(30)])
        limited = make_crawl_settings(params.Shop(name="test", url=shop.base_url, max_products=5))
        crawl_shops(limited, tmp_path / "a", tmp_path / "out-a")
        for answer in shop.responses.values():
            answer.busy = 0
        for n in range(0, 30, 2):
            shop.responses[f"/p/{n}"].busy = shop.request_counts[f"/p/{n}"] + 1
        crawl_shops(limited, tmp_path / "b", tmp_path / "out-b")
        assert len(read_products(tmp_path / "out-a")) == 5
        assert sum(shop.request_counts[f"/p/{n}"] for n in range(30)) < 45
        assert read_files(tmp_path / "out-a") == read_files(tmp_path / "out-b")


def test_shop_whose_robots_txt_answers_5xx_is_not_crawled(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_page("/robots.txt", "busy", status=500, headers={"Retry-After": "0"})
        with pytest.raises(
            ShopError, match=r"test: .*/robots.txt: answered HTTP 500, so the shop may not be crawled now"
        ):
            crawl_shops(make_crawl_settings(params.Shop(name="test", url=shop.base_url)), tmp_path, tmp_path / "out")
        assert set(shop.request_counts) == {"/robots.txt"}


def test_shop_without_products_raises_an_error_with_counts(tmp_path: Path) -> None:
    with run_local_shop() as shop, pytest.raises(ShopError, match=r"test: no product found at .*1 x page read"):
        crawl_shops(make_crawl_settings(params.Shop(name="test", url=shop.base_url)), tmp_path, tmp_path / "out")


def test_connect_to_does_not_change_urls_in_the_snapshot(tmp_path: Path) -> None:
    outs = []
    for run in ("one", "two"):
        with run_local_shop() as shop:
            shop.base_url = "http://demo.example"
            shop.add_sitemap([shop.add_product(n) for n in range(2)])
            demo = make_crawl_settings(params.Shop(name="demo", url="demo:jsonld"))
            crawl_shops(demo, tmp_path / run, tmp_path / f"out-{run}", {"demo:jsonld": shop.served_url})
            outs.append(read_files(tmp_path / f"out-{run}"))
    assert read_products(tmp_path / "out-one")["demo/S0"]["url"] == "http://demo.example/p/0"
    assert outs[0] == outs[1]


def test_crawl_delay_allows_one_request_at_a_time(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_sitemap([shop.add_product(n, photos=1) for n in range(6)])
        robots = shop.responses["/robots.txt"]
        robots.body = robots.body.replace(b"User-agent: *\n", b"User-agent: *\nCrawl-delay: 0.02\n")
        shop.response_delay_seconds = 0.03
        crawl_shops(
            make_crawl_settings(params.Shop(name="test", url=shop.base_url)), tmp_path / "state", tmp_path / "out"
        )
    assert shop.max_concurrent_requests == 1


def test_requests_are_concurrent_without_a_crawl_delay(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_sitemap([shop.add_product(n, photos=1) for n in range(6)])
        shop.response_delay_seconds = 0.1
        crawl_shops(
            make_crawl_settings(params.Shop(name="test", url=shop.base_url)), tmp_path / "state", tmp_path / "out"
        )
    assert 1 < shop.max_concurrent_requests <= 4
