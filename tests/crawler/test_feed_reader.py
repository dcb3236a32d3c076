"""One detector decides the format of a feed, for the crawl and for `weft extract`."""

import gzip
import json
from pathlib import Path

import pytest

from crawler.feeds import reader
from crawler.items import FeedPartItem
from weft.commands.extract import extract_feed
from weft.errors import InputError

URL = "https://shop.example/feed"
SHOPIFY = [
    {"id": n, "title": title, "handle": title.lower(), "vendor": "Fenwick", "variants": [{"id": n}], "images": []}
    for n, title in enumerate(("Hat", "Cap"))
]
WOOCOMMERCE = [
    {"id": n, "name": title, "permalink": f"https://shop.example/{title.lower()}", "images": []}
    for n, title in enumerate(("Hat", "Cap"))
]
SCHEMA_ORG = [{"@type": "Product", "name": title, "sku": title, "url": f"/{title}"} for title in ("Hat", "Cap")]
FLAT = [{"id": n, "title": title, "description": "A permalink."} for n, title in enumerate(("Hat", "Cap"))]
MERCHANT = (
    '<rss xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>1</g:id><title>Hat</title></item>'
    "<item><g:id>2</g:id><title>Cap</title></item></channel></rss>"
)


def to_json_lines(*entries: object) -> str:
    return "\n".join(map(json.dumps, entries))


FEEDS = {
    "Shopify, one value": json.dumps({"products": SHOPIFY}),
    "Shopify, one value with line breaks": json.dumps({"products": SHOPIFY}, indent=1),
    "Shopify, one product a line": '{"products": [\n' + ",\n".join(map(json.dumps, SHOPIFY)) + "\n]}\n",
    "Shopify, JSON lines": to_json_lines(*SHOPIFY),
    "WooCommerce, a list": json.dumps(WOOCOMMERCE),
    "WooCommerce, JSON lines": to_json_lines(*WOOCOMMERCE) + "\n",
    "schema.org, a graph": json.dumps({"@context": "https://schema.org", "@graph": SCHEMA_ORG}),
    "schema.org, JSON lines": to_json_lines(*SCHEMA_ORG),
    "flat records below a key": json.dumps({"items": FLAT}),
    "flat records, a list": json.dumps(FLAT),
    "flat records, JSON lines": to_json_lines(*FLAT),
    "JSON lines with a broken first line": "{broken\n" + to_json_lines(*FLAT),
    "JSON lines with a long first line": to_json_lines(FLAT[0] | {"note": "x" * 100_000}, FLAT[1]),
    "Merchant XML": MERCHANT,
    "CSV": "id;title\n1;Hat\n2;Cap\n",
}


def crawl_products(source: Path | bytes) -> list[tuple[str, str, str]]:
    parts: list[FeedPartItem] = list(reader.read_feed(source, URL, "shop", row=1))
    products = [feed_product.product for part in parts for feed_product in part.products]
    return [(product.product_id, product.title, product.url) for product in products]


def extracted_products(feed: Path) -> list[tuple[str, str, str]]:
    products = map(json.loads, extract_feed(feed, URL))
    return [(f"shop/{product['item_id']}", product["title"]["value"], product["url"]) for product in products]


@pytest.mark.parametrize("is_gzip", [False, True])
@pytest.mark.parametrize("name", FEEDS)
def test_the_crawl_and_the_extract_command_read_the_same_products(tmp_path: Path, name: str, is_gzip: bool) -> None:
    body = gzip.compress(FEEDS[name].encode()) if is_gzip else FEEDS[name].encode()
    feed = tmp_path / "feed"
    feed.write_bytes(body)
    products = crawl_products(feed)
    assert [title for _, title, _ in products] == ["Hat", "Cap"]
    assert crawl_products(body) == products
    assert extracted_products(feed) == products


@pytest.mark.parametrize("body", [b"{}", b"[]", b"{}\n{}\n", b"<html><p>No feed</p></html>", b'{"error": "not found"}'])
def test_the_crawl_and_the_extract_command_find_no_product_in_the_same_bytes(tmp_path: Path, body: bytes) -> None:
    feed = tmp_path / "feed"
    feed.write_bytes(body)
    assert crawl_products(feed) == []
    with pytest.raises(InputError, match="got none"):
        list(extract_feed(feed, URL))


@pytest.mark.parametrize(
    ("head", "feed_format"),
    [
        (b"\xef\xbb\xbf\n <rss>", "xml"),
        (b"", "csv"),
        (b"id,title\n", "csv"),
        (b"[1]\n[2]", "json"),
        (b'{"a": 1}', "json"),
        (b'{"a": 1}\n\n', "json"),
        (b'{"a": 1}\n{"a": 2', "json-lines"),
        (b'{"a": 1}\n{broken\n', "json-lines"),
        (b'{broken,\n{"a": 1}\n{"a": 1}\n', "json-lines"),
        (b'{"a":\n{"b": 1}\n}', "json"),
        (b'{"a": [\n{"b": 1},\n{"b": 2}\n]}', "json"),
        (b'{"a": [\n{"b": "x', "json"),
    ],
)
def test_the_format_is_detected_from_the_first_bytes(head: bytes, feed_format: str) -> None:
    assert reader.detect_format(head) == feed_format
