"""Answers that would fill the memory or hold a connection for ever, and photos that are none."""

import io
import time
from collections.abc import Iterator

import pytest
from hostile_answers import bombs, endless, reset_halfway, silence, trickle
from hostile_crawl import Harvest, crawl, product_page
from local_shop import Shop, open_shop
from PIL import Image

MIB = 1024 * 1024
SETTINGS = ("RETRY_WAIT=0.01", "WEFT_SLOW_AFTER=0.6", "DOWNLOAD_TIMEOUT=2")


def jpeg(size: int = 64) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((size, size), 60).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def serve_photos(shop: Shop) -> dict[str, bytes]:
    """Good and bad photos by path; the bytes of those that should come home."""
    good = {f"/media/{name}.jpg": jpeg() for name in ("plain", "octets", "reset-twice", "lied-about", "unsaid")}
    kinds = {"octets": "application/octet-stream", "lied-about": "text/html; charset=utf-8", "unsaid": ""}
    for path, body in good.items():
        kind = kinds.get(path[7:-4], "image/jpeg")
        shop.page(path, body, headers={"Content-Type": kind})
    shop.answers["/media/reset-twice.jpg"].script = reset_halfway(jpeg(128), 2)
    image = {"Content-Type": "image/jpeg"}
    shop.page("/media/html.jpg", "<!doctype html><h1>No such photo</h1>", headers=image)
    shop.page("/media/svg.jpg", "<svg xmlns='http://www.w3.org/2000/svg'/>", headers=image)
    shop.page("/media/empty.jpg", b"", headers=image)
    shop.page("/media/bomb.jpg", bombs(64 * MIB)["gzip"], headers={**image, "Content-Encoding": "gzip"})
    shop.page("/media/endless.jpg", b"", script=endless("image/jpeg"))
    shop.page("/media/trickle.jpg", b"", script=trickle("image/jpeg", lambda: time.sleep(0.05)))
    shop.page("/media/reset.jpg", jpeg(), script=reset_halfway(jpeg(), 99))
    return good


def serve_pages(shop: Shop) -> list[str]:
    """Pages that must not come home, and their paths."""
    for encoding, body in bombs(64 * MIB).items():
        shop.page(f"/p/bomb-{encoding}", body, headers={"Content-Encoding": encoding})
    shop.page("/p/garbled", b"no gzip at all", headers={"Content-Encoding": "gzip"})
    shop.page("/p/endless", b"", script=endless())
    shop.page("/p/trickle", b"", script=trickle("text/html", lambda: time.sleep(0.05)))
    shop.page("/p/silent", b"", script=silence())
    shop.page("/p/headers", b"", script=endless(as_headers=True))
    return [path for path in shop.answers if path.startswith("/p/")]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Harvest, dict[str, bytes]]]:
    with open_shop() as shop:
        bad = serve_pages(shop)
        good = serve_photos(shop)
        photos = [shop.base + path for path in shop.answers if path.startswith("/media/")]
        shop.page("/p/shirt", product_page("Shirt", photos))
        shop.sitemap(["/p/shirt", *bad])
        shop.page("/bomb.xml.gz", bombs(300 * MIB)["gzip"])
        robots = shop.answers["/robots.txt"]
        robots.body += f"Sitemap: {shop.base}/bomb.xml.gz\n".encode()
        yield shop, crawl(shop, tmp_path_factory.mktemp("bodies"), *SETTINGS), good


def test_the_products_and_photos_that_are_sound_come_home(crawled: tuple[Shop, Harvest, dict[str, bytes]]) -> None:
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
        ("/p/silent", "timeout", 2),
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
def test_what_is_not_has_its_reason(
    crawled: tuple[Shop, Harvest, dict[str, bytes]], path: str, reason: str, tries: int
) -> None:
    assert (crawled[1].failures[path], crawled[1].tries[path]) == (reason, tries)


def test_there_are_no_other_failures(crawled: tuple[Shop, Harvest, dict[str, bytes]]) -> None:
    assert len(crawled[1].failures) == 17


def test_a_photo_whose_connection_was_reset_is_asked_again(crawled: tuple[Shop, Harvest, dict[str, bytes]]) -> None:
    assert crawled[0].asked["/media/reset-twice.jpg"] == 3


def test_memory_stays_within_bounds(crawled: tuple[Shop, Harvest, dict[str, bytes]]) -> None:
    assert crawled[1].peak_mib < 300
