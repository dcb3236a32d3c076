"""`weft extract` prints one line of JSON per product of a saved page or feed."""

import gzip
import json
import sys
from pathlib import Path

import pytest

from weft import cli
from weft.commands import extract as command

URL = "https://shop.example/p/blue-shirt"
PAGE = (
    '<script type="application/ld+json">{"@type": "Product", "name": "Blue shirt", "sku": "B1", "brand": "Fenwick",'
    '"gtin13": "4006381333931", "color": "Blue", "image": ["/a.jpg"], "description": "Cotton.",'
    '"offers": {"price": "49.00", "availability": "https://schema.org/InStock"}}</script><h1>Blue shirt</h1>'
    "<ul class='breadcrumb'><li>Home</li><li>Men</li></ul><table><tr><th>Neck</th><td>Round</td></tr></table>"
)


def run_weft(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["weft", "extract", *map(str, arguments)])
    return cli.main()


def write_file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("is_gzip", [False, True])
def test_a_page_gives_one_line_with_the_source_of_each_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_gzip: bool
) -> None:
    page = write_file(tmp_path, "page.html", gzip.compress(PAGE.encode()) if is_gzip else PAGE)
    assert run_weft(monkeypatch, page, "--url", URL) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "item_id": "B1",
        "item_id_source": "json-ld",
        "url": URL,
        "title": {"value": "Blue shirt", "source": "json-ld"},
        "description": {"value": "Cotton.", "source": "json-ld"},
        "brand": {"value": "Fenwick", "source": "json-ld"},
        "colour": {"value": "Blue", "source": "json-ld"},
        "sku": {"value": "B1", "source": "json-ld"},
        "gtin": {"value": "4006381333931", "source": "json-ld"},
        "mpn": None,
        "group_id": None,
        "price": {"value": "49.00", "source": "json-ld"},
        "currency": None,
        "availability": {"value": "InStock", "source": "json-ld"},
        "language": None,
        "category": {"value": "Men", "source": "page"},
        "categories": [{"value": "Men", "source": "page"}],
        "attributes": [{"name": "Neck", "value": "Round", "source": "page"}],
        "photos": [{"url": "https://shop.example/a.jpg", "colour": None, "source": "json-ld"}],
    }


def test_a_page_without_a_product_is_an_error_that_names_the_missing_signals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = write_file(tmp_path, "about.html", "<h1>About us</h1>")
    assert run_weft(monkeypatch, page, "--url", URL) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "no schema.org Product" in err
    assert "no button to buy" in err


def test_the_error_for_a_listing_gives_its_number_of_products(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cards = json.dumps([{"@type": "Product", "name": f"Shirt {n}", "url": f"/p/{n}"} for n in range(3)])
    page = write_file(tmp_path, "c.html", f'<script type="application/ld+json">{cards}</script><h1>Shirts</h1>')
    assert run_weft(monkeypatch, page, "--url", URL) == 2
    assert "3 products" in capsys.readouterr().err


FEEDS = {
    "shopify.json": '{"products": [{"id": 1, "title": "Hat", "handle": "hat", "variants": [], "images": []}]}',
    "product.json": '{"product": {"id": 1, "title": "Hat", "handle": "hat", "variants": []}}',
    "woo.json": '[{"id": 1, "name": "Hat", "permalink": "https://shop.example/hat", "images": []}]',
    "schema.json": '{"@graph": [{"@type": "Product", "name": "Hat", "sku": "1"}]}',
    "catalogue.json": '{"items": [{"id": "1", "title": "Hat", "image": "/a.jpg"}]}',
    "catalogue.jsonl": '{"id": "1", "title": "Hat"}\n{"id": "1", "title": "Hat", "size": "M"}\n',
    "feed.xml": '<rss xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>1</g:id><title>Hat</title></item>'
    "</channel></rss>",
    "catalogue.csv": "id;title\n1;Hat\n",
}


@pytest.mark.parametrize("name", FEEDS)
@pytest.mark.parametrize("is_gzip", [False, True])
def test_the_format_of_a_feed_is_detected_from_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, is_gzip: bool
) -> None:
    body = FEEDS[name].encode()
    feed = write_file(tmp_path, name, gzip.compress(body) if is_gzip else body)
    assert run_weft(monkeypatch, "--feed", feed, "--url", "https://shop.example/") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["item_id"], json.loads(line)["title"]["value"]) == ("1", "Hat")


def test_an_entry_that_is_not_a_product_is_skipped_and_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = write_file(tmp_path, "feed.jsonl", '{"id": 1, "title": "Hat"}\n{"id": 2}\n')
    assert run_weft(monkeypatch, "--feed", feed) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert err.count("line 2: it has no title") == 1


@pytest.mark.parametrize("body", [b"{}", b"[]", b"", b"\x00\x01", b"<html><p>No feed</p></html>", b"a,b\n1,2\n"])
def test_a_feed_without_a_product_ends_with_exit_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    assert run_weft(monkeypatch, "--feed", write_file(tmp_path, "feed", body)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "feed" in err


def test_a_page_that_is_too_large_after_decompression_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "MAX_PAGE_BYTES", 100_000)
    page = write_file(tmp_path, "bomb.html.gz", gzip.compress(b"a" * 1_000_000))
    assert run_weft(monkeypatch, page, "--url", URL) == 2
    assert "larger file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.html", "--url", URL), "cannot be read"),
        (("page.html",), "--url"),
        (("page.html", "--url", "x"), "--url"),
    ],
)
def test_the_error_names_the_missing_file_or_option(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_file(tmp_path, "page.html", PAGE)
    assert run_weft(monkeypatch, *arguments) == 2
    assert message in capsys.readouterr().err
