"""A later crawl requests what has changed, keeps what has not, and records removed products."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from local_shop import JPEG, LocalShop, make_crawl_settings, read_files, run_local_shop
from read_outs import read_photos

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import FAILURES, PRODUCTS, REMOVED_PRODUCTS

pytestmark = pytest.mark.slow

INITIAL_PRODUCTS = 8


class ChangingShop:
    """A shop whose pages and photos have ETags and which answers conditional requests with HTTP 304."""

    def __init__(self, shop: LocalShop, folder: Path) -> None:
        self.shop, self.folder = shop, folder
        self.full_responses: Counter[str] = Counter()
        self.not_modified_responses: Counter[str] = Counter()

    def set_etag(self, path: str, etag: str) -> None:
        response = self.shop.responses[path]
        self.shop.responses[path] = dataclasses.replace(
            response, headers={"ETag": etag, "Content-Type": _content_type(path)}, script=self._make_script(path, etag)
        )

    def _make_script(self, path: str, etag: str) -> Callable[[BaseHTTPRequestHandler], bool]:
        def respond(handler: BaseHTTPRequestHandler) -> bool:
            if handler.headers.get("If-None-Match") != etag:
                self.full_responses[path] += 1
                return False
            self.not_modified_responses[path] += 1
            handler.send_response(304)
            handler.end_headers()
            return True

        return respond

    def run_crawl(self, snapshot: int) -> Path:
        self.full_responses.clear()
        self.not_modified_responses.clear()
        crawl_settings = make_crawl_settings(params.Shop(name="shop", url=self.shop.base_url))
        out = self.folder / f"out-{snapshot}"
        crawl_shops(dataclasses.replace(crawl_settings, snapshot=snapshot), self.folder / "state", out)
        return out


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChangingShop]:
    with run_local_shop() as shop:
        changing_shop = ChangingShop(shop, tmp_path_factory.mktemp("changing"))
        shop.add_sitemap([shop.add_product(n, photos=1) for n in range(INITIAL_PRODUCTS)])
        for n in range(INITIAL_PRODUCTS):
            changing_shop.set_etag(f"/p/{n}", f'"page-{n}"')
            changing_shop.set_etag(f"/media/{n}-0.jpg", f'"photo-{n}"')
        yield changing_shop


@pytest.fixture(scope="module")
def first(changing: ChangingShop) -> Path:
    return changing.run_crawl(1)


@pytest.fixture(scope="module")
def second(changing: ChangingShop, first: Path) -> tuple[Path, Counter[str], Counter[str]]:
    return changing.run_crawl(2), Counter(changing.full_responses), Counter(changing.not_modified_responses)


@pytest.fixture(scope="module")
def third(changing: ChangingShop, second: object) -> Path:
    shop = changing.shop
    shop.add_sitemap([f"/p/{n}" for n in range(INITIAL_PRODUCTS) if n not in (2, 5)])
    shop.responses["/p/1"].body = shop.responses["/p/1"].body.replace(b"Shirt 1", b"Blouse 1")
    changing.set_etag("/p/1", '"another"')
    del shop.responses["/p/2"]
    shop.add_page("/p/3", "an error", status=500)
    shop.add_page("/media/4-0.jpg", JPEG + b"another")
    changing.set_etag("/media/4-0.jpg", '"another"')
    shop.add_page("/p/6", "<h1>Sold out</h1>")
    return changing.run_crawl(3)


def test_unchanged_shop_gives_the_same_bytes(first: Path, second: tuple[Path, object, object]) -> None:
    assert read_files(second[0]) == read_files(first)


def test_nothing_is_downloaded_again_from_an_unchanged_shop(second: tuple[Path, Counter[str], Counter[str]]) -> None:
    _, whole, unchanged = second
    assert whole.total() == 0
    assert unchanged.total() == 2 * INITIAL_PRODUCTS


def test_changed_pages_are_downloaded_again(third: Path) -> None:
    titles = {
        row["product_id"]: row["title"] for row in tables.read_table(third / "products.parquet", PRODUCTS).to_pylist()
    }
    photos = {row["product_id"]: row["bytes"] for row in read_photos(third)}
    assert titles["shop/S1"] == "Blouse 1"
    assert photos["shop/S4"] == JPEG + b"another"


def test_removed_products_are_only_in_the_table_of_removed_products(third: Path) -> None:
    gone = {
        row["product_id"]: row["reason"]
        for row in tables.read_table(third / "removed.parquet", REMOVED_PRODUCTS).to_pylist()
    }
    left = set(tables.read_table(third / "products.parquet", PRODUCTS)["product_id"].to_pylist())
    assert gone == {"shop/S2": "HTTP 404", "shop/S6": "shows no product any more"}
    assert not left & set(gone)


def test_product_of_a_temporarily_failing_page_is_kept(first: Path, third: Path) -> None:
    (now,), (then,) = ([row for row in read_photos(out) if row["product_id"] == "shop/S3"] for out in (third, first))
    failed = tables.read_table(third / "failures.parquet", FAILURES).to_pylist()
    assert now == then
    assert [(row["url"].rpartition("/")[2], row["reason"]) for row in failed] == [("3", "HTTP 500")]


def test_product_missing_from_sitemaps_is_requested_before_it_counts_as_removed(third: Path) -> None:
    assert "shop/S5" in tables.read_table(third / "products.parquet", PRODUCTS)["product_id"].to_pylist()


def _content_type(path: str) -> str:
    return "image/jpeg" if path.endswith(".jpg") else "text/html"
