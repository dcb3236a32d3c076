"""Canonical URLs, sitemaps, and the links of a page."""

import gzip
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.discover import links, sitemaps, urls
from crawler.page.document import parse_html


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://Shop.Example:80/p/1?utm_source=x&id=7#top", "http://shop.example/p/1?id=7"),
        ("http://shop.example/p/1?src=nav&pos=3&ref=x&gclid=1&fbclid=2&sid=9", "http://shop.example/p/1"),
        ("http://shop.example", "http://shop.example/"),
        ("http://shop.example./p/1", "http://shop.example/p/1"),
        ("http://shop.example/c?p=2", "http://shop.example/c?p=2"),
        ("http://shop.example/été", "http://shop.example/%C3%A9t%C3%A9"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ],
)
def test_a_page_has_one_canonical_url(url: str, expected: str) -> None:
    assert urls.canonicalize(url) == expected


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_canonical_url_is_its_own_canonical_url(path: str, query: str) -> None:
    url = urls.absolute_url("http://shop.example/", f"/{path}?{query}")
    if url is not None:
        assert urls.canonicalize(urls.canonicalize(url)) == urls.canonicalize(url)


def test_path_suffixes_keep_the_query() -> None:
    suffixes = list(urls.path_suffixes("http://shop.example/women/tops/p/1?v=2"))
    assert suffixes == [f"http://shop.example/{path}?v=2" for path in ("tops/p/1", "p/1", "1")]
    assert not list(urls.path_suffixes("http://shop.example/"))


@pytest.mark.parametrize("href", ["mailto:a@b.c", "javascript:void(0)", "data:,x", "http://[broken", "ftp://x/y"])
def test_an_href_that_is_not_http_has_no_absolute_url(href: str) -> None:
    assert urls.absolute_url("http://shop.example/", href) is None


def test_only_the_product_sitemaps_of_an_index_are_followed() -> None:
    names = ["sitemap-pages.xml", "sitemap-products-1.xml.gz", "product_cat-sitemap.xml", "sitemap-shelves.xml"]
    body = "".join(f"<sitemap><loc>/{name}</loc></sitemap>" for name in names)
    sitemap = sitemaps.parse_sitemap(f"<sitemapindex>{body}</sitemapindex>".encode(), "http://shop.example/sitemap.xml")
    assert sitemap.sitemaps == ("http://shop.example/sitemap-products-1.xml.gz",)


def test_all_sitemaps_of_an_index_are_followed_if_none_is_named_after_products() -> None:
    body = "<sitemapindex><sitemap><loc>/a.xml</loc></sitemap><sitemap><loc>/b.xml</loc></sitemap></sitemapindex>"
    assert len(sitemaps.parse_sitemap(body.encode(), "http://shop.example/").sitemaps) == 2


def test_a_compressed_urlset_gives_each_page_once() -> None:
    body = "<urlset><url><loc>/p/1?utm_source=map</loc></url><url><loc>/p/1</loc></url></urlset>"
    sitemap = sitemaps.parse_sitemap(gzip.compress(body.encode()), "http://shop.example/s.xml.gz")
    assert [page.url for page in sitemap.pages] == ["http://shop.example/p/1"]


SITEMAP = (
    '<?xml version="1.0" encoding="UTF-8"?><urlset><url><loc>http://shop.example/q.php?id=1&cat=5</loc></url></urlset>'
)
RSS_SITEMAP = "<rss><channel><item><link>http://shop.example/q.php?id=1&amp;cat=5</link></item></channel></rss>"
ATOM_SITEMAP = '<feed><entry><link href="http://shop.example/q.php?id=1&amp;cat=5"/></entry></feed>'


@pytest.mark.parametrize(
    "body",
    [
        SITEMAP.encode(),
        SITEMAP.replace("&", "&amp;").encode("utf-16"),
        gzip.compress(gzip.compress(SITEMAP.encode(), mtime=0), mtime=0),
        b"<br />\n<b>Notice</b>: x in y<br />\n" + SITEMAP.encode(),
        RSS_SITEMAP.encode(),
        ATOM_SITEMAP.encode(),
    ],
    ids=["bare ampersand", "UTF-16", "gzip inside gzip", "PHP notice", "RSS", "Atom"],
)
def test_a_sitemap_that_shops_write_is_read(body: bytes) -> None:
    sitemap = sitemaps.parse_sitemap(body, "http://shop.example/sitemap.xml")
    assert [page.url for page in sitemap.pages] == ["http://shop.example/q.php?id=1&cat=5"]


@pytest.mark.parametrize("body", [b"", b"<html><body>not found</body></html>", b"<", b"\x1f\x8bgarbage"])
def test_bytes_that_are_not_a_sitemap_give_no_page(body: bytes) -> None:
    try:
        sitemap = sitemaps.parse_sitemap(body, "http://shop.example/")
    except ValueError:
        return
    assert (sitemap.sitemaps, list(sitemap.pages)) == ((), [])


def test_links_to_other_sites_and_to_traps_are_not_followed() -> None:
    html = (
        '<a href="/p/1?pos=1">1</a><a href="/p/1?pos=2">1</a><a href="?p=2">next</a><a href="?sort=price">s</a>'
        '<a href="/c?colour=blue">f</a><a href="http://other.example/">o</a><a href="/guide.pdf">g</a>'
        '<a href="/login" rel="nofollow">l</a><a href="#top">t</a><a href="https://www.shop.example/p/2">2</a>'
    )
    page = parse_html(html, "http://shop.example/c")
    assert [link.url for link in links.extract_links(page).followed] == [
        "http://shop.example/p/1",
        "http://shop.example/c?p=2",
        "https://www.shop.example/p/2",
    ]


def test_links_in_navigation_footer_and_recommendations_are_not_in_the_main_content() -> None:
    html = (
        '<nav><a href="/c/men">Men</a><a href="/p/1">New</a></nav><main><a href="/p/1?pos=1">1</a></main>'
        '<div class="also-viewed"><a href="/p/2">2</a></div><footer><a href="/p/3">Gift card</a></footer>'
    )
    in_main_content = {
        urlsplit(link.url).path: link.in_main_content
        for link in links.extract_links(parse_html(html, "http://shop.example/c")).followed
    }
    assert in_main_content == {"/c/men": False, "/p/1": True, "/p/2": False, "/p/3": False}


def test_the_title_of_a_listing_is_its_heading_or_else_its_title_tag() -> None:
    assert links.page_title(parse_html("<title>Tops | Buy online</title><h1>Blouses</h1>", "http://a.b/")) == "Blouses"
    assert links.page_title(parse_html("<title>Tops | Buy online</title>", "http://a.b/")) == "Tops"


@pytest.mark.parametrize(
    "html",
    [
        '<meta http-equiv="refresh" content="0; url=/en/">',
        "<meta http-equiv=Refresh content='3;URL=/en/'>",
        '<div data-href="/en/">Shop</div>',
        '<a href="#" data-url="/en/">Shop</a>',
        """<div onclick="location.href='/en/'">Shop</div>""",
        """<a href="#" onclick="window.open('/en/')">Shop</a>""",
        '<script>window.location.href = "/en/";</script>',
        "<script>location.replace('/en/')</script>",
        "<shop-card href=/en/></shop-card>",
        "<select onchange='location=this.value'><option value=/en/>English</option></select>",
        '<script type="application/ld+json">{"@type":"ItemList","itemListElement":["/en/"]}</script>',
        '<script type="application/ld+json">{"@type":"ItemList","itemListElement":[{"item":{"@id":"/en/"}}]}</script>',
        '<script type="application/ld+json">{"@type":"ItemList","itemListElement":[{"@type":"ListItem","item":'
        '{"@type":"Product","name":"Dress","offers":{"url":"/en/"}}}]}</script>',
    ],
)
def test_a_target_that_a_browser_opens_without_a_plain_link_is_followed(html: str) -> None:
    page = parse_html(f"<html><head></head><body>{html}</body></html>", "http://shop.example/")
    assert [link.url for link in links.extract_links(page).followed] == ["http://shop.example/en/"]


def test_the_frames_of_a_page_are_followed() -> None:
    page = parse_html("<html><frameset><frame src=/en/></frameset></html>", "http://shop.example/")
    assert [link.url for link in links.extract_links(page).followed] == ["http://shop.example/en/"]


def test_a_page_with_links_of_its_own_does_not_lead_to_another_by_its_scripts() -> None:
    html = "<script>function go() { location.href = '/login' }</script>" + "".join(
        f"<a href=/p/{n}>{n}</a>" for n in range(3)
    )
    page = parse_html(html, "http://shop.example/")
    assert [urlsplit(link.url).path for link in links.extract_links(page).followed] == ["/p/0", "/p/1", "/p/2"]


def test_a_page_that_is_refreshed_after_a_long_wait_shows_something_itself() -> None:
    page = parse_html('<meta http-equiv="refresh" content="600; url=/en/"><body></body>', "http://shop.example/")
    assert links.extract_links(page).followed == ()
