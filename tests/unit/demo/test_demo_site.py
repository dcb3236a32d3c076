"""The shops' pages: what a crawler finds there, and what it must not."""

import gzip
import json
import re
from html import unescape

import pytest

from weft.demo.catalogue import DemoProduct, generate_products
from weft.demo.fault_injection import choose_fault
from weft.demo.garment_kinds import KINDS
from weft.demo.ground_truth import iter_ground_truth
from weft.demo.shops import SHOPS, SHOPS_BY_MARKUP, SHOPS_BY_NAME, DemoShop
from weft.demo.site import Site, SiteResponse
from weft.demo.text_generation import generate_text, strip_tags
from weft.demo.urls import (
    category_product_path,
    listing_path,
    parse_product_number,
    photo_path,
    product_path,
    thumbnail_path,
)

BASE = "http://shop.example"
COUNT = 60
MARKUPS = list(SHOPS_BY_MARKUP)


def make_site(markup: str, count: int = COUNT) -> Site:
    return Site(SHOPS_BY_MARKUP[markup], count, 1)


def list_shop_products(markup: str, count: int = COUNT) -> list[DemoProduct]:
    return [p for p in generate_products(1, count) if p.shop == SHOPS_BY_MARKUP[markup].name]


def request(shop: Site, url: str) -> SiteResponse:
    path, _, query = unescape(url.removeprefix(BASE)).partition("?")
    return shop.respond(path, dict(pair.split("=") for pair in query.split("&") if pair), BASE)


def request_html(shop: Site, url: str) -> str:
    response = request(shop, url)
    assert response.status == 200, url
    return response.body.decode()


def find_product_links(shop: DemoShop, html: str) -> list[str]:
    return re.findall(r'<li class="card"><a href="([^"]+)"', html)


def crawl_links(markup: str) -> dict[str, str]:
    """Every page that links from the home page lead to, forbidden ones and photos excepted."""
    shop, pages, queue = make_site(markup), {}, ["/"]
    while queue:
        path = queue.pop()
        if path in pages or path.startswith(SHOPS_BY_MARKUP[markup].disallowed):
            continue
        pages[path] = request_html(shop, path)
        queue += re.findall(r'<a [^>]*href="(/[^"]*)"', pages[path])
    return pages


@pytest.mark.parametrize("markup", MARKUPS)
def test_links_from_the_home_page_reach_every_product_and_none_is_broken(markup: str) -> None:
    pages = crawl_links(markup)
    product_numbers = {parse_product_number(path, SHOPS_BY_MARKUP[markup]) for path in pages} - {None}
    assert product_numbers == {p.number for p in list_shop_products(markup)}


@pytest.mark.parametrize("markup", MARKUPS)
def test_every_page_links_to_paths_that_robots_txt_disallows(markup: str) -> None:
    shop = make_site(markup)
    robots = request_html(shop, "/robots.txt")
    for prefix in SHOPS_BY_MARKUP[markup].disallowed:
        assert f"Disallow: {prefix}\n" in robots
        assert f'href="{prefix}?' in request_html(shop, "/")
        assert request(shop, f"{prefix}?from=header").kind == "disallowed"


@pytest.mark.parametrize("markup", MARKUPS)
def test_the_last_page_of_a_listing_has_no_next_link(markup: str) -> None:
    shop, seen, path = make_site(markup, 300), [], "/c/women"
    while path:
        html = request_html(shop, path)
        seen += find_product_links(SHOPS_BY_MARKUP[markup], html)
        following = re.search(r'rel="next" href="([^"]+)"', html)
        path = following[1] if following else ""
    assert len(seen) == sum(p.gender == "women" for p in list_shop_products(markup, 300))
    assert len(seen) > SHOPS_BY_MARKUP[markup].page_size


def test_a_page_after_the_last_is_not_found() -> None:
    assert request(make_site("jsonld"), "/c/women?page=99").status == 404
    assert request(make_site("jsonld"), "/c/nothing").status == 404


@pytest.mark.parametrize("markup", ["jsonld", "microdata"])
def test_the_sitemap_lists_every_product_once(markup: str) -> None:
    shop = make_site(markup)
    index = request_html(shop, "/sitemap.xml")
    assert f"Sitemap: {BASE}/sitemap.xml" in request_html(shop, "/robots.txt")
    urls: list[str] = []
    for part in re.findall(r"<loc>([^<]+)</loc>", index):
        body = request(shop, part).body
        urls += re.findall(r"<loc>([^<]+)</loc>", (gzip.decompress(body) if part.endswith(".gz") else body).decode())
    expected = {BASE + product_path(p, generate_text(p)) for p in list_shop_products(markup)}
    assert sorted(url for url in urls if "/c/" not in url) == sorted(expected)


def test_one_shop_has_no_sitemap() -> None:
    shop = make_site("opengraph")
    assert "Sitemap" not in request_html(shop, "/robots.txt")
    assert request(shop, "/sitemap.xml").status == 404


@pytest.mark.parametrize("markup", MARKUPS)
def test_a_product_page_links_its_photos_and_its_canonical_url(markup: str) -> None:
    shop = make_site(markup)
    for p in list_shop_products(markup)[:5]:
        html = request_html(shop, product_path(p, generate_text(p)))
        assert f'<link rel="canonical" href="{BASE}{product_path(p, generate_text(p))}">' in html
        for position in range(len(p.views)):
            assert BASE + photo_path(p, position) in html
        assert BASE + photo_path(p, len(p.views)) not in html


def test_jsonld_describes_the_complete_product() -> None:
    demo_product = list_shop_products("jsonld")[3]
    html = request_html(make_site("jsonld"), product_path(demo_product, generate_text(demo_product)))
    records = [json.loads(text) for text in re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)]
    product = records[0]
    assert product["name"] == generate_text(demo_product).title
    assert product["description"] == strip_tags(generate_text(demo_product).description_html)
    assert len(product["image"]) == len(demo_product.views)
    assert [record["@type"] for record in records[1:]] == ["BreadcrumbList"] * len(
        generate_text(demo_product).category_paths
    )


def test_microdata_pages_repeat_the_category_of_the_url() -> None:
    demo_product, shop = list_shop_products("microdata")[2], make_site("microdata")
    text = generate_text(demo_product)
    for trail in text.category_paths:
        html = request_html(shop, category_product_path(demo_product, text, trail))
        assert "".join(f"{step}</a></li>" for step in trail[-1:]) in html
        assert f'href="{BASE}{product_path(demo_product, text)}"' in html


def test_listings_have_lazy_thumbnails_and_tracking_links() -> None:
    for markup in MARKUPS:
        html = request_html(make_site(markup), "/c/women")
        assert 'data-src="/media/thumbs/' in html
        assert all(link.split("?")[1] for link in find_product_links(SHOPS_BY_MARKUP[markup], html))


def test_existing_photos_are_served_and_others_are_not_found() -> None:
    shop, demo_product = make_site("jsonld"), list_shop_products("jsonld")[0]
    assert request(shop, photo_path(demo_product, 0)).content_type == "image/jpeg"
    assert request(shop, photo_path(demo_product, len(demo_product.views))).status == 404
    assert request(shop, thumbnail_path(demo_product)).kind == "thumbnail"
    assert request(shop, "/media/AL99999-1.jpg").status == 404
    assert request(shop, "/media/BR10000-1.jpg").status == 404
    assert request(shop, "/media/../secrets").status == 404


def test_added_products_change_no_product_page() -> None:
    for shop in SHOPS:
        demo_product = list_shop_products(shop.markup, 30)[-1]
        path = product_path(demo_product, generate_text(demo_product))
        few, many = (request_html(make_site(shop.markup, count), path) for count in (30, 90))
        main = re.compile(r"<main>.*</main>", re.DOTALL)
        assert main.findall(few) == main.findall(many)


def test_the_ground_truth_is_never_served() -> None:
    records = {str(record["product_id"]): record for record in iter_ground_truth(COUNT, 1)}
    for markup in MARKUPS:
        for path, html in crawl_links(markup).items():
            number = parse_product_number(path, SHOPS_BY_MARKUP[markup])
            for name in ("second_colour", "neckline", "sleeve", "pattern", "truth"):
                assert f'"{name}"' not in html
            if number is None:
                continue
            demo_product = next(p for p in list_shop_products(markup) if p.number == number)
            record = records[f"{demo_product.shop}/{demo_product.sku}"]
            assert json.dumps(record["words"]) not in html
            assert json.dumps(record["said"]) not in html
            assert not any(f"{view}.jpg" in html for view in demo_product.views)


def test_a_product_under_a_wrong_kind_is_on_the_listing_of_that_kind() -> None:
    product, fault = next(
        (p, f) for p in generate_products(1, COUNT) if (f := choose_fault(p)) and f.attribute == "kind"
    )
    category_path = generate_text(product).category_paths[0]
    assert category_path[-1] == KINDS[str(fault.text_value)].category
    html = request_html(make_site(SHOPS_BY_NAME[product.shop].markup), listing_path(category_path))
    assert product.sku in html
