"""The shops' pages: what a crawler finds there, and what it must not."""

import gzip
import json
import re
from html import unescape

import pytest

from weft.demo import addresses
from weft.demo.catalogue import DemoProduct, products
from weft.demo.shops import BY_MARKUP, BY_NAME, SHOPS, DemoShop
from weft.demo.site import Reply, Site
from weft.demo.texts import plain, text_of
from weft.demo.truth import truth

BASE = "http://shop.example"
COUNT = 60
MARKUPS = list(BY_MARKUP)


def site(markup: str, count: int = COUNT) -> Site:
    return Site(BY_MARKUP[markup], count, 1)


def stock(markup: str, count: int = COUNT) -> list[DemoProduct]:
    return [p for p in products(1, count) if p.shop == BY_MARKUP[markup].name]


def get(shop: Site, address: str) -> Reply:
    path, _, query = unescape(address.removeprefix(BASE)).partition("?")
    return shop.answer(path, dict(pair.split("=") for pair in query.split("&") if pair), BASE)


def page(shop: Site, address: str) -> str:
    reply = get(shop, address)
    assert reply.status == 200, address
    return reply.body.decode()


def product_links(shop: DemoShop, html: str) -> list[str]:
    return re.findall(r'<li class="card"><a href="([^"]+)"', html)


def walk(markup: str) -> dict[str, str]:
    """Every page that links from the home page lead to, forbidden ones and photos excepted."""
    shop, found, queue = site(markup), {}, ["/"]
    while queue:
        path = queue.pop()
        if path in found or path.startswith(BY_MARKUP[markup].disallowed):
            continue
        found[path] = page(shop, path)
        queue += re.findall(r'<a [^>]*href="(/[^"]*)"', found[path])
    return found


@pytest.mark.parametrize("markup", MARKUPS)
def test_links_from_the_home_page_reach_every_product_and_none_is_broken(markup: str) -> None:
    pages = walk(markup)
    shown = {addresses.number_in(path, BY_MARKUP[markup]) for path in pages} - {None}
    assert shown == {p.number for p in stock(markup)}


@pytest.mark.parametrize("markup", MARKUPS)
def test_every_page_links_forbidden_ground_that_robots_txt_names(markup: str) -> None:
    shop = site(markup)
    robots = page(shop, "/robots.txt")
    for prefix in BY_MARKUP[markup].disallowed:
        assert f"Disallow: {prefix}\n" in robots
        assert f'href="{prefix}?' in page(shop, "/")
        assert get(shop, f"{prefix}?from=header").kind == "disallowed"


@pytest.mark.parametrize("markup", MARKUPS)
def test_listings_have_pages_and_the_last_has_no_next(markup: str) -> None:
    shop, seen, path = site(markup, 300), [], "/c/women"
    while path:
        html = page(shop, path)
        seen += product_links(BY_MARKUP[markup], html)
        following = re.search(r'rel="next" href="([^"]+)"', html)
        path = following[1] if following else ""
    assert len(seen) == sum(p.gender == "women" for p in stock(markup, 300))
    assert len(seen) > BY_MARKUP[markup].page_size


def test_a_page_beyond_the_last_is_missing() -> None:
    assert get(site("jsonld"), "/c/women?page=99").status == 404
    assert get(site("jsonld"), "/c/nothing").status == 404


@pytest.mark.parametrize("markup", ["jsonld", "microdata"])
def test_the_sitemap_lists_every_product_once(markup: str) -> None:
    shop = site(markup)
    index = page(shop, "/sitemap.xml")
    assert f"Sitemap: {BASE}/sitemap.xml" in page(shop, "/robots.txt")
    urls: list[str] = []
    for part in re.findall(r"<loc>([^<]+)</loc>", index):
        body = get(shop, part).body
        urls += re.findall(r"<loc>([^<]+)</loc>", (gzip.decompress(body) if part.endswith(".gz") else body).decode())
    wanted = {BASE + addresses.product_path(p, text_of(p)) for p in stock(markup)}
    assert sorted(url for url in urls if "/c/" not in url) == sorted(wanted)


def test_one_shop_has_no_sitemap() -> None:
    shop = site("opengraph")
    assert "Sitemap" not in page(shop, "/robots.txt")
    assert get(shop, "/sitemap.xml").status == 404


@pytest.mark.parametrize("markup", MARKUPS)
def test_a_product_page_names_its_photos_and_its_canonical_address(markup: str) -> None:
    shop = site(markup)
    for p in stock(markup)[:5]:
        html = page(shop, addresses.product_path(p, text_of(p)))
        assert f'<link rel="canonical" href="{BASE}{addresses.product_path(p, text_of(p))}">' in html
        for position in range(len(p.views)):
            assert BASE + addresses.photo_path(p, position) in html
        assert BASE + addresses.photo_path(p, len(p.views)) not in html


def test_jsonld_tells_the_product_whole() -> None:
    shown = stock("jsonld")[3]
    html = page(site("jsonld"), addresses.product_path(shown, text_of(shown)))
    records = [json.loads(text) for text in re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)]
    product = records[0]
    assert product["name"] == text_of(shown).title
    assert product["description"] == plain(text_of(shown).html)
    assert len(product["image"]) == len(shown.views)
    assert [record["@type"] for record in records[1:]] == ["BreadcrumbList"] * len(text_of(shown).trails)


def test_microdata_pages_repeat_the_category_of_the_visit() -> None:
    shown, shop = stock("microdata")[2], site("microdata")
    text = text_of(shown)
    for trail in text.trails:
        html = page(shop, addresses.path_within(shown, text, trail))
        assert "".join(f"{step}</a></li>" for step in trail[-1:]) in html
        assert f'href="{BASE}{addresses.product_path(shown, text)}"' in html


def test_listings_load_thumbnails_late_and_track() -> None:
    for markup in MARKUPS:
        html = page(site(markup), "/c/women")
        assert 'data-src="/media/thumbs/' in html
        assert all(link.split("?")[1] for link in product_links(BY_MARKUP[markup], html))


def test_photos_are_served_and_unknown_ones_are_not() -> None:
    shop, shown = site("jsonld"), stock("jsonld")[0]
    assert get(shop, addresses.photo_path(shown, 0)).content_type == "image/jpeg"
    assert get(shop, addresses.photo_path(shown, len(shown.views))).status == 404
    assert get(shop, addresses.thumbnail_path(shown)).kind == "thumbnail"
    assert get(shop, "/media/AL99999-1.jpg").status == 404
    assert get(shop, "/media/BR10000-1.jpg").status == 404
    assert get(shop, "/media/../secrets").status == 404


def test_adding_products_changes_no_product_page() -> None:
    for shop in SHOPS:
        shown = stock(shop.markup, 30)[-1]
        path = addresses.product_path(shown, text_of(shown))
        few, many = (page(site(shop.markup, count), path) for count in (30, 90))
        main = re.compile(r"<main>.*</main>", re.DOTALL)
        assert main.findall(few) == main.findall(many)


def test_the_ground_truth_is_never_served() -> None:
    records = {str(record["product_id"]): record for record in truth(COUNT, 1)}
    for markup in MARKUPS:
        for path, html in walk(markup).items():
            number = addresses.number_in(path, BY_MARKUP[markup])
            for name in ("second_colour", "neckline", "sleeve", "pattern", "truth"):
                assert f'"{name}"' not in html
            if number is None:
                continue
            shown = next(p for p in stock(markup) if p.number == number)
            record = records[f"{shown.shop}/{shown.sku}"]
            assert json.dumps(record["words"]) not in html
            assert json.dumps(record["said"]) not in html
            assert not any(f"{view}.jpg" in html for view in shown.views)


def test_a_silent_shop_does_not_tell_the_kind_in_the_title() -> None:
    silent = [r for r in truth(3000, 1) if isinstance(r["said"], dict) and r["said"]["kind"] is None]
    assert silent
    shop_name, sku = str(silent[0]["product_id"]).split("/")
    shop = BY_NAME[shop_name]
    number = addresses.number_in(sku, shop)
    shown = next(p for p in products(1, 3000) if p.number == number)
    assert shown.kind not in text_of(shown).title.lower()
