"""A later crawl asks for what has changed, keeps what has not, and marks what has gone."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from local_shop import JPEG, Shop, bytes_of, open_shop, settings

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import FAILURES, PHOTOS, PRODUCTS, WITHDRAWN

PRODUCTS_AT_FIRST = 8


class Changing:
    """A shop whose pages and photos bear ETags, and which says of what it is asked that it has not changed."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop, self.folder = shop, folder
        self.whole: Counter[str] = Counter()
        self.unchanged: Counter[str] = Counter()

    def tag(self, path: str, etag: str) -> None:
        answer = self.shop.answers[path]
        self.shop.answers[path] = dataclasses.replace(
            answer, headers={"ETag": etag, "Content-Type": _type(path)}, script=self._script(path, etag)
        )

    def _script(self, path: str, etag: str) -> Callable[[BaseHTTPRequestHandler], bool]:
        def answer(handler: BaseHTTPRequestHandler) -> bool:
            if handler.headers.get("If-None-Match") != etag:
                self.whole[path] += 1
                return False
            self.unchanged[path] += 1
            handler.send_response(304)
            handler.end_headers()
            return True

        return answer

    def crawl(self, snapshot: int) -> Path:
        self.whole.clear()
        self.unchanged.clear()
        wanted = settings(params.Shop(name="shop", url=self.shop.base))
        out = self.folder / f"out-{snapshot}"
        crawl_shops(dataclasses.replace(wanted, snapshot=snapshot), self.folder / "state", out)
        return out


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changing]:
    with open_shop() as shop:
        found = Changing(shop, tmp_path_factory.mktemp("changing"))
        shop.sitemap([shop.product(n, photos=1) for n in range(PRODUCTS_AT_FIRST)])
        for n in range(PRODUCTS_AT_FIRST):
            found.tag(f"/p/{n}", f'"page-{n}"')
            found.tag(f"/media/{n}-0.jpg", f'"photo-{n}"')
        yield found


@pytest.fixture(scope="module")
def first(changing: Changing) -> Path:
    return changing.crawl(1)


@pytest.fixture(scope="module")
def second(changing: Changing, first: Path) -> tuple[Path, Counter[str], Counter[str]]:
    return changing.crawl(2), Counter(changing.whole), Counter(changing.unchanged)


@pytest.fixture(scope="module")
def third(changing: Changing, second: object) -> Path:
    shop = changing.shop
    shop.sitemap([f"/p/{n}" for n in range(PRODUCTS_AT_FIRST) if n not in (2, 5)])
    shop.answers["/p/1"].body = shop.answers["/p/1"].body.replace(b"Shirt 1", b"Blouse 1")
    changing.tag("/p/1", '"another"')
    del shop.answers["/p/2"]
    shop.page("/p/3", "an error", status=500)
    shop.page("/media/4-0.jpg", JPEG + b"another")
    changing.tag("/media/4-0.jpg", '"another"')
    shop.page("/p/6", "<h1>Sold out</h1>")
    return changing.crawl(3)


def test_an_unchanged_shop_gives_the_same_bytes(first: Path, second: tuple[Path, object, object]) -> None:
    assert bytes_of(second[0]) == bytes_of(first)


def test_of_an_unchanged_shop_nothing_is_fetched_whole(second: tuple[Path, Counter[str], Counter[str]]) -> None:
    _, whole, unchanged = second
    assert whole.total() == 0
    assert unchanged.total() == 2 * PRODUCTS_AT_FIRST


def test_what_has_changed_is_fetched_again(third: Path) -> None:
    titles = {row["product_id"]: row["title"] for row in tables.read(third / "products.parquet", PRODUCTS).to_pylist()}
    photos = {row["product_id"]: row["bytes"] for row in _photos(third)}
    assert titles["shop/S1"] == "Blouse 1"
    assert photos["shop/S4"] == JPEG + b"another"


def test_products_that_have_gone_are_withdrawn_and_in_no_other_table(third: Path) -> None:
    gone = {row["product_id"]: row["reason"] for row in tables.read(third / "withdrawn.parquet", WITHDRAWN).to_pylist()}
    left = set(tables.read(third / "products.parquet", PRODUCTS)["product_id"].to_pylist())
    assert gone == {"shop/S2": "HTTP 404", "shop/S6": "shows no product any more"}
    assert not left & set(gone)


def test_a_page_that_fails_today_keeps_its_product(first: Path, third: Path) -> None:
    (now,), (then,) = ([row for row in _photos(out) if row["product_id"] == "shop/S3"] for out in (third, first))
    failed = tables.read(third / "failures.parquet", FAILURES).to_pylist()
    assert now == then
    assert [(row["url"].rpartition("/")[2], row["reason"]) for row in failed] == [("3", "HTTP 500")]


def test_a_product_that_sitemaps_forget_is_looked_up_before_it_is_called_gone(third: Path) -> None:
    assert "shop/S5" in tables.read(third / "products.parquet", PRODUCTS)["product_id"].to_pylist()


def _photos(out: Path) -> list[dict[str, object]]:
    return [row for table in tables.read_shards(out / "photos", PHOTOS) for row in table.to_pylist()]


def _type(path: str) -> str:
    return "image/jpeg" if path.endswith(".jpg") else "text/html"
