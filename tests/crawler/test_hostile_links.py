"""A shop without a sitemap and with endless links: a calendar, session ids, pages past the end, several categories."""

from collections.abc import Iterator

import pytest
from hostile_crawl import CrawlResult, render_product_page, run_crawl
from local_shop import LocalShop, StubResponse, run_local_shop

CATEGORIES = ("women", "sale", "new", "dresses", "summer")


def make_calendar_page(path: str) -> StubResponse:
    """Return a month that links to the next one, without end."""
    year, month = (int(part) for part in path.removeprefix("/calendar/").split("/"))
    after = (year, month + 1) if month < 12 else (year + 1, 1)
    return StubResponse(f"<h1>Events</h1><a href='/calendar/{after[0]}/{after[1]}'>next month</a>".encode())


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalShop, CrawlResult]]:
    with run_local_shop() as shop:
        photo = shop.base_url + shop.add_photo("one")
        shop.add_page("/p/one", render_product_page("One", [photo], canonical="/p/one"))
        for name in CATEGORIES:
            repeated = f"/{name}/p/one.html"
            shop.add_page(repeated, "<link rel=canonical href='/p/one'>" + render_product_page("One", [photo]))
            shop.add_page(f"/c/{name}", f"<h1>{name.title()}</h1><a href='{repeated}'>One</a>")
        shop.add_page(
            "/p/elsewhere", "<link rel=canonical href='http://other.example/p/9'>" + render_product_page("Two", [photo])
        )
        shop.add_page("/c/pages", make_listing_page(1))
        for number in (2, 3):
            shop.add_page(f"/c/pages?page={number}", make_listing_page(number))
        for number in range(6):
            shop.add_product(number, path=f"/p/paged-{number}", photos=0)
        shop.responses_by_prefix["/calendar/"] = make_calendar_page
        shop.responses_by_prefix["/c/pages?page="] = lambda path: StubResponse(
            make_listing_page(1, after=int(path.rpartition("=")[2]) + 1).encode()
        )
        session = "<h1>Bags</h1><a href='/c/bags?sid={0}'>again</a><a href='/p/paged-0?PHPSESSID={0}'>bag</a>"
        shop.add_page("/c/bags", session.format("a1"))
        shop.responses_by_prefix["/c/bags?sid="] = lambda path: StubResponse(session.format(f"{path[-9:]}x").encode())
        links = [
            *(f"/c/{name}" for name in CATEGORIES),
            "/c/pages",
            "/c/bags?sid=0",
            "/p/elsewhere",
            "/calendar/2026/1",
        ]
        shop.add_page("/", "<h1>Welcome</h1>" + "".join(f"<a href='{link}'>{link}</a>" for link in links))
        yield shop, run_crawl(shop, tmp_path_factory.mktemp("links"))


def make_listing_page(number: int, after: int = 0) -> str:
    """Return page `number` of three with two products each, which always links to a next page."""
    products = "".join(f"<a href='/p/paged-{2 * number - n}'>{n}</a>" for n in (2, 1))
    return f"<h1>Pages</h1>{products}<a rel='next' href='/c/pages?page={after or number + 1}'>next</a>"


def test_every_product_is_exported_once(crawled: tuple[LocalShop, CrawlResult]) -> None:
    assert sorted(crawled[1].products) == ["One", *(f"S{n}" for n in range(6)), "Two"]


def test_product_in_five_categories_has_all_five(crawled: tuple[LocalShop, CrawlResult]) -> None:
    assert crawled[1].products["One"]["categories"] == sorted(name.title() for name in CATEGORIES)


def test_product_url_is_the_canonical_url(crawled: tuple[LocalShop, CrawlResult]) -> None:
    assert crawled[1].products["One"]["url"] == f"{crawled[0].base_url}/p/one"


def test_canonical_url_on_another_host_is_ignored(crawled: tuple[LocalShop, CrawlResult]) -> None:
    assert crawled[1].products["Two"]["url"] == f"{crawled[0].base_url}/p/elsewhere"


def test_page_past_the_end_ends_the_pagination(crawled: tuple[LocalShop, CrawlResult]) -> None:
    requests = [path for path in crawled[0].request_counts if path.startswith("/c/pages")]
    assert sorted(requests) == ["/c/pages", *(f"/c/pages?page={n}" for n in (2, 3, 4))]


def test_session_ids_do_not_make_new_pages(crawled: tuple[LocalShop, CrawlResult]) -> None:
    assert [path for path in crawled[0].request_counts if "sid=" in path.lower() or "sess" in path.lower()] == []
    assert crawled[0].request_counts["/c/bags"] == 1


def test_endless_calendar_is_not_followed_further(crawled: tuple[LocalShop, CrawlResult]) -> None:
    months = [path for path in crawled[0].request_counts if path.startswith("/calendar/")]
    assert 0 < len(months) <= 100


def test_nothing_failed(crawled: tuple[LocalShop, CrawlResult]) -> None:
    assert crawled[1].failures == {}
