"""Pages with wrong types and charsets, invalid JSON-LD, photos hidden in attributes, and photos with opt-outs."""

import json
from collections.abc import Iterator

import pytest
from hostile_crawl import CrawlResult, render_product_page, run_crawl
from local_shop import LocalShop, run_local_shop

TITLE = "Robe d’été Größe"

CHARSETS: dict[str, tuple[str, str, str, str]] = {
    # path: (encoding of the bytes, charset of the server, charset of the page, title)
    "/p/utf8-called-latin1": ("utf-8", "text/html; charset=iso-8859-1", "", TITLE),
    "/p/latin1-called-utf8": ("cp1252", "text/html; charset=utf-8", "", TITLE),
    "/p/latin1-unsaid": ("cp1252", "text/html", "", TITLE),
    "/p/meta-knows-better": ("gb18030", "text/html; charset=utf-8", "gb2312", "红色连衣裙"),
    "/p/header-knows-better": ("euc-jp", "text/html; charset=euc-jp", "iso-8859-1", "赤いドレス"),
    "/p/koi8": ("koi8-r", "text/html; charset=koi8-r", "", "Красное платье"),
    "/p/utf16": ("utf-16", "text/html; charset=utf-8", "", TITLE),
    "/p/no-charset-of-the-web": ("utf-8", "text/html; charset=punycode", "", TITLE),
    "/p/called-a-photo": ("utf-8", "image/jpeg", "", TITLE),
    "/p/called-octets": ("utf-8", "application/octet-stream", "", TITLE),
}

PARTS = '"@type": "Product", "name": "Shirt {0}", "sku": "{0}", "image": "{1}"'
BROKEN = {
    "comment": "/* made by hand */ {{" + PARTS + " // the end\n}}",
    "html-comment": "<!-- {{" + PARTS + "}} -->",
    "trailing-comma": "{{" + PARTS + ",}}",
    "trailing-semicolon": "{{" + PARTS + "}};",
    "cdata": "//<![CDATA[\n{{" + PARTS + "}}\n//]]>",
    "two-objects": '{{"@type": "Organization", "name": "Shop"}} {{' + PARTS + "}}",
    "bare-quote": "{{" + PARTS + ', "description": "a 5" heel, as seen on "TV" today"}}',
    "control-characters": "{{" + PARTS + ', "description": "first line\nsecond\tline\x0b"}}',
    "after-a-broken-one": '{{"@type": "WebSite", </script><script type="application/ld+json">{{' + PARTS + "}}",
}

TAGS = {
    # X-Robots-Tag or tdm-reservation header of a photo -> whether it may be downloaded
    "plain": ({}, True),
    "noai": ({"X-Robots-Tag": "noai"}, False),
    "noimageai": ({"X-Robots-Tag": "nofollow, NoImageAI"}, False),
    "noindex": ({"X-Robots-Tag": "noindex"}, False),
    "none": ({"X-Robots-Tag": "none"}, False),
    "for-us": ({"X-Robots-Tag": "weftbot: noai"}, False),
    "for-another": ({"X-Robots-Tag": "otherbot: noindex, noai"}, True),
    "of-no-matter": ({"X-Robots-Tag": "max-image-preview: large, nofollow"}, True),
    "dated": ({"X-Robots-Tag": "unavailable_after: 25 Jun 2010 15:00:00 PST"}, True),
    "reserved": ({"tdm-reservation": "1"}, False),
    "not-reserved": ({"tdm-reservation": "0"}, True),
}

HIDDEN = """
<div class="product gallery">
  <img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" data-src="/media/lazy.jpg" alt="Lazy">
  <img src="blob:http://shop.example/9115d58c" alt="Blob">
  <img src="/media/set-200.jpg" srcset="/media/set-200.jpg 200w, /media/set-800.jpg 800w" alt="Lazy">
</div>"""


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalShop, CrawlResult]]:
    with run_local_shop() as shop:
        photo = shop.base_url + shop.add_photo("one")
        for path, (encoding, kind, meta, title) in CHARSETS.items():
            page = render_product_page(title, [photo], sku=path)
            page = page.replace("<head>", f"<head><meta charset={meta}>" if meta else "<head>")
            shop.add_page(path, page.encode(encoding, errors="xmlcharrefreplace"), headers={"Content-Type": kind})
        for name, script in BROKEN.items():
            script = script.format(name, photo)
            shop.add_page(f"/b/{name}", f'<script type="application/ld+json">{script}</script><h1>Shirt {name}</h1>')
        tagged = [
            shop.add_photo(name, headers={"Content-Type": "image/jpeg", **tag}) for name, (tag, _) in TAGS.items()
        ]
        shop.add_page("/p/tagged", render_product_page("Tagged", [shop.base_url + path for path in tagged]))
        meta = "<meta name=robots content='noai, noimageai'>"
        shop.add_page("/p/page-meta", meta + render_product_page("Meta", [shop.base_url + shop.add_photo("meta")]))
        headers = {"Content-Type": "text/html", "X-Robots-Tag": "noimageai"}
        shop.add_page(
            "/p/page-header", render_product_page("Header", [shop.base_url + shop.add_photo("header")]), headers=headers
        )
        tdm = '<meta name="tdm-reservation" content="1">'
        shop.add_page("/p/page-tdm", tdm + render_product_page("Reserved", [shop.base_url + shop.add_photo("tdm")]))
        rules = [
            {"location": "/p/tdm-file", "tdm-reservation": 1, "tdm-policy": "https://shop.example/policy.json"},
            {"location": "/media/tdm-*.jpg$", "tdm-reservation": 1},
            {"location": "/*", "tdm-reservation": 0},
        ]
        shop.add_page("/.well-known/tdmrep.json", json.dumps(rules), headers={"Content-Type": "application/json"})
        shop.add_page("/p/tdm-file", render_product_page("File", [shop.base_url + shop.add_photo("file")]))
        shop.add_page("/p/tdm-photo", render_product_page("Part", [shop.base_url + shop.add_photo("tdm-part")]))
        noindex = "<meta name=robots content=noindex>"
        shop.add_page(
            "/p/page-noindex", noindex + render_product_page("Unlisted", [shop.base_url + shop.add_photo("unlisted")])
        )
        for name in ("lazy", "set-200", "set-800"):
            shop.add_photo(name)
        odd = ["data:image/png;base64,iVBORw0KGgo=", "blob:http://shop.example/1", "javascript:void(0)", "//", "$image"]
        shop.add_page("/p/hidden", render_product_page("Lazy", odd, HIDDEN))
        shop.add_sitemap([path for path in shop.responses if path.startswith(("/p/", "/b/"))])
        yield shop, run_crawl(shop, tmp_path_factory.mktemp("pages"))


@pytest.mark.parametrize("path", CHARSETS)
def test_page_is_decoded_in_the_encoding_of_its_bytes(crawled: tuple[LocalShop, CrawlResult], path: str) -> None:
    titles = {row["url"]: row["title"] for row in crawled[1].products.values()}
    assert titles[crawled[0].base_url + path] == CHARSETS[path][3]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_json_ld_is_repaired(crawled: tuple[LocalShop, CrawlResult], name: str) -> None:
    assert crawled[1].products[name]["title"] == f"Shirt {name}"


@pytest.mark.parametrize("name", TAGS)
def test_photo_is_downloaded_unless_its_owner_opts_out(crawled: tuple[LocalShop, CrawlResult], name: str) -> None:
    path = f"/media/{name}.jpg"
    assert (path in crawled[1].photos) is TAGS[name][1]
    assert crawled[1].failures.get(path) == (None if TAGS[name][1] else "opted out by its owner")


@pytest.mark.parametrize(
    ("product", "photo"),
    [("Meta", "meta"), ("Header", "header"), ("Reserved", "tdm"), ("File", "file"), ("Part", "tdm-part")],
)
def test_photos_of_an_opted_out_page_are_not_requested(
    crawled: tuple[LocalShop, CrawlResult], product: str, photo: str
) -> None:
    assert product in crawled[1].products
    assert crawled[0].request_counts[f"/media/{photo}.jpg"] == 0


def test_tdmrep_json_is_requested_once(crawled: tuple[LocalShop, CrawlResult]) -> None:
    assert crawled[0].request_counts["/.well-known/tdmrep.json"] == 1
    assert crawled[1].failures["/media/tdm-part.jpg"] == "opted out by its owner"


def test_noindex_page_keeps_its_photos(crawled: tuple[LocalShop, CrawlResult]) -> None:
    assert "/media/unlisted.jpg" in crawled[1].photos


def test_lazy_photos_are_downloaded_in_their_largest_size(
    crawled: tuple[LocalShop, CrawlResult],
) -> None:
    found = {path for path in crawled[1].photos if path.startswith(("/media/lazy", "/media/set"))}
    assert found == {"/media/lazy.jpg", "/media/set-800.jpg"}
    assert [path for path in crawled[0].request_counts if "data:" in path or "blob" in path or "$" in path] == []


def test_nothing_else_failed(crawled: tuple[LocalShop, CrawlResult]) -> None:
    assert set(crawled[1].failures.values()) == {"opted out by its owner"}
