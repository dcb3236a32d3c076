"""A shop that leads to private addresses, other schemes, redirect loops, other hosts and disallowed URLs."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hostile_crawl import CrawlResult, render_product_page, run_crawl
from local_shop import LocalShop, run_local_shop

QUICK = ("RETRY_BACKOFF_BASE=0.01",)

PRIVATE = {
    "/r/loopback": "http://127.0.0.1:{port}/media/victim.jpg",
    "/r/short": "http://127.1:{port}/media/victim.jpg",
    "/r/decimal": "http://2130706433:{port}/media/victim.jpg",
    "/r/octal": "http://0177.0.0.1:{port}/media/victim.jpg",
    "/r/hex": "http://0x7f.1:{port}/media/victim.jpg",
    "/r/zero": "http://0.0.0.0:{port}/media/victim.jpg",
    "/r/v6": "http://[::1]:{port}/media/victim.jpg",
    "/r/mapped": "http://[::ffff:127.0.0.1]:{port}/media/victim.jpg",
    "/r/name": "http://localhost:{port}/media/victim.jpg",
    "/r/company": "http://10.0.0.1/media/victim.jpg",
    "/r/home": "http://192.168.1.1/media/victim.jpg",
    "/r/cloud": "http://169.254.169.254/latest/meta-data/",
    "/r/unique-local": "http://[fd00::1]/media/victim.jpg",
    "/r/link-local": "http://[fe80::1]/media/victim.jpg",
    "/r/two-hops": "http://{own}/r/loopback",
}


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalShop, CrawlResult]]:
    """Crawl a shop with a public name that redirects its photos to forbidden URLs."""
    with run_local_shop() as shop:
        port = shop.served_url.rpartition(":")[2]
        shop.base_url = "http://shop.example"
        shop.add_photo("good")
        shop.add_photo("victim")
        targets = {path: url.format(port=port, own="shop.example") for path, url in PRIVATE.items()}
        targets["/r/loop"] = "/r/loop"
        targets["/r/file"] = "file:///etc/passwd"
        targets["/r/ftp"] = "ftp://shop.example/photo.jpg"
        targets["/r/stranger"] = "http://192.0.9.1/photo.jpg"
        targets["/r/login"] = "/account/login?next=photo"
        targets["/p/away"] = f"http://127.0.0.1:{port}/p/9"
        targets["/p/login"] = "/customer/account/login/"
        for path, url in targets.items():
            shop.add_page(path, b"", status=302, headers={"Location": url})
        linked = ["/media/good.jpg", *(path for path in targets if path.startswith("/r/"))]
        photos = [shop.base_url + path for path in linked] + [f"http://127.0.0.1:{port}/media/victim.jpg?named=1"]
        shop.add_page("/p/1", render_product_page("Shirt", photos))
        shop.add_product(9)
        shop.add_page("/account/login?next=photo", "<h1>Log in</h1>")
        shop.add_sitemap(["/p/1", "/p/away", "/p/login"])
        result = run_crawl(
            shop,
            tmp_path_factory.mktemp("public"),
            *QUICK,
            connect_to=shop.served_url,
            allow_private_network="0",
            concurrency="1",
        )
        yield shop, result


def test_only_the_valid_photo_is_exported(public: tuple[LocalShop, CrawlResult]) -> None:
    assert list(public[1].products) == ["Shirt"]
    assert list(public[1].photos) == ["/media/good.jpg"]


@pytest.mark.parametrize("path", PRIVATE)
def test_redirect_to_a_private_address_is_refused_in_any_notation(
    public: tuple[LocalShop, CrawlResult], path: str
) -> None:
    assert (public[1].failures[path], public[1].attempts[path]) == ("private address", 1)


def test_private_address_in_a_page_is_refused(public: tuple[LocalShop, CrawlResult]) -> None:
    assert public[1].failures["/media/victim.jpg?named=1"] == "private address"


def test_no_request_reached_a_private_address(public: tuple[LocalShop, CrawlResult]) -> None:
    requests = public[0].request_counts
    assert [path for path in requests if "victim" in path or path == "/p/9"] == []
    # Once by the spider and once by the middleware, both for shop.example; never for other names.
    assert requests["/robots.txt"] == 2


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/r/loop", "too many redirects"),
        ("/r/file", "leads to no http address"),
        ("/r/ftp", "leads to no http address"),
        ("/r/stranger", "no contact given"),
        ("/r/login", "behind a login"),
        ("/p/login", "behind a login"),
        ("/p/away", "leads off the shop"),
    ],
)
def test_other_bad_urls_fail_with_their_reason(public: tuple[LocalShop, CrawlResult], path: str, reason: str) -> None:
    assert public[1].failures[path] == reason


def test_there_are_no_further_failures(public: tuple[LocalShop, CrawlResult]) -> None:
    assert len(public[1].failures) == len(PRIVATE) + 8


def test_redirect_loop_ends_after_five_redirects(public: tuple[LocalShop, CrawlResult]) -> None:
    assert public[0].request_counts["/r/loop"] == 6


@pytest.fixture(scope="module")
def private_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, LocalShop], CrawlResult]]:
    """Crawl a shop on loopback with photos on other hosts."""
    with ExitStack() as stack:
        hosts = {name: stack.enter_context(run_local_shop()) for name in ("shop", "cdn", "closed", "broken")}
        shop, cdn = hosts["shop"], hosts["cdn"]
        cdn.add_photo("offsite")
        cdn.add_product(5)
        hosts["closed"].add_page("/robots.txt", "User-agent: *\nDisallow: /\n")
        hosts["closed"].add_photo("closed")
        hosts["broken"].add_page("/robots.txt", "no", status=503)
        hosts["broken"].add_photo("broken")
        photos = [
            f"{cdn.base_url}/media/offsite.jpg",
            f"{shop.base_url}/r/offsite",
            f"{shop.base_url}/secret/photo.jpg",
            f"{hosts['closed'].base_url}/media/closed.jpg",
            f"{hosts['broken'].base_url}/media/broken.jpg",
            f"{hosts['broken'].base_url}/media/other.jpg",
            f"{shop.base_url}/r/company",
            f"{shop.base_url}/r/cloud",
        ]
        places = {
            "/r/offsite": f"{cdn.base_url}/media/offsite.jpg?moved",
            "/r/company": "http://10.0.0.1/photo.jpg",
            "/r/cloud": "http://169.254.169.254/photo.jpg",
            "/p/offsite": f"{cdn.base_url}/p/5",
        }
        cdn.add_photo("offsite.jpg?moved")
        cdn.add_page("/media/offsite.jpg?moved", b"\xff\xd8\xff\xe0moved")
        for path, url in places.items():
            shop.add_page(path, b"", status=301, headers={"Location": url})
        shop.add_page("/secret/photo.jpg", b"\xff\xd8\xff\xe0")
        shop.add_page("/p/1", render_product_page("Shirt", photos, f'<a href="{cdn.base_url}/p/5">like this</a>'))
        shop.add_sitemap(["/p/1", "/p/offsite", f"{'/secret/page'}"])
        yield hosts, run_crawl(shop, tmp_path_factory.mktemp("private"), *QUICK)


def test_photos_on_another_host_are_downloaded(private_shop: tuple[dict[str, LocalShop], CrawlResult]) -> None:
    assert set(private_shop[1].photos) == {"/media/offsite.jpg", "/r/offsite"}


def test_pages_on_another_host_are_not_requested(private_shop: tuple[dict[str, LocalShop], CrawlResult]) -> None:
    assert list(private_shop[1].products) == ["Shirt"]
    assert private_shop[1].failures["/p/offsite"] == "leads off the shop"
    assert private_shop[0]["cdn"].request_counts["/p/5"] == 0


def test_loopback_shop_does_not_open_other_private_networks(
    private_shop: tuple[dict[str, LocalShop], CrawlResult],
) -> None:
    assert {private_shop[1].failures["/r/company"], private_shop[1].failures["/r/cloud"]} == {"private address"}


def test_every_host_has_its_own_robots_txt(private_shop: tuple[dict[str, LocalShop], CrawlResult]) -> None:
    assert private_shop[1].failures["/secret/photo.jpg"] == "disallowed by robots.txt"
    assert private_shop[1].failures["/media/closed.jpg"] == "disallowed by robots.txt"
    assert set(private_shop[0]["closed"].request_counts) == {"/robots.txt"}


def test_unreadable_robots_txt_blocks_waiting_requests_too(
    private_shop: tuple[dict[str, LocalShop], CrawlResult],
) -> None:
    assert private_shop[1].failures["/media/broken.jpg"] == "robots.txt cannot be read"
    assert private_shop[1].failures["/media/other.jpg"] == "robots.txt cannot be read"
    assert set(private_shop[0]["broken"].request_counts) == {"/robots.txt"}


def test_private_shop_is_refused_without_allow_private_network(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        result = run_crawl(shop, tmp_path, *QUICK, allow_private_network="0", contact="crawl@weft-tests.org")
        assert not shop.request_counts
    assert "private address" in result.fault
    assert "allow_private_network" in result.fault


def test_private_shop_needs_no_contact(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_sitemap([shop.add_product(1, photos=0)])
        run_crawl(shop, tmp_path / "a", contact="crawl@weft-tests.org")
        assert shop.user_agents == {"WeftBot/0.1 (+crawl@weft-tests.org; product crawler; obeys robots.txt)"}
