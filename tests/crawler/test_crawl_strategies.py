"""Discovery strategies: feeds before sitemaps before links, each alone, with the same result."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from local_shop import LocalShop, make_crawl_settings, run_local_shop

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import FAILURES, PHOTOS, PRODUCTS
from weft.errors import ShopError

pytestmark = pytest.mark.slow

SHOPIFY = "/products.json?limit=250&page="
WOOCOMMERCE = "/wp-json/wc/store/v1/products?per_page=100&page="


def run_crawl(shop: LocalShop, folder: Path, **shop_fields: Any) -> set[str]:
    """Crawl and return the titles of the products."""
    url = shop_fields.pop("url", shop.base_url)
    shop_settings = params.Shop(name="test", url=url, allow_private_network=True, **shop_fields)
    crawl_shops(make_crawl_settings(shop_settings), folder / "state", folder / "out")
    rows = tables.read_table(folder / "out" / "products.parquet", PRODUCTS).to_pylist()
    return {row["title"] for row in rows}


def count_photos(folder: Path) -> int:
    return sum(table.num_rows for table in tables.read_shards(folder / "out" / "photos", PHOTOS))


def read_failures(folder: Path) -> set[tuple[str, str]]:
    rows = tables.read_table(folder / "out" / "failures.parquet", FAILURES).to_pylist()
    return {(row["url"].rpartition("/")[2], row["reason"]) for row in rows}


def list_requested_paths(shop: LocalShop, prefix: str) -> list[str]:
    return sorted(path for path in shop.request_counts if path.startswith(prefix))


def serve_shopify(shop: LocalShop, page: int, numbers: range) -> None:
    """Serve a page of /products.json."""
    products = [
        {
            "id": 1000 + n,
            "title": f"Shirt {n}",
            "handle": f"shirt-{n}",
            "body_html": "<p>Soft.</p>",
            "variants": [{"id": n, "option1": "M"}],
            "images": [{"src": shop.base_url + shop.add_photo(f"{n}-0"), "position": 1}],
        }
        for n in numbers
    ]
    shop.add_page(f"{SHOPIFY}{page}", json.dumps({"products": products}), headers={"Content-Type": "application/json"})


def serve_woocommerce(shop: LocalShop, page: int, numbers: range, pages: int) -> None:
    """Serve a page of the Store API."""
    products = [
        {
            "id": n,
            "name": f"Shirt {n}",
            "permalink": f"{shop.base_url}/product/shirt-{n}/",
            "sku": f"S{n}",
            "images": [{"src": shop.base_url + shop.add_photo(f"{n}-0")}],
        }
        for n in numbers
    ]
    shop.add_page(f"{WOOCOMMERCE}{page}", json.dumps(products), headers={"X-WP-TotalPages": str(pages)})


def shirt_titles(*numbers: int) -> set[str]:
    return {f"Shirt {n}" for n in numbers}


def test_shopify_list_is_enough_and_ends_with_its_first_empty_page(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_sitemap([shop.add_product(9)])
        serve_shopify(shop, 1, range(3))
        serve_shopify(shop, 2, range(3, 5))
        serve_shopify(shop, 3, range(0))
        assert run_crawl(shop, tmp_path) == shirt_titles(*range(5))
        assert count_photos(tmp_path) == 5
        assert list_requested_paths(shop, "/p") == [f"{SHOPIFY}{page}" for page in (1, 2, 3)]
        assert not list_requested_paths(shop, "/sitemap")
        assert not read_failures(tmp_path)


def test_woocommerce_list_ends_at_its_stated_number_of_pages(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        serve_woocommerce(shop, 1, range(2), pages=2)
        serve_woocommerce(shop, 2, range(2, 4), pages=2)
        assert run_crawl(shop, tmp_path) == shirt_titles(*range(4))
        assert list_requested_paths(shop, "/wp-json") == [f"{WOOCOMMERCE}{page}" for page in (1, 2)]


def test_list_ends_if_later_pages_repeat_the_first(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        for page in range(1, 9):
            serve_shopify(shop, page, range(3))
        assert run_crawl(shop, tmp_path) == shirt_titles(*range(3))
        assert list_requested_paths(shop, "/products.json") == [f"{SHOPIFY}1", f"{SHOPIFY}2"]


def test_sitemaps_complete_a_list_that_fails(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        serve_shopify(shop, 1, range(3))
        shop.add_page(f"{SHOPIFY}2", "no", status=400)
        shop.add_sitemap([*(shop.add_product(n, path=f"/products/shirt-{n}") for n in (1, 2)), shop.add_product(7)])
        assert run_crawl(shop, tmp_path) == shirt_titles(0, 1, 2, 7)
        assert not list_requested_paths(shop, "/products/")
        assert read_failures(tmp_path) == {(f"{SHOPIFY}2"[1:], "HTTP 400")}


def test_list_disallowed_by_robots_txt_is_not_requested(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        serve_shopify(shop, 1, range(3))
        shop.add_sitemap([shop.add_product(7)])
        rules = "User-agent: *\nDisallow: /products.json\nDisallow: /wp-json\nSitemap: {base}/sitemap.xml\n"
        shop.add_page("/robots.txt", rules)
        assert run_crawl(shop, tmp_path) == shirt_titles(7)
        assert not list_requested_paths(shop, "/products.json")
        assert not list_requested_paths(shop, "/wp-json")
        assert not read_failures(tmp_path)


def test_html_page_at_the_url_of_a_list_is_not_a_feed(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_page(f"{SHOPIFY}1", "<h1>Welcome</h1>")
        shop.add_page(f"{WOOCOMMERCE}1", '{"code": "rest_no_route"}')
        shop.add_sitemap([shop.add_product(7)])
        assert run_crawl(shop, tmp_path) == shirt_titles(7)
        assert not read_failures(tmp_path)


def render_merchant_feed(shop: LocalShop, numbers: range) -> str:
    items = "".join(
        f"<item><g:id>S{n}</g:id><title>Shirt {n}</title><link>{shop.base_url}/p/{n}</link>"
        f"<g:image_link>{shop.base_url}{shop.add_photo(f'{n}-0')}</g:image_link></item>"
        for n in numbers
    )
    return f'<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>{items}</channel></rss>'


def test_merchant_feed_by_url_is_enough(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_sitemap([shop.add_product(9)])
        shop.add_page(
            "/media/feeds/google.php", render_merchant_feed(shop, range(4)), headers={"Content-Type": "application/xml"}
        )
        assert run_crawl(shop, tmp_path, feed=f"{shop.base_url}/media/feeds/google.php") == shirt_titles(*range(4))
        assert count_photos(tmp_path) == 4
        assert not list_requested_paths(shop, "/sitemap")


def test_start_url_that_is_a_feed_is_read_as_a_feed(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_page("/feed.xml", render_merchant_feed(shop, range(2)))
        assert run_crawl(shop, tmp_path, url=f"{shop.base_url}/feed.xml") == shirt_titles(0, 1)
        assert not list_requested_paths(shop, "/products.json")


def test_start_url_that_is_a_sitemap_is_read_as_a_sitemap(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_product(3)
        shop.add_page("/map.xml", "<urlset><url><loc>/p/3</loc></url></urlset>")
        assert run_crawl(shop, tmp_path, url=f"{shop.base_url}/map.xml") == shirt_titles(3)


def test_limit_keeps_the_first_products_of_a_feed(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_page("/feed.xml", render_merchant_feed(shop, range(9)))
        assert run_crawl(shop, tmp_path, feed=f"{shop.base_url}/feed.xml", max_products=3) == shirt_titles(0, 1, 2)
        assert len(list_requested_paths(shop, "/media")) == 3


def write_catalogue(shop: LocalShop, kind: str, folder: Path) -> Path:
    """Write a catalogue of two products and an invalid row."""
    rows = [
        {"id": f"S{n}", "title": f"Shirt {n}", "image_link": shop.base_url + shop.add_photo(f"{n}-0")} for n in range(2)
    ]
    rows.append({"id": "S2", "title": "", "image_link": ""})
    path = folder / f"catalogue.{kind}"
    if kind == "xml":
        path.write_text(
            render_merchant_feed(shop, range(2)).replace("</channel>", "<item><g:id>S2</g:id></item></channel>")
        )
    elif kind == "csv":
        path.write_text("id,title,image_link\n" + "".join(f"{','.join(row.values())}\n" for row in rows))
    else:
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


@pytest.mark.parametrize("kind", ["xml", "csv", "jsonl"])
def test_local_feed_file_gives_photos_and_lists_bad_rows(kind: str, tmp_path: Path) -> None:
    with run_local_shop() as shop:
        path = write_catalogue(shop, kind, tmp_path)
        assert run_crawl(shop, tmp_path, feed=str(path), strategy="feed") == shirt_titles(0, 1)
        assert count_photos(tmp_path) == 2
        assert {path for path in shop.request_counts if not path.startswith("/media")} == {"/robots.txt"}
    ((row, reason),) = read_failures(tmp_path)
    assert row.startswith(f"catalogue.{kind}#")
    assert reason == "feed: it has no title"


def test_missing_feed_file_raises_shop_error(tmp_path: Path) -> None:
    with run_local_shop() as shop, pytest.raises(ShopError, match=r"nowhere\.csv: cannot be read"):
        run_crawl(shop, tmp_path, feed=str(tmp_path / "nowhere.csv"))


def fill_shop(shop: LocalShop) -> None:
    """Serve a product in the sitemap, another on a listing, and a Shopify list."""
    serve_shopify(shop, 1, range(5, 6))
    shop.add_sitemap([shop.add_product(1)])
    shop.add_product(2)
    shop.add_page("/", '<h1>Welcome</h1><a href="/c/men">Men</a>')
    shop.add_page("/c/men", '<h1>Men</h1><a href="/p/1">a</a><a href="/p/2">b</a>')


@pytest.mark.parametrize(
    ("strategy", "found", "never"),
    [
        ("feed", (5,), ("/p/", "/c/", "/sitemap")),
        ("sitemap", (1,), ("/c/", "/products.json", "/wp-json")),
        ("links", (1, 2), ("/sitemap", "/products.json", "/wp-json")),
    ],
)
def test_strategy_finds_only_the_products_of_its_source(
    strategy: str, found: tuple[int, ...], never: tuple[str, ...], tmp_path: Path
) -> None:
    with run_local_shop() as shop:
        fill_shop(shop)
        assert run_crawl(shop, tmp_path, strategy=strategy) == shirt_titles(*found)
        assert not [path for path in shop.request_counts if path.startswith(never)]


@pytest.mark.parametrize("is_file", [False, True])
def test_strategy_products_requests_only_the_given_urls(is_file: bool, tmp_path: Path) -> None:
    with run_local_shop() as shop:
        fill_shop(shop)
        shop.add_page("/p/1", '<h1>Not here</h1><a href="/p/2">2</a>')
        given = [f"{shop.base_url}/p/1", f"{shop.base_url}/p/3?utm_source=list", "http://elsewhere.example/p/4"]
        shop.add_product(3)
        listed = ",".join(given)
        if is_file:
            listed = str(tmp_path / "products.txt")
            Path(listed).write_text("\n".join([*given, ""]))
        assert run_crawl(shop, tmp_path, strategy="products", product_urls=listed) == shirt_titles(3)
        assert {path for path in shop.request_counts if not path.startswith("/media")} == {
            "/robots.txt",
            "/p/1",
            "/p/3",
        }
        assert read_failures(tmp_path) == {("4", "leads off the shop")}


def test_photos_that_only_the_sitemap_lists_are_downloaded(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_product(1, photos=1)
        more = [shop.add_photo("1-0"), shop.add_photo("1-extra")]
        images = "".join(
            f"<image:image><image:loc>{shop.base_url}{path}?w=9</image:loc></image:image>" for path in more
        )
        for path in more:
            shop.responses[f"{path}?w=9"] = shop.responses[path]
        names = 'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
        shop.add_page("/sitemap.xml", f"<urlset {names}><url><loc>{shop.base_url}/p/1</loc>{images}</url></urlset>")
        run_crawl(shop, tmp_path)
        rows = [row for table in tables.read_shards(tmp_path / "out" / "photos", PHOTOS) for row in table.to_pylist()]
    assert [urlsplit(row["url"]).path for row in rows] == ["/media/1-0.jpg", "/media/1-extra.jpg"]
