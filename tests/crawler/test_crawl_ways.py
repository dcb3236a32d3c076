"""How a shop's products are found: feeds before sitemaps before links, each way alone, and the same by every way."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from local_shop import Shop, open_shop, settings

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import FAILURES, PHOTOS, PRODUCTS
from weft.errors import ShopError

SHOPIFY = "/products.json?limit=250&page="
WOOCOMMERCE = "/wp-json/wc/store/v1/products?per_page=100&page="


def crawl(shop: Shop, folder: Path, **wanted: Any) -> set[str]:
    """Titles of the products that came home."""
    url = wanted.pop("url", shop.base)
    named = params.Shop(name="test", url=url, allow_private=True, **wanted)
    crawl_shops(settings(named), folder / "state", folder / "out")
    rows = tables.read(folder / "out" / "products.parquet", PRODUCTS).to_pylist()
    return {row["title"] for row in rows}


def photos(folder: Path) -> int:
    return sum(table.num_rows for table in tables.read_shards(folder / "out" / "photos", PHOTOS))


def failures(folder: Path) -> set[tuple[str, str]]:
    rows = tables.read(folder / "out" / "failures.parquet", FAILURES).to_pylist()
    return {(row["url"].rpartition("/")[2], row["reason"]) for row in rows}


def asked(shop: Shop, beginning: str) -> list[str]:
    return sorted(path for path in shop.asked if path.startswith(beginning))


def shopify(shop: Shop, page: int, numbers: range) -> None:
    """Serve a page of /products.json."""
    products = [
        {
            "id": 1000 + n,
            "title": f"Shirt {n}",
            "handle": f"shirt-{n}",
            "body_html": "<p>Soft.</p>",
            "variants": [{"id": n, "option1": "M"}],
            "images": [{"src": shop.base + shop.photo(f"{n}-0"), "position": 1}],
        }
        for n in numbers
    ]
    shop.page(f"{SHOPIFY}{page}", json.dumps({"products": products}), headers={"Content-Type": "application/json"})


def woocommerce(shop: Shop, page: int, numbers: range, pages: int) -> None:
    """Serve a page of the Store API."""
    products = [
        {
            "id": n,
            "name": f"Shirt {n}",
            "permalink": f"{shop.base}/product/shirt-{n}/",
            "sku": f"S{n}",
            "images": [{"src": shop.base + shop.photo(f"{n}-0")}],
        }
        for n in numbers
    ]
    shop.page(f"{WOOCOMMERCE}{page}", json.dumps(products), headers={"X-WP-TotalPages": str(pages)})


def shirts(*numbers: int) -> set[str]:
    return {f"Shirt {n}" for n in numbers}


def test_a_shopify_list_is_enough_and_ends_with_its_first_empty_page(tmp_path: Path) -> None:
    with open_shop() as shop:
        shop.sitemap([shop.product(9)])
        shopify(shop, 1, range(3))
        shopify(shop, 2, range(3, 5))
        shopify(shop, 3, range(0))
        assert crawl(shop, tmp_path) == shirts(*range(5))
        assert photos(tmp_path) == 5
        assert asked(shop, "/p") == [f"{SHOPIFY}{page}" for page in (1, 2, 3)]
        assert not asked(shop, "/sitemap")
        assert not failures(tmp_path)


def test_a_woocommerce_list_ends_where_it_says(tmp_path: Path) -> None:
    with open_shop() as shop:
        woocommerce(shop, 1, range(2), pages=2)
        woocommerce(shop, 2, range(2, 4), pages=2)
        assert crawl(shop, tmp_path) == shirts(*range(4))
        assert asked(shop, "/wp-json") == [f"{WOOCOMMERCE}{page}" for page in (1, 2)]


def test_a_list_whose_further_pages_repeat_the_first_ends(tmp_path: Path) -> None:
    with open_shop() as shop:
        for page in range(1, 9):
            shopify(shop, page, range(3))
        assert crawl(shop, tmp_path) == shirts(*range(3))
        assert asked(shop, "/products.json") == [f"{SHOPIFY}1", f"{SHOPIFY}2"]


def test_where_a_list_breaks_off_sitemaps_bring_the_rest(tmp_path: Path) -> None:
    with open_shop() as shop:
        shopify(shop, 1, range(3))
        shop.page(f"{SHOPIFY}2", "no", status=400)
        shop.sitemap([*(shop.product(n, path=f"/products/shirt-{n}") for n in (1, 2)), shop.product(7)])
        assert crawl(shop, tmp_path) == shirts(0, 1, 2, 7)
        assert not asked(shop, "/products/")
        assert failures(tmp_path) == {(f"{SHOPIFY}2"[1:], "HTTP 400")}


def test_a_list_that_robots_txt_forbids_is_never_asked(tmp_path: Path) -> None:
    with open_shop() as shop:
        shopify(shop, 1, range(3))
        shop.sitemap([shop.product(7)])
        rules = "User-agent: *\nDisallow: /products.json\nDisallow: /wp-json\nSitemap: {base}/sitemap.xml\n"
        shop.page("/robots.txt", rules)
        assert crawl(shop, tmp_path) == shirts(7)
        assert not asked(shop, "/products.json")
        assert not asked(shop, "/wp-json")
        assert not failures(tmp_path)


def test_a_page_of_another_kind_in_a_list_s_place_is_no_feed(tmp_path: Path) -> None:
    with open_shop() as shop:
        shop.page(f"{SHOPIFY}1", "<h1>Welcome</h1>")
        shop.page(f"{WOOCOMMERCE}1", '{"code": "rest_no_route"}')
        shop.sitemap([shop.product(7)])
        assert crawl(shop, tmp_path) == shirts(7)
        assert not failures(tmp_path)


def merchant(shop: Shop, numbers: range) -> str:
    items = "".join(
        f"<item><g:id>S{n}</g:id><title>Shirt {n}</title><link>{shop.base}/p/{n}</link>"
        f"<g:image_link>{shop.base}{shop.photo(f'{n}-0')}</g:image_link></item>"
        for n in numbers
    )
    return f'<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>{items}</channel></rss>'


def test_a_merchant_feed_by_url_is_enough(tmp_path: Path) -> None:
    with open_shop() as shop:
        shop.sitemap([shop.product(9)])
        shop.page("/media/feeds/google.php", merchant(shop, range(4)), headers={"Content-Type": "application/xml"})
        assert crawl(shop, tmp_path, feed=f"{shop.base}/media/feeds/google.php") == shirts(*range(4))
        assert photos(tmp_path) == 4
        assert not asked(shop, "/sitemap")


def test_a_url_that_is_a_feed_is_read_as_one(tmp_path: Path) -> None:
    with open_shop() as shop:
        shop.page("/feed.xml", merchant(shop, range(2)))
        assert crawl(shop, tmp_path, url=f"{shop.base}/feed.xml") == shirts(0, 1)
        assert not asked(shop, "/products.json")


def test_a_url_that_is_a_sitemap_is_read_as_one(tmp_path: Path) -> None:
    with open_shop() as shop:
        shop.product(3)
        shop.page("/map.xml", "<urlset><url><loc>/p/3</loc></url></urlset>")
        assert crawl(shop, tmp_path, url=f"{shop.base}/map.xml") == shirts(3)


def test_a_limit_takes_the_first_of_a_feed(tmp_path: Path) -> None:
    with open_shop() as shop:
        shop.page("/feed.xml", merchant(shop, range(9)))
        assert crawl(shop, tmp_path, feed=f"{shop.base}/feed.xml", max_products=3) == shirts(0, 1, 2)
        assert len(asked(shop, "/media")) == 3


def catalogue(shop: Shop, kind: str, folder: Path) -> Path:
    """A catalogue of two products and a row that is none."""
    rows = [{"id": f"S{n}", "title": f"Shirt {n}", "image_link": shop.base + shop.photo(f"{n}-0")} for n in range(2)]
    rows.append({"id": "S2", "title": "", "image_link": ""})
    path = folder / f"catalogue.{kind}"
    if kind == "xml":
        path.write_text(merchant(shop, range(2)).replace("</channel>", "<item><g:id>S2</g:id></item></channel>"))
    elif kind == "csv":
        path.write_text("id,title,image_link\n" + "".join(f"{','.join(row.values())}\n" for row in rows))
    else:
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


@pytest.mark.parametrize("kind", ["xml", "csv", "jsonl"])
def test_a_catalogue_by_path_brings_its_photos_home_and_tells_its_bad_rows(kind: str, tmp_path: Path) -> None:
    with open_shop() as shop:
        path = catalogue(shop, kind, tmp_path)
        assert crawl(shop, tmp_path, feed=str(path), strategy="feed") == shirts(0, 1)
        assert photos(tmp_path) == 2
        assert {path for path in shop.asked if not path.startswith("/media")} == {"/robots.txt"}
    ((row, reason),) = failures(tmp_path)
    assert row.startswith(f"catalogue.{kind}#")
    assert reason == "feed: it has no title"


def test_a_catalogue_that_is_not_there_is_named(tmp_path: Path) -> None:
    with open_shop() as shop, pytest.raises(ShopError, match=r"nowhere\.csv: cannot be read"):
        crawl(shop, tmp_path, feed=str(tmp_path / "nowhere.csv"))


def stock(shop: Shop) -> None:
    """A product in the sitemap, another on a listing of the home page, and a list of Shopify's."""
    shopify(shop, 1, range(5, 6))
    shop.sitemap([shop.product(1)])
    shop.product(2)
    shop.page("/", '<h1>Welcome</h1><a href="/c/men">Men</a>')
    shop.page("/c/men", '<h1>Men</h1><a href="/p/1">a</a><a href="/p/2">b</a>')


@pytest.mark.parametrize(
    ("strategy", "found", "never"),
    [
        ("feed", (5,), ("/p/", "/c/", "/sitemap")),
        ("sitemap", (1,), ("/c/", "/products.json", "/wp-json")),
        ("links", (1, 2), ("/sitemap", "/products.json", "/wp-json")),
    ],
)
def test_a_strategy_keeps_to_its_way(
    strategy: str, found: tuple[int, ...], never: tuple[str, ...], tmp_path: Path
) -> None:
    with open_shop() as shop:
        stock(shop)
        assert crawl(shop, tmp_path, strategy=strategy) == shirts(*found)
        assert not [path for path in shop.asked if path.startswith(never)]


@pytest.mark.parametrize("is_file", [False, True])
def test_given_products_are_asked_and_nothing_else(is_file: bool, tmp_path: Path) -> None:
    with open_shop() as shop:
        stock(shop)
        shop.page("/p/1", '<h1>Not here</h1><a href="/p/2">2</a>')
        given = [f"{shop.base}/p/1", f"{shop.base}/p/3?utm_source=list", "http://elsewhere.example/p/4"]
        shop.product(3)
        listed = ",".join(given)
        if is_file:
            listed = str(tmp_path / "products.txt")
            Path(listed).write_text("\n".join([*given, ""]))
        assert crawl(shop, tmp_path, strategy="products", products=listed) == shirts(3)
        assert {path for path in shop.asked if not path.startswith("/media")} == {"/robots.txt", "/p/1", "/p/3"}
        assert failures(tmp_path) == {("4", "leads off the shop")}


def test_photos_that_only_the_sitemap_names_come_home(tmp_path: Path) -> None:
    with open_shop() as shop:
        shop.product(1, photos=1)
        more = [shop.photo("1-0"), shop.photo("1-extra")]
        images = "".join(f"<image:image><image:loc>{shop.base}{path}?w=9</image:loc></image:image>" for path in more)
        for path in more:
            shop.answers[f"{path}?w=9"] = shop.answers[path]
        names = 'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
        shop.page("/sitemap.xml", f"<urlset {names}><url><loc>{shop.base}/p/1</loc>{images}</url></urlset>")
        crawl(shop, tmp_path)
        rows = [row for table in tables.read_shards(tmp_path / "out" / "photos", PHOTOS) for row in table.to_pylist()]
    assert [urlsplit(row["url"]).path for row in rows] == ["/media/1-0.jpg", "/media/1-extra.jpg"]
