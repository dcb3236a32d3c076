"""Photos in every format, with wrong names and types: crawled as served, then prepared or quarantined."""

import sys
from collections.abc import Iterator
from pathlib import Path

import hostile_photos
import numpy as np
import pytest
from hostile_crawl import CrawlResult, render_product_page, run_crawl
from hostile_photos import BLUE, RED
from local_shop import run_local_shop
from peak_memory import run_with_peak_mib

from weft.errors import PhotoError
from weft.photos.decode import decode
from weft.photos.resize import Pixels, letterbox

LIMITS = {"min_side": 48, "max_aspect_ratio": 6.0, "max_pixels": 40_000_000}
VALID, CONVERTED, INVALID = (
    hostile_photos.make_valid_photos(),
    hostile_photos.make_converted_photos(),
    hostile_photos.make_invalid_photos(),
)


@pytest.fixture(scope="module")
def crawl_result(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrawlResult]:
    photos = VALID | {name: body for name, (body, *_) in (CONVERTED | INVALID).items()}
    with run_local_shop() as shop:
        # All photos have the same file extension and type; only their bytes show the format.
        for name, body in photos.items():
            shop.add_page(f"/media/{name}.jpg", body, headers={"Content-Type": "image/jpeg"})
        shop.add_page(
            "/p/shirt", render_product_page("Shirt", [f"{shop.base_url}/media/{name}.jpg" for name in photos])
        )
        shop.add_sitemap(["/p/shirt"])
        yield run_crawl(shop, tmp_path_factory.mktemp("photos"))


def test_every_photo_is_stored_as_served(crawl_result: CrawlResult) -> None:
    served = VALID | {name: body for name, (body, *_) in (CONVERTED | INVALID).items()}
    assert crawl_result.photos == {f"/media/{name}.jpg": body for name, body in served.items()}
    assert not crawl_result.failures


def prepare_photo(crawl_result: CrawlResult, name: str) -> Pixels:
    return letterbox(decode(crawl_result.photos[f"/media/{name}.jpg"], 128, 96, **LIMITS), 128, 96)


def is_close_colour(pixel: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - np.array(colour)).max() <= 12)


@pytest.mark.parametrize("name", VALID)
def test_valid_photo_is_decoded_correctly(crawl_result: CrawlResult, name: str) -> None:
    pixels = prepare_photo(crawl_result, name)
    assert is_close_colour(pixels[30, 20], BLUE)
    assert is_close_colour(pixels[30, 76], RED)
    assert is_close_colour(pixels[100, 20], RED)
    assert is_close_colour(pixels[100, 76], RED)


@pytest.mark.parametrize("name", CONVERTED)
def test_greys_keep_their_value_and_transparency_becomes_white(crawl_result: CrawlResult, name: str) -> None:
    _, upper_left, lower_right = CONVERTED[name]
    pixels = prepare_photo(crawl_result, name)
    assert is_close_colour(pixels[30, 20], upper_left)
    assert is_close_colour(pixels[100, 76], lower_right)


@pytest.mark.parametrize("name", INVALID)
def test_unusable_photo_is_quarantined_with_its_reason(crawl_result: CrawlResult, name: str) -> None:
    with pytest.raises(PhotoError) as caught:
        prepare_photo(crawl_result, name)
    assert caught.value.reason == INVALID[name][1]


def test_large_png_is_rejected_without_much_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(INVALID["huge.png"][0])
    code = (
        "import sys; from weft.photos.decode import decode; from weft.errors import PhotoError\n"
        "try: decode(open(sys.argv[1], 'rb').read(), 128, 96)\n"
        "except PhotoError as error: sys.exit(str(error))"
    )
    with (tmp_path / "stderr").open("w") as stderr:
        _, peak = run_with_peak_mib([sys.executable, "-c", code, str(path)], tmp_path / "peak", stderr)
    assert (
        (tmp_path / "stderr")
        .read_text()
        .startswith("too many pixels: expected at most 40,000,000 pixels, got 12000 x 12000 px")
    )
    assert peak < 300


def test_large_png_is_crawled_without_much_memory(crawl_result: CrawlResult) -> None:
    assert crawl_result.peak_mib < 300
