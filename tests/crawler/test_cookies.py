"""Cookies are kept for the shop alone until the crawl ends, within limits."""

from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from hostile_crawl import render_product_page, run_crawl
from local_shop import JPEG, LocalShop, StubResponse, run_local_shop
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Request, Response

from crawler.middlewares.cookies import MAX_COOKIES, MAX_TOTAL_BYTES, CookieRefreshMiddleware, ShopCookiesMiddleware
from crawler.spiders.shop import ShopSpider

SHOP = "https://shop.example/"


def get_cookies(middleware: ShopCookiesMiddleware, url: str) -> str:
    """Return the Cookie header that a request gets, also if an earlier request to another host had one."""
    request = Request(url, headers={"Cookie": "secret=1"})
    middleware.process_request(request)
    return (request.headers.get("Cookie") or b"").decode()


def set_cookies(middleware: ShopCookiesMiddleware, url: str, *cookies: str) -> None:
    request = Request(url)
    middleware.process_request(request)
    middleware.process_response(request, Response(url, headers={"Set-Cookie": list(cookies)}))


@pytest.mark.parametrize("domain", ["", "; Domain=shop.example", "; Domain=.shop.example; Path=/"])
def test_cookies_go_to_the_shop_only(domain: str) -> None:
    middleware = ShopCookiesMiddleware(SHOP)
    set_cookies(middleware, SHOP, f"visit=7{domain}")
    assert get_cookies(middleware, f"{SHOP}p/1") == "visit=7"
    assert [get_cookies(middleware, url) for url in ("https://cdn.shop.example/1.jpg", "https://other.example/")] == [
        "",
        "",
    ]


@pytest.mark.parametrize("cookie", ["a=1; Domain=other.example", "a=1; Domain=example", f"a={'x' * 5000}", "=", ";;"])
def test_cookies_of_others_or_without_sense_are_ignored(cookie: str) -> None:
    middleware = ShopCookiesMiddleware(SHOP)
    set_cookies(middleware, SHOP, "good=1")
    set_cookies(middleware, SHOP, cookie)
    assert get_cookies(middleware, SHOP) == "good=1"


def test_cookies_of_other_hosts_are_not_kept() -> None:
    middleware = ShopCookiesMiddleware(SHOP)
    set_cookies(middleware, "https://cdn.example/1.jpg", "track=1")
    assert len(middleware.jars[None]) == 0


def test_number_and_size_of_cookies_are_limited() -> None:
    middleware = ShopCookiesMiddleware(SHOP)
    for first in range(0, 1000, 100):
        set_cookies(middleware, SHOP, *(f"c{n}={'x' * (first // 2)}" for n in range(first, first + 100)))
        cookies = get_cookies(middleware, SHOP).split("; ")
        assert len(middleware.jars[None]) == len(cookies) <= MAX_COOKIES
        assert sum(map(len, cookies)) <= MAX_TOTAL_BYTES
    assert any(cookie.startswith("c999=") for cookie in cookies)


@pytest.mark.parametrize(
    ("target", "sent", "is_repeated"), [("/p/1", {}, True), ("/p/1", {"Cookie": "a=1"}, False), ("/p/2", {}, False)]
)
def test_page_is_requested_again_if_it_sets_a_cookie_and_refreshes_itself(
    target: str, sent: dict[str, str], is_repeated: bool
) -> None:
    crawler = Crawler(ShopSpider)
    middleware = CookieRefreshMiddleware(crawler.settings)
    middleware.crawler = crawler
    crawler.spider = ShopSpider(None)
    request = Request(f"{SHOP}p/1", headers=sent)
    body = f'<html><head><meta http-equiv="refresh" content="0; url={target}"></head></html>'.encode()
    response = HtmlResponse(request.url, headers={"Set-Cookie": "a=1"}, body=body, encoding="utf-8")
    assert isinstance(middleware.process_response(request, response), Request) == is_repeated


def make_wall(page: str, seen: list[str]) -> StubResponse:
    """Return a page that redirects to itself until it receives the cookie that it sets."""

    def answer(handler: BaseHTTPRequestHandler) -> bool:
        cookie = handler.headers.get("Cookie", "")
        seen.append(cookie)
        if "wall=passed" in cookie:
            return False
        handler.send_response(302)
        for name, value in {"Location": handler.path, "Set-Cookie": "wall=passed; Path=/"}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    return StubResponse(page.encode(), script=answer)


@pytest.mark.slow
def test_shop_behind_a_cookie_wall_is_crawled(tmp_path: Path) -> None:
    of_photos: list[str] = []
    of_pages: list[str] = []

    def record(handler: BaseHTTPRequestHandler) -> bool:
        of_photos.append(handler.headers.get("Cookie", ""))
        return False

    with run_local_shop() as shop:
        other_host = shop.base_url.replace("127.0.0.1", "localhost")
        shop.responses["/1.jpg"] = StubResponse(JPEG + b"1", script=record)
        shop.responses["/"] = make_wall("<h1>Welcome</h1><a href='/p/1'>1</a><a href='/p/2'>2</a>", of_pages)
        for number in (1, 2):
            photos = [f"{other_host}/1.jpg"]
            shop.responses[f"/p/{number}"] = make_wall(render_product_page(f"Shirt {number}", photos), of_pages)
        result = run_crawl(shop, tmp_path, concurrency="1")
        check_requests(shop, of_pages, of_photos)
    assert sorted(result.products) == ["Shirt1", "Shirt2"]
    assert list(result.photos) == ["/1.jpg"]
    assert b"wall=passed" not in (tmp_path / "state.sqlite").read_bytes()


def check_requests(shop: LocalShop, of_pages: list[str], of_photos: list[str]) -> None:
    """Check that only the first page was requested twice, and that no photo was requested with a cookie."""
    assert [shop.request_counts[path] for path in ("/", "/p/1", "/p/2")] == [2, 1, 1]
    assert of_pages == ["", "wall=passed", "wall=passed", "wall=passed"]
    assert of_photos == [""]
