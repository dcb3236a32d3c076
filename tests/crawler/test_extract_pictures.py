"""Thumbnails give way to a larger original, but no address is made up."""

import json

import pytest

from crawler.extract.combine import extract_product_from_html
from crawler.extract.images import image_key, larger_variant, original_variant, width_from_url

CDN = "https://cdn.shopify.com/s/files/1"
SIZES = json.dumps({"https://shop.example/l.jpg": [900, 900], "https://shop.example/s.jpg": [90, 90]})
WORDPRESS = "https://shop.example/wp-content/uploads/2024"


def extract_photo_paths(inner: str, head: str = "") -> list[str]:
    html = f"<html><head>{head}</head><body><h1>Hat</h1><div class='product-gallery'>{inner}</div>"
    found = extract_product_from_html(
        f"{html}<form action='/cart/add'><button>Add to cart</button></form>", "https://shop.example/p/hat"
    )
    assert found is not None
    return [photo.value.url.removeprefix("https://shop.example") for photo in found.photos]


@pytest.mark.parametrize(
    ("image", "meant"),
    [
        ("<img src='/a-324x324.jpg' srcset='/a-324x324.jpg 324w, /a-1200x1200.jpg 1200w'>", "/a-1200x1200.jpg"),
        ("<img src='/a.jpg?width=200' srcset='/a.jpg?width=200 200w,/a.jpg?width=900 900w'>", "/a.jpg?width=900"),
        ("<img src='/s.jpg' srcset='/s.jpg, /l.jpg 2x'>", "/l.jpg"),
        ("<a href='/a.jpg'><img src='/a-100x100.jpg'></a>", "/a.jpg"),
        ("<img src='/a_200x.jpg' data-zoom-image='/a.jpg'>", "/a.jpg"),
        ("<img src='data:image/gif;base64,R0' data-src='/lazy.jpg'>", "/lazy.jpg"),
        (f"<img src='/s.jpg' data-sizes='{SIZES}'>", "/l.jpg"),
        ("<picture><source srcset='/a-2000.webp 2000w'><img src='/a-400.jpg'></picture>", "/a-2000.webp"),
        ("<a href='#' data-image='/big.jpg'><img width='60' height='60' src='/small.jpg'></a>", "/big.jpg"),
    ],
)
def test_the_largest_form_that_an_image_knows_is_taken(image: str, meant: str) -> None:
    assert extract_photo_paths(image) == [meant]


def test_an_original_that_another_layer_names_replaces_the_thumbnail() -> None:
    node = {"@type": "Product", "name": "Hat", "image": ["/a-324x324.jpg"]}
    script = f"<script type='application/ld+json'>{json.dumps(node)}</script>"
    assert extract_photo_paths("<a href='/a.jpg'><img src='/a-100x100.jpg'></a>", script) == ["/a.jpg"]


def test_an_original_that_stands_anywhere_on_the_page_is_evidence_enough() -> None:
    assert extract_photo_paths("<img src='/m/a_200x.jpg'>", "<link rel='preload' href='/m/a.jpg'>") == ["/m/a.jpg"]


def test_an_original_without_evidence_is_not_made_up() -> None:
    assert extract_photo_paths("<img src='/m/a_200x.jpg'>") == ["/m/a_200x.jpg"]
    assert extract_photo_paths("<img src='/m/a.jpg?width=200'>") == ["/m/a.jpg?width=200"]


@pytest.mark.parametrize(
    ("thumbnail", "meant"),
    [
        (f"{CDN}/shirt_200x.jpg?v=7", f"{CDN}/shirt.jpg?v=7"),
        (f"{CDN}/shirt_200x300_crop_center@2x.jpg", f"{CDN}/shirt.jpg"),
        (f"{CDN}/shirt_large.png?width=80&v=7", f"{CDN}/shirt.png?v=7"),
        ("https://shop.example/cdn/shop/files/a.jpg?v=1&width=200", "https://shop.example/cdn/shop/files/a.jpg?v=1"),
        (f"{WORDPRESS}/shirt-324x324.jpg", f"{WORDPRESS}/shirt.jpg"),
    ],
)
def test_platforms_whose_naming_is_known_need_no_evidence(thumbnail: str, meant: str) -> None:
    assert original_variant(thumbnail, "") == meant


def test_sizes_of_one_photo_are_one_and_two_photos_are_two() -> None:
    sizes = {image_key(f"https://x.example/a{suffix}.jpg") for suffix in ("", "-100x100", "_200x", "_x300", "_thumb")}
    assert len(sizes) == 1
    assert image_key("https://x.example/a.jpg?width=1") == image_key("http://x.example/a.jpg?width=2")
    assert image_key("https://x.example/i?id=1&w=9") != image_key("https://x.example/i?id=2&w=9")
    assert image_key("https://x.example/a-1.jpg") != image_key("https://x.example/a-2.jpg")


def test_an_address_without_a_size_is_the_original() -> None:
    assert width_from_url("https://x.example/a.jpg") > width_from_url("https://x.example/a-2000x2000.jpg") == 2000
    assert larger_variant("https://x.example/a_200x.jpg", "https://x.example/a_400x.jpg").endswith("_400x.jpg")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("//cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("../img/a b.jpg", "/img/a%20b.jpg"),
        ("/a.jpg?x=1&amp;amp;y=2", "/a.jpg?x=1&y=2"),
        ("https:\\/\\/cdn.example\\/a.jpg", "https://cdn.example/a.jpg"),
        ("https://cdn.example/a.jpg?c=&#38;d", "https://cdn.example/a.jpg?c=&d"),
    ],
)
def test_addresses_are_read_however_they_are_written(written: str, meant: str) -> None:
    node = {"@type": "Product", "name": "Hat", "image": written}
    assert extract_photo_paths("", f"<script type='application/ld+json'>{json.dumps(node)}</script>") == [meant]


@pytest.mark.parametrize("written", ["data:image/png;base64,AA", "blob:https://x/1", "{{ image }}", "", "${src}"])
def test_what_is_no_address_is_no_photo(written: str) -> None:
    node = {"@type": "Product", "name": "Hat", "image": [written, "/a.jpg"]}
    assert extract_photo_paths("", f"<script type='application/ld+json'>{json.dumps(node)}</script>") == ["/a.jpg"]
