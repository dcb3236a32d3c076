"""Traps: endless calendars, sessions, facets and pages past the end are cut and listed, and cost no product."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from local_shop import Answer, Shop, open_shop, settings

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import PRODUCTS

NUMBERS = range(12)
COLOURS = ["black", "blue", "red", "green", "white", "pink"]


def page(body: str) -> Answer:
    return Answer(f"<html><body>{body}</body></html>".encode())


def calendar(path: str) -> Answer:
    """A day of the shop's events, and the way to the next two, for ever."""
    day = int(path.rpartition("/")[2])
    return page(
        f'<h1>Events</h1><a href="/events/2026/{day * 2}">next</a><a href="/events/2026/{day * 2 + 1}">more</a>'
    )


def shelf(path: str) -> Answer:
    """Four products a page; every page past the third shows the first again, and names a next one."""
    number = int(parse_qs(urlsplit(path).query).get("page", ["1"])[0])
    shown = NUMBERS[(number - 1) * 4 : number * 4] or NUMBERS[:4]
    cards = "".join(f'<a href="/p/{n}?pos={n}">{n}</a>' for n in shown)
    views = '<a href="/c/all?sort=price">cheap first</a><a href="/c/all?colour=blue">blue</a><a href="?month=3">m</a>'
    return page(f'<h1>All</h1>{cards}<a href="/c/all?page={number + 1}" rel="next">next</a>{views}')


def facets(path: str) -> Answer:
    """Colours upon colours in the path, each with the same products."""
    links = "".join(f'<a href="{path}/{colour}">{colour}</a>' for colour in COLOURS)
    return page(f'<h1>{path}</h1>{links}<a href="/p/1">1</a><a href="/p/2">2</a>')


def sessions(path: str) -> Answer:
    """A visitor's number in every link, another one each time, under a name that nobody foresaw."""
    number = int(parse_qs(urlsplit(path).query).get("zz", ["1"])[0])
    links = "".join(f'<a href="/help/{n}?zz={number * 3 + n}">{n}</a>' for n in range(3))
    return page(f"<h1>Help</h1>{links}")


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Path]]:
    folder = tmp_path_factory.mktemp("traps")
    with open_shop() as shop:
        for n in NUMBERS:
            shop.product(n, photos=1)
        starts = ["/events/2026/1", "/c/all", "/facets/black", "/help/0?zz=1"]
        starts += ["/c/all;jsessionid=4F2A", "/c/all?PHPSESSID=9"]
        links = (f'<a href="{start}">x</a>' for start in starts)
        shop.page("/", f"<h1>Welcome</h1>{''.join(links)}")
        rules = {"/events/": calendar, "/c/all": shelf, "/facets/": facets, "/help/": sessions}
        shop.rules.update(rules)
        named = params.Shop(name="test", url=shop.base, strategy="links", allow_private=True)
        crawl_shops(settings(named), folder / "state", folder / "out")
        yield shop, folder / "out"


def asked(shop: Shop, beginning: str) -> int:
    return sum(count for path, count in shop.asked.items() if path.startswith(beginning))


def cut(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "report.json").read_text())["shops"]["test"]["cut"]
    return found


def test_every_product_comes_home(crawled: tuple[Shop, Path]) -> None:
    rows = tables.read(crawled[1] / "products.parquet", PRODUCTS).to_pylist()
    assert {row["title"] for row in rows} == {f"Shirt {n}" for n in NUMBERS}


def test_an_endless_calendar_ends_with_its_budget(crawled: tuple[Shop, Path]) -> None:
    assert 50 <= asked(crawled[0], "/events/") <= 60


def test_facets_in_the_path_end_with_their_budgets(crawled: tuple[Shop, Path]) -> None:
    assert asked(crawled[0], "/facets/") <= 450


def test_sessions_under_an_unknown_name_end_with_their_budget(crawled: tuple[Shop, Path]) -> None:
    assert asked(crawled[0], "/help/") <= 60


def test_a_page_past_the_end_that_repeats_the_first_ends_the_pagination(crawled: tuple[Shop, Path]) -> None:
    shelves = {path: count for path, count in crawled[0].asked.items() if path.startswith("/c/all")}
    assert shelves == {"/c/all": 1, "/c/all?page=2": 1, "/c/all?page=3": 1, "/c/all?page=4": 1}


def test_what_was_cut_is_counted_and_listed(crawled: tuple[Shop, Path]) -> None:
    found = cut(crawled[1])
    assert {reason: entry["pages"] for reason, entry in found.items() if reason in ("sort", "facet", "calendar")} == {
        "calendar": 1,
        "facet": 1,
        "sort": 1,
    }
    assert found["sort"]["examples"] == [f"{crawled[0].base}/c/all?sort=price"]
    assert found["repeats an earlier page"]["examples"] == [f"{crawled[0].base}/c/all?page=5"]
    assert found["over budget"]["patterns"]["/events/#/#"] > 0


def test_the_report_of_a_shop_without_traps_is_quiet(tmp_path: Path) -> None:
    with open_shop() as shop:
        shop.sitemap([shop.product(1)])
        crawl_shops(settings(params.Shop(name="test", url=shop.base, allow_private=True)), tmp_path, tmp_path / "out")
    assert cut(tmp_path / "out") == {}
