"""A query parameter is kept if, without it, links to different products would be one URL."""

import pytest

from crawler.discover.links import extract_links
from crawler.discover.sitemaps import parse_sitemap
from crawler.page.document import parse_html

URL = "http://shop.example"


def card(href: str, name: str, image: str = "") -> str:
    return f'<li class=card><a href="{href}"><img src="/{image or name}.jpg">{name}</a></li>'


def find_links(*cards: str, page: str = f"{URL}/new") -> set[str]:
    links = extract_links(parse_html(f"<h1>New</h1><ul>{''.join(cards)}</ul>", page)).followed
    return {link.url.removeprefix(URL) for link in links}


@pytest.mark.parametrize("name", ["ref", "pos", "sid", "src", "variant", "view", "show", "s", "do", "day"])
def test_parameter_that_tells_products_apart_is_kept(name: str) -> None:
    assert find_links(card(f"/item?{name}=1", "Scarf"), card(f"/item?{name}=2", "Hat")) == {
        f"/item?{name}=1",
        f"/item?{name}=2",
    }


DIFFERENT_VIEWS = {
    "tracking of different pages": [card("/p/1?pos=1", "Scarf"), card("/p/2?pos=2", "Hat")],
    "the same product twice": [card("/p/1?src=new", "Scarf"), card("/p/1?src=sale", "Scarf"), card("/p/2", "Hat")],
    "the same photo with another text": [card("/p/1?src=new", "New", "a"), card("/p/1?src=sale", "Sale", "a")],
    "an advertisement": [card("/p/1?utm_campaign=a", "Scarf"), card("/p/1?utm_campaign=b", "Hat")],
    "filters of the page itself": [card("/new?color=red", "Red"), card("/new?color=blue", "Blue")],
    "searches": [card("/find?s=red+dress", "Red dresses"), card("/find?s=hats", "Hats")],
    "links without cards": ['<a href="/p/1?ref=1">Scarf</a>', '<a href="/p/1?ref=2">Hat</a>'],
}


@pytest.mark.parametrize("case", DIFFERENT_VIEWS)
def test_parameter_of_another_view_is_dropped(case: str) -> None:
    assert not [url for url in find_links(*DIFFERENT_VIEWS[case]) if "?" in url]


def test_page_keeps_the_parameters_of_its_address_in_the_canonical_link() -> None:
    html = '<link rel=canonical href="/item?ref=1&utm_source=x"><h1>Scarf</h1>'
    page = parse_html(html, f"{URL}/item?ref=1&pos=4", frozenset({"ref"}))
    assert (page.url, page.canonical_url) == (f"{URL}/item?ref=1", f"{URL}/item?ref=1")


def read_sitemap(*paths: str) -> list[str]:
    entries = "".join(f"<url><loc>{URL}{path.replace('&', '&amp;')}</loc></url>" for path in paths)
    return [page.url.removeprefix(URL) for page in parse_sitemap(f"<urlset>{entries}</urlset>".encode(), URL).pages]


def test_sitemap_entries_that_differ_in_a_parameter_are_pages_of_their_own() -> None:
    found = read_sitemap("/item?ref=1", "/item?ref=2", "/item?ref=3")
    assert {"/item?ref=1", "/item?ref=2", "/item?ref=3"} <= set(found)


def test_advertisement_in_a_sitemap_is_dropped() -> None:
    assert read_sitemap("/p/1", "/p/1?utm_source=map", "/p/2?gclid=1") == ["/p/1", "/p/2"]


def test_sitemap_names_the_translations_of_a_page() -> None:
    links = '<x:link rel="alternate" hreflang="de" href="/de/1"/><x:link hreflang="fr" href="http://other.example/1"/>'
    body = f'<urlset xmlns:x="http://www.w3.org/1999/xhtml"><url>{links}<loc>{URL}/en/1</loc></url></urlset>'
    (page,) = parse_sitemap(body.encode(), URL).pages
    assert (page.url, page.translations) == (f"{URL}/en/1", (("de", f"{URL}/de/1"),))
