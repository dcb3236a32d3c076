"""Traps (endless calendars, sessions, facets, pages past the end) are skipped and reported."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from local_shop import LocalShop, StubResponse, make_crawl_settings, run_local_shop

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import PRODUCTS

pytestmark = pytest.mark.slow

NUMBERS = range(12)
COLOURS = ["black", "blue", "red", "green", "white", "pink"]


def make_html_response(body: str) -> StubResponse:
    return StubResponse(f"<html><body>{body}</body></html>".encode())


def make_calendar_page(path: str) -> StubResponse:
    """Return a calendar day with links to the next two days, without end."""
    day = int(path.rpartition("/")[2])
    return make_html_response(
        f'<h1>Events</h1><a href="/events/2026/{day * 2}">next</a><a href="/events/2026/{day * 2 + 1}">more</a>'
    )


def make_listing_page(path: str) -> StubResponse:
    """Return a page of four products; every page past the third repeats the first and links to a next one."""
    number = int(parse_qs(urlsplit(path).query).get("page", ["1"])[0])
    numbers_on_page = NUMBERS[(number - 1) * 4 : number * 4] or NUMBERS[:4]
    cards = "".join(f'<a href="/p/{n}?pos={n}">{n}</a>' for n in numbers_on_page)
    views = '<a href="/c/all?sort=price">cheap first</a><a href="/c/all?colour=blue">blue</a><a href="?month=3">m</a>'
    return make_html_response(f'<h1>All</h1>{cards}<a href="/c/all?page={number + 1}" rel="next">next</a>{views}')


def make_facet_page(path: str) -> StubResponse:
    """Return a page with links to more and more colours in the path, always with the same products."""
    links = "".join(f'<a href="{path}/{colour}">{colour}</a>' for colour in COLOURS)
    return make_html_response(f'<h1>{path}</h1>{links}<a href="/p/1">1</a><a href="/p/2">2</a>')


def make_session_page(path: str) -> StubResponse:
    """Return a page whose links have a new session id each time, in an unknown parameter."""
    number = int(parse_qs(urlsplit(path).query).get("zz", ["1"])[0])
    links = "".join(f'<a href="/help/{n}?zz={number * 3 + n}">{n}</a>' for n in range(3))
    return make_html_response(f"<h1>Help</h1>{links}")


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalShop, Path]]:
    folder = tmp_path_factory.mktemp("traps")
    with run_local_shop() as shop:
        for n in NUMBERS:
            shop.add_product(n, photos=1)
        starts = ["/events/2026/1", "/c/all", "/facets/black", "/help/0?zz=1"]
        starts += ["/c/all;jsessionid=4F2A", "/c/all?PHPSESSID=9"]
        links = (f'<a href="{start}">x</a>' for start in starts)
        shop.add_page("/", f"<h1>Welcome</h1>{''.join(links)}")
        rules = {
            "/events/": make_calendar_page,
            "/c/all": make_listing_page,
            "/facets/": make_facet_page,
            "/help/": make_session_page,
        }
        shop.responses_by_prefix.update(rules)
        named = params.Shop(name="test", url=shop.base_url, strategy="links", allow_private_network=True)
        crawl_shops(make_crawl_settings(named), folder / "state", folder / "out")
        yield shop, folder / "out"


def count_requests(shop: LocalShop, prefix: str) -> int:
    return sum(count for path, count in shop.request_counts.items() if path.startswith(prefix))


def read_skipped(out: Path) -> dict[str, Any]:
    skipped: dict[str, Any] = json.loads((out / "report.json").read_text())["shops"]["test"]["skipped"]
    return skipped


def test_every_product_is_exported(crawled: tuple[LocalShop, Path]) -> None:
    rows = tables.read_table(crawled[1] / "products.parquet", PRODUCTS).to_pylist()
    assert {row["title"] for row in rows} == {f"Shirt {n}" for n in NUMBERS}


def test_budget_ends_an_endless_calendar(crawled: tuple[LocalShop, Path]) -> None:
    assert 1 < count_requests(crawled[0], "/events/") <= 60


def test_budget_ends_facets_in_the_path(crawled: tuple[LocalShop, Path]) -> None:
    assert count_requests(crawled[0], "/facets/") <= 450


def test_budget_ends_session_ids_in_an_unknown_parameter(crawled: tuple[LocalShop, Path]) -> None:
    assert count_requests(crawled[0], "/help/") <= 60


def test_repeated_page_ends_the_pagination(crawled: tuple[LocalShop, Path]) -> None:
    shelves = {path: count for path, count in crawled[0].request_counts.items() if path.startswith("/c/all")}
    assert shelves == {"/c/all": 1, "/c/all?page=2": 1, "/c/all?page=3": 1, "/c/all?page=4": 1}


def test_report_counts_and_lists_skipped_urls(crawled: tuple[LocalShop, Path]) -> None:
    found = read_skipped(crawled[1])
    assert {reason: entry["pages"] for reason, entry in found.items() if reason in ("sort", "facet", "calendar")} == {
        "calendar": 1,
        "facet": 1,
        "sort": 1,
    }
    assert found["sort"]["examples"] == [f"{crawled[0].base_url}/c/all?sort=price"]
    assert found["repeats an earlier page"]["examples"] == [f"{crawled[0].base_url}/c/all?page=5"]
    assert found["over budget"]["url_templates"]["/events/#/#"] > 0


def test_report_of_a_shop_without_traps_lists_no_skipped_url(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_sitemap([shop.add_product(1)])
        crawl_shops(
            make_crawl_settings(params.Shop(name="test", url=shop.base_url, allow_private_network=True)),
            tmp_path,
            tmp_path / "out",
        )
    assert read_skipped(tmp_path / "out") == {}
