"""Scrapy's commands in this project: what they print, which requests they make, and their exit statuses."""

import csv
import dataclasses
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from crawl_server import get_crawl_server
from local_shop import LocalShop, run_local_shop

from weft.contracts.product import Product

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PRODUCTS = 6


class CommandResult(NamedTuple):
    """How a command ended."""

    status: int
    output: str
    """Standard output and standard error together."""


class LimitedCrawls(NamedTuple):
    """Two crawls of one shop with the same state file and a growing limit."""

    shop: LocalShop
    first: CommandResult
    second: CommandResult
    folder: Path


def run_scrapy(log: Path, *arguments: str) -> CommandResult:
    process = get_crawl_server().start([sys.executable, "-m", "scrapy", *arguments], log, folder=ROOT)
    return CommandResult(process.wait(), log.read_text())


def crawl(folder: Path, url: str, *options: str, log: str = "log", **arguments: str) -> CommandResult:
    arguments = {"name": "s", "url": url, "delay": "0", "allow_private_network": "1"} | arguments
    given = [part for name, value in arguments.items() for part in ("-a", f"{name}={value}")]
    return run_scrapy(folder / log, "crawl", "shop", *given, "-a", f"state={folder / 's.sqlite'}", *options)


@pytest.fixture(scope="module")
def shop() -> Iterator[LocalShop]:
    with run_local_shop() as served:
        served.add_sitemap([served.add_product(n, photos=1) for n in range(PRODUCTS)])
        served.add_page("/list", "<h1>Shirts</h1><a href='/p/1'>one</a><a href='/p/2'>two</a>")
        yield served


@pytest.fixture(scope="module")
def crawls(shop: LocalShop, tmp_path_factory: pytest.TempPathFactory) -> LimitedCrawls:
    folder = tmp_path_factory.mktemp("crawl")
    first = crawl(folder, shop.base_url, "-O", f"{folder}/three.jsonl", log="first", max_products="3")
    second = crawl(folder, shop.base_url, "-O", f"{folder}/five.csv", log="second", max_products="5")
    return LimitedCrawls(shop, first, second, folder)


def test_feeds_hold_products_with_the_fields_of_the_class(crawls: LimitedCrawls) -> None:
    rows = [json.loads(line) for line in (crawls.folder / "three.jsonl").read_text().splitlines()]
    assert len({row["product_id"] for row in rows}) == len(rows) == 3
    assert {tuple(row) for row in rows} == {tuple(field.name for field in dataclasses.fields(Product))}
    assert rows[0]["photos"][0]["url"].endswith("-0.jpg")


def test_larger_limit_goes_on_with_the_same_state(crawls: LimitedCrawls) -> None:
    pages = {f"/p/{n}": crawls.shop.request_counts[f"/p/{n}"] for n in range(PRODUCTS)}
    assert sorted(pages.values())[-5:] == [1] * 5
    with (crawls.folder / "five.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["product_id"] for row in rows}) == len(rows) == 5
    assert rows[0]["photos"].startswith("http")


def test_feed_of_a_later_snapshot_holds_products_whose_pages_have_not_changed(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_sitemap([])
        urls = "".join(f"<url><loc>{shop.base_url}{shop.add_product(n)}</loc><lastmod>2026-01-02</lastmod></url>"
                       for n in range(3))  # fmt: skip
        shop.add_page("/sitemap.xml", f"<urlset>{urls}</urlset>")
        for snapshot in ("1", "2"):
            options = ("-a", f"state={tmp_path}/s-{snapshot}.sqlite", "-O", f"{tmp_path / snapshot}.jsonl")
            assert crawl(tmp_path, shop.base_url, *options, snapshot=snapshot, strategy="sitemap").status == 0
        assert [shop.request_counts[f"/p/{n}"] for n in range(3)] == [1, 1, 1]
    first, second = ((tmp_path / f"{snapshot}.jsonl").read_text().splitlines() for snapshot in ("1", "2"))
    assert sorted(first) == sorted(second)
    assert len(first) == 3


def test_closing_statistics_count_requests_products_and_photos(crawls: LimitedCrawls) -> None:
    downloads = ("request_count", "response_status_count/200", "response_bytes")
    for name in (*(f"downloader/{name}" for name in downloads), "item_scraped_count", "product_count", "photo_count"):
        assert f"'{name}': " in crawls.first.output
    assert "0 products and 0 photos so far" in crawls.first.output


def test_log_has_neither_settings_nor_warnings(crawls: LimitedCrawls) -> None:
    assert (crawls.first.status, crawls.second.status) == (0, 0)
    for noise in ("Overridden settings", "Enabled ", "AUTOTHROTTLE", "WARNING", "Traceback"):
        assert noise not in crawls.first.output


def test_shell_has_the_response_and_the_spider(shop: LocalShop, tmp_path: Path) -> None:
    code = "(response.css('h1::text').get(), [found.title for found in spider.parse(response)])"
    found = run_scrapy(tmp_path / "log", "shell", "--nolog", f"{shop.base_url}/p/1", "-c", code)
    assert found == (0, "('Shirt 1', ['Shirt 1'])\n")


def test_fetch_prints_the_page(shop: LocalShop, tmp_path: Path) -> None:
    found = run_scrapy(tmp_path / "log", "fetch", "--nolog", f"{shop.base_url}/p/1")
    assert found.status == 0
    assert "<h1>Shirt 1</h1>" in found.output


def test_parse_prints_the_products_of_the_pages_that_a_listing_links_to(shop: LocalShop, tmp_path: Path) -> None:
    url = f"{shop.base_url}/list"
    found = run_scrapy(
        tmp_path / "log", "parse", url, "--nolog", "--nocolour", "--depth", "2", "-s", "DOWNLOAD_DELAY=0"
    )
    assert found.status == 0
    assert {f"'title': 'Shirt {n}'" in found.output for n in (1, 2)} == {True}
    assert f"'url': '{shop.base_url}/p/2'" in found.output


@pytest.mark.parametrize("arguments", [("list",), ("check",), ("settings", "--get", "BOT_NAME"), ("version", "-v")])
def test_other_commands_end_without_an_error(arguments: tuple[str, ...], tmp_path: Path) -> None:
    found = run_scrapy(tmp_path / "log", *arguments)
    assert found.status == 0
    assert "Traceback" not in found.output


CRAWL = ("crawl", "shop", "-a", "name=s", "-a", "url=http://s.example/")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("crawl", "shop"), "expected -a name="),
        ((*CRAWL, "-a", "max_products=few"), "max_products=few"),
        ((*CRAWL, "-a", "pages=3"), "Known arguments: .*max_pages"),
        ((*CRAWL, "-a", "delay=soon"), "delay=soon"),
        (("crawl", "shops"), "spider shops: expected one of"),
        (("parse", "http://s.example/", "-a", "pages=3"), "Known arguments"),
        (("fetch", "http://s.example/", "-s", "WEFT_CONTACT=me"), "WEFT_CONTACT=me: expected your mail"),
    ],
)
def test_wrong_argument_is_one_line_and_status_2(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    found = run_scrapy(tmp_path / "log", *arguments)
    assert found.status == 2
    (line,) = found.output.splitlines()
    assert re.search(message, line)


def test_state_file_that_cannot_be_used_ends_the_crawl_with_status_1(shop: LocalShop, tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").write_bytes(b"not a database" * 99)
    found = crawl(tmp_path, shop.base_url)
    assert found.status == 1
    assert "not a usable state file" in found.output
    assert "Traceback" not in found.output


def test_crawl_without_a_product_says_what_it_saw_and_ends_with_status_1(tmp_path: Path) -> None:
    with run_local_shop() as empty:
        empty.add_page("/", "<title>Shop</title><div id=app></div><script src=/app.js></script>")
        found = crawl(tmp_path, empty.base_url)
    assert found.status == 1
    (line,) = [line for line in found.output.splitlines() if "no product found" in line]
    assert "1 of 1 pages are filled in by scripts" in line
    assert "-a feed=URL" in line
