"""Pages that scripts fill in are rendered by a browser whose requests are those of the crawl."""

import asyncio
import json
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from crawl_server import get_crawl_server
from hostile_crawl import ROOT, CrawlResult, run_crawl
from local_shop import LocalShop, StubResponse, make_crawl_settings, run_local_shop

from crawler.downloader import browser
from crawler.downloader.browser import Browser, PageRequest, PageResponse
from crawler.exceptions import RenderError, RequestRefusedError, TooLargeError
from crawler.middlewares.render import is_allowed, is_shop_host
from crawler.run import crawl_shops
from weft import params
from weft.errors import ShopError

HAS_BROWSER = find_spec("playwright") is not None and any(map(shutil.which, browser.CHROMIUM_NAMES))
needs_browser = pytest.mark.skipif(not HAS_BROWSER, reason="needs the extra weft[browser] and Chromium")
START = "https://www.shop.example/"
SHELL = '<html><head><title>Shop</title></head><body><div id="app"></div><script src="/app.js"></script></body></html>'
APP = """
const app = document.getElementById("app");
fetch("/api" + location.pathname).then(answer => answer.json()).then(page => {
  document.title = page.title;
  app.innerHTML = "<h1>" + page.title + "</h1>" + page.links.map(link => `<a href="${link}">${link}</a>`).join("");
  if (page.product) {
    const data = document.createElement("script");
    data.type = "application/ld+json";
    data.textContent = JSON.stringify(page.product);
    document.head.append(data);
  }
});
fetch("/api/cart", {method: "POST", body: "add"}).catch(() => 0);
fetch("/secret/data").catch(() => 0);
fetch("OTHER/stolen").catch(() => 0);
new Image().src = "OTHER/pixel.png";
try { new WebSocket("OTHER/socket".replace("http", "ws")); } catch (error) {}
"""


@pytest.mark.parametrize(
    ("url", "is_shop"),
    [
        ("https://shop.example/app.js", True),
        ("https://static.shop.example/app.js", True),
        ("https://static.shop.example:8443/app.js", False),
        ("https://notshop.example/app.js", False),
        ("https://shop.example.evil.example/app.js", False),
        ("http://127.0.0.1/", False),
        ("file:///etc/passwd", False),
        ("data:text/javascript,1", False),
        ("https://[broken/", False),
    ],
)
def test_requests_of_a_page_stay_on_the_hosts_of_the_shop(url: str, is_shop: bool) -> None:
    assert is_shop_host(url, START) == is_shop


@pytest.mark.parametrize(
    ("resource_type", "method", "path", "body", "allowed"),
    [
        ("script", "GET", "app.js", b"", True),
        ("fetch", "GET", "api/products", b"", True),
        ("xhr", "POST", "api/graphql", b'{"query": "{ products { name } }"}', True),
        ("xhr", "POST", "api/graphql", b'{"query": "mutation { addToCart(id: 1) }"}', False),
        ("xhr", "POST", "api/cart", b"", False),
        ("fetch", "DELETE", "api/cart", b"", False),
        ("image", "GET", "pixel.png", b"", False),
        ("stylesheet", "GET", "style.css", b"", False),
        ("font", "GET", "font.woff2", b"", False),
    ],
)
def test_pages_may_request_scripts_and_data_only(
    resource_type: str, method: str, path: str, body: bytes, allowed: bool
) -> None:
    assert is_allowed(PageRequest(START + path, method, resource_type, {}, body), START) == allowed


@pytest.mark.parametrize(
    ("has_playwright", "has_chromium", "message"),
    [(False, True, r"pip install -e '.\[browser\]'"), (True, False, "apt install chromium")],
)
def test_what_is_missing_is_named_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, has_playwright: bool, has_chromium: bool, message: str
) -> None:
    monkeypatch.setattr(browser, "find_spec", lambda _: has_playwright or None)
    monkeypatch.setattr(browser, "_find_chromium", lambda: "/usr/bin/chromium" if has_chromium else None)
    with pytest.raises(ShopError, match=message):
        browser.check_browser()


def test_pipeline_refuses_to_render_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "find_spec", lambda _: None)
    settings = make_crawl_settings(params.Shop(name="test", url="http://127.0.0.1:1/", render=True))
    with pytest.raises(ShopError, match="weft"):
        crawl_shops(settings, tmp_path / "state", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(HAS_BROWSER, reason="the browser is installed")
def test_crawl_without_the_extra_ends_with_status_2(tmp_path: Path) -> None:
    arguments = ["name=s", "url=http://127.0.0.1:1/", "render=1", f"state={tmp_path / 's.sqlite'}"]
    command = [sys.executable, "-m", "scrapy", "crawl", "shop", *(part for one in arguments for part in ("-a", one))]
    assert get_crawl_server().start(command, tmp_path / "log", folder=ROOT).wait() == 2
    assert "weft[browser]" in (tmp_path / "log").read_text()
    assert not (tmp_path / "s.sqlite").exists()


def render(monkeypatch: pytest.MonkeyPatch, *pages: str) -> tuple[list[str], list[str]]:
    """Return pages as their scripts have made them, or why they failed, and what they requested in vain."""
    monkeypatch.setattr(browser, "RENDER_TIMEOUT_SECONDS", 2.0)
    monkeypatch.setattr(browser, "CLOSE_TIMEOUT_SECONDS", 2.0)
    requested: list[str] = []

    async def fetch(request: PageRequest) -> PageResponse | None:
        requested.append(request.url)
        return None

    async def run() -> list[str]:
        chromium = Browser("WeftBot/0.1")
        rendered = []
        for page in pages:
            try:
                rendered.append(await chromium.render(START, f"<html><body>{page}</body></html>", fetch))
            except RequestRefusedError as error:
                rendered.append(error.reason)
        await chromium.close()
        return rendered

    return asyncio.run(run()), requested


@needs_browser
@pytest.mark.slow
def test_page_that_breaks_the_browser_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered, _ = render(
        monkeypatch,
        "<script>while (true) {}</script>",
        "<script>document.body.hidden = true; document.body.append('x'.repeat(2e7))</script>",
        "<script>document.body.append('still ' + 'here'); window.open('/popup'); alert('?')</script>",
    )
    assert rendered[:2] == [RenderError.reason, TooLargeError.reason]
    assert "still here" in rendered[2]


@needs_browser
@pytest.mark.slow
def test_page_that_never_ends_its_requests_is_read_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "<script>document.body.append('rea' + 'dy'); setInterval(() => fetch('/more'), 20)</script>"
    (html,), requested = render(monkeypatch, script)
    assert "ready" in html
    assert len(requested) < browser.MAX_REQUESTS_PER_PAGE


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalShop, LocalShop, CrawlResult]]:
    """Crawl a shop whose pages are all shells; its scripts also call another server on this machine."""
    with run_local_shop() as shop, run_local_shop() as other:
        data = {"/": {"title": "Welcome", "links": ["/c/all"]}, "/c/all": {"title": "All", "links": ["/p/1", "/p/2"]}}
        for number in (1, 2):
            product = {"@type": "Product", "name": f"Shirt {number}", "sku": f"S{number}"}
            product["image"] = shop.base_url + shop.add_photo(str(number))
            data[f"/p/{number}"] = {"title": f"Shirt {number}", "links": [], "product": product}
        for path, page in data.items():
            shop.responses[path] = StubResponse(SHELL.encode())
            shop.add_page(f"/api{path}", json.dumps(page), headers={"Content-Type": "application/json"})
        shop.add_page("/app.js", APP.replace("OTHER", other.base_url), headers={"Content-Type": "text/javascript"})
        yield shop, other, run_crawl(shop, tmp_path_factory.mktemp("render"), render="1")


@needs_browser
@pytest.mark.slow
def test_shop_that_is_rendered_by_scripts_is_crawled(crawled: tuple[LocalShop, LocalShop, CrawlResult]) -> None:
    shop, other, result = crawled
    assert sorted(result.products) == ["S1", "S2"]
    assert sorted(result.photos) == ["/media/1.jpg", "/media/2.jpg"]
    assert result.failures == {}
    assert other.request_counts == {}, "the browser reaches no host of its own"
    assert [path for path in shop.request_counts if path.startswith("/secret")] == [], "robots.txt counts"
    assert shop.request_counts["/api/cart"] == 0
    assert shop.request_counts["/app.js"] == 1, "the script of all pages is kept"
    assert {agent.partition("/")[0] for agent in shop.user_agents} == {"WeftBot"}
