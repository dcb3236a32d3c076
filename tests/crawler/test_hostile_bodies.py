"""Responses that would fill the memory or block a connection, and photos that are not images."""

import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_answers import (
    COMPRESSORS,
    make_compression_bomb,
    make_endless_response,
    make_reset_response,
    make_silent_response,
    make_trickling_response,
)
from hostile_crawl import CrawlResult, render_product_page, run_crawl
from local_shop import LocalShop, run_local_shop
from PIL import Image

pytestmark = pytest.mark.slow

MIB = 1024 * 1024
SETTINGS = ("RETRY_BACKOFF_BASE=0.01", "WEFT_MIN_RATE_GRACE_SECONDS=2")


def make_jpeg(size: int = 64) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((size, size), 60).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def serve_photos(shop: LocalShop) -> dict[str, bytes]:
    """Serve valid and invalid photos; return the bytes of the valid ones by path."""
    good = {f"/media/{name}.jpg": make_jpeg() for name in ("plain", "octets", "reset-twice", "lied-about", "unsaid")}
    kinds = {"octets": "application/octet-stream", "lied-about": "text/html; charset=utf-8", "unsaid": ""}
    for path, body in good.items():
        kind = kinds.get(path[7:-4], "image/jpeg")
        shop.add_page(path, body, headers={"Content-Type": kind})
    shop.responses["/media/reset-twice.jpg"].script = make_reset_response(make_jpeg(128), 2)
    image = {"Content-Type": "image/jpeg"}
    shop.add_page("/media/html.jpg", "<!doctype html><h1>No such photo</h1>", headers=image)
    shop.add_page("/media/svg.jpg", "<svg xmlns='http://www.w3.org/2000/svg'/>", headers=image)
    shop.add_page("/media/empty.jpg", b"", headers=image)
    bomb = make_compression_bomb("gzip", 64 * MIB)
    shop.add_page("/media/bomb.jpg", bomb, headers={**image, "Content-Encoding": "gzip"})
    shop.add_page("/media/endless.jpg", b"", script=make_endless_response("image/jpeg"))
    shop.add_page("/media/trickle.jpg", b"", script=make_trickling_response("image/jpeg", lambda: time.sleep(0.05)))
    shop.add_page("/media/reset.jpg", make_jpeg(), script=make_reset_response(make_jpeg(), 99))
    return good


def serve_pages(shop: LocalShop) -> list[str]:
    """Serve pages that must fail, and return their paths."""
    for encoding in COMPRESSORS:
        body = make_compression_bomb(encoding, 64 * MIB)
        shop.add_page(f"/p/bomb-{encoding}", body, headers={"Content-Encoding": encoding})
    shop.add_page("/p/garbled", b"no gzip at all", headers={"Content-Encoding": "gzip"})
    shop.add_page("/p/endless", b"", script=make_endless_response())
    shop.add_page("/p/trickle", b"", script=make_trickling_response("text/html", lambda: time.sleep(0.05)))
    shop.add_page("/p/headers", b"", script=make_endless_response(as_headers=True))
    return [path for path in shop.responses if path.startswith("/p/")]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalShop, CrawlResult, dict[str, bytes]]]:
    with run_local_shop() as shop:
        bad = serve_pages(shop)
        good = serve_photos(shop)
        photos = [shop.base_url + path for path in shop.responses if path.startswith("/media/")]
        shop.add_page("/p/shirt", render_product_page("Shirt", photos))
        shop.add_sitemap(["/p/shirt", *bad])
        shop.add_page("/bomb.xml.gz", make_compression_bomb("gzip", 300 * MIB))
        robots = shop.responses["/robots.txt"]
        robots.body += f"Sitemap: {shop.base_url}/bomb.xml.gz\n".encode()
        yield shop, run_crawl(shop, tmp_path_factory.mktemp("bodies"), *SETTINGS), good


def test_valid_products_and_photos_are_exported(
    crawled: tuple[LocalShop, CrawlResult, dict[str, bytes]],
) -> None:
    assert list(crawled[1].products) == ["Shirt"]
    assert crawled[1].photos == crawled[2]


@pytest.mark.parametrize(
    ("path", "reason", "tries"),
    [
        ("/p/bomb-gzip", "too large", 1),
        ("/p/bomb-deflate", "too large", 1),
        ("/p/bomb-br", "too large", 1),
        ("/p/bomb-zstd", "too large", 1),
        ("/p/garbled", "cannot be decompressed", 1),
        ("/p/endless", "too large", 1),
        ("/p/trickle", "too slow", 1),
        ("/p/headers", "too large", 1),
        ("/bomb.xml.gz", "not a sitemap", 1),
        ("/media/bomb.jpg", "too large", 1),
        ("/media/endless.jpg", "too large", 1),
        ("/media/trickle.jpg", "too slow", 1),
        ("/media/reset.jpg", "connection broken", 5),
        ("/media/html.jpg", "not a photo", 1),
        ("/media/svg.jpg", "not a photo", 1),
        ("/media/empty.jpg", "not a photo", 1),
    ],
)
def test_invalid_responses_fail_with_their_reason(
    crawled: tuple[LocalShop, CrawlResult, dict[str, bytes]], path: str, reason: str, tries: int
) -> None:
    assert (crawled[1].failures[path], crawled[1].attempts[path]) == (reason, tries)


def test_there_are_no_other_failures(crawled: tuple[LocalShop, CrawlResult, dict[str, bytes]]) -> None:
    assert len(crawled[1].failures) == 16


def test_photo_is_retried_after_a_connection_reset(
    crawled: tuple[LocalShop, CrawlResult, dict[str, bytes]],
) -> None:
    assert crawled[0].request_counts["/media/reset-twice.jpg"] == 3


def test_memory_stays_below_its_limit(crawled: tuple[LocalShop, CrawlResult, dict[str, bytes]]) -> None:
    assert crawled[1].peak_mib < 300


def test_page_that_never_answers_is_requested_twice(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        shop.add_page("/p/silent", b"", script=make_silent_response())
        shop.add_sitemap([shop.add_product(1, photos=0), "/p/silent"])
        result = run_crawl(shop, tmp_path, "RETRY_BACKOFF_BASE=0.01", "DOWNLOAD_TIMEOUT=2")
    assert (result.failures["/p/silent"], result.attempts["/p/silent"]) == ("timeout", 2)
