"""A thumbnail is replaced by a larger original, but only if the original is known to exist."""

import json

import pytest

from crawler.extract.combine import extract_product_from_html
from crawler.values.image_urls import image_key, larger_variant, original_variant, width_from_url

CDN = "https://cdn.shopify.com/s/files/1"
SIZES = json.dumps({"https://shop.example/l.jpg": [900, 900], "https://shop.example/s.jpg": [90, 90]})
WORDPRESS = "https://shop.example/wp-content/uploads/2024"


def extract_photo_paths(inner: str, head: str = "") -> list[str]:
    html = f"<html><head>{head}</head><body><h1>Hat</h1><div class='product-gallery'>{inner}</div>"
    product = extract_product_from_html(
        f"{html}<form action='/cart/add'><button>Add to cart</button></form>", "https://shop.example/p/hat"
    )
    assert product is not None
    return [photo.value.url.removeprefix("https://shop.example") for photo in product.photos]


@pytest.mark.parametrize(
    ("image", "expected"),
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
        ("<img data-src='/a_{width}x.jpg' data-widths='[180, 1080]'>", "/a_1080x.jpg"),
        ("<img data-src='/a_{width}x.jpg'><noscript><img src='/a_800x.jpg'></noscript>", "/a_800x.jpg"),
        ("<div data-lazy></div><noscript><img src='/a.jpg'></noscript>", "/a.jpg"),
        ("<noscript>&lt;img src='/a.jpg'&gt;</noscript>", "/a.jpg"),
        ("<amp-img src='/a-s.jpg' srcset='/a-s.jpg 300w, /a-l.jpg 900w' width='9' height='9'></amp-img>", "/a-l.jpg"),
        ("<div style=\"background-image: url('/a.jpg')\"></div>", "/a.jpg"),
        ("<div style='background:#fff url(/a.jpg) no-repeat'></div>", "/a.jpg"),
        ("<span data-bg='/a.jpg'></span>", "/a.jpg"),
        (
            "<amp-carousel><amp-img src='/a.jpg' width='1' height='1' layout='responsive'></amp-img></amp-carousel>",
            "/a.jpg",
        ),
        ("<a href='/big.jpg'>Enlarge</a>", "/big.jpg"),
        ("<a href='/big.jpg'><span style='background-image:url(/s.jpg)'></span></a>", "/big.jpg"),
        ("<li data-src='/big.jpg'></li>", "/big.jpg"),
        ("<img src='/black-logo-tee.png'>", "/black-logo-tee.png"),
        ("<img class='star' src='/logo.png'><img src='/a.jpg'>", "/a.jpg"),
        ("<img src='/a.jpg'><img src='/size-chart.jpg'><img src='/b1.jpg' alt='Size guide'>", "/a.jpg"),
        ("<img src='/a.jpg'><div class='video'><img src='/v.jpg'></div><img src='/w.jpg' alt='Video'>", "/a.jpg"),
        ("<a href='/a.jpg'><img src='/thumbs/a.jpg'></a><img src='/small/a.jpg'>", "/a.jpg"),
        ("<noscript><img width='1' height='1' src='/t.jpg'></noscript><img src='/a.jpg'>", "/a.jpg"),
    ],
)
def test_the_largest_version_of_an_image_is_taken(image: str, expected: str) -> None:
    assert extract_photo_paths(image) == [expected]


def test_an_original_in_another_source_replaces_the_thumbnail() -> None:
    node = {"@type": "Product", "name": "Hat", "image": ["/a-324x324.jpg"]}
    script = f"<script type='application/ld+json'>{json.dumps(node)}</script>"
    assert extract_photo_paths("<a href='/a.jpg'><img src='/a-100x100.jpg'></a>", script) == ["/a.jpg"]


def test_a_thumbnail_is_replaced_if_the_url_of_its_original_is_on_the_page() -> None:
    assert extract_photo_paths("<img src='/m/a_200x.jpg'>", "<link rel='preload' href='/m/a.jpg'>") == ["/m/a.jpg"]


def test_a_thumbnail_is_kept_if_its_original_may_not_exist() -> None:
    assert extract_photo_paths("<img src='/m/a_200x.jpg'>") == ["/m/a_200x.jpg"]
    assert extract_photo_paths("<img src='/m/a.jpg?width=200'>") == ["/m/a.jpg?width=200"]


@pytest.mark.parametrize(
    ("thumbnail", "expected"),
    [
        (f"{CDN}/shirt_200x.jpg?v=7", f"{CDN}/shirt.jpg?v=7"),
        (f"{CDN}/shirt_200x300_crop_center@2x.jpg", f"{CDN}/shirt.jpg"),
        (f"{CDN}/shirt_large.png?width=80&v=7", f"{CDN}/shirt.png?v=7"),
        ("https://shop.example/cdn/shop/files/a.jpg?v=1&width=200", "https://shop.example/cdn/shop/files/a.jpg?v=1"),
        (f"{WORDPRESS}/shirt-324x324.jpg", f"{WORDPRESS}/shirt.jpg"),
    ],
)
def test_the_original_follows_from_the_naming_rules_of_known_platforms(thumbnail: str, expected: str) -> None:
    assert original_variant(thumbnail, ()) == expected


def test_sizes_of_one_photo_have_one_key_and_two_photos_have_two() -> None:
    sizes = {image_key(f"https://x.example/a{suffix}.jpg") for suffix in ("", "-100x100", "_200x", "_x300", "_thumb")}
    assert len(sizes) == 1
    assert image_key("https://x.example/a.jpg?width=1") == image_key("http://x.example/a.jpg?width=2")
    assert image_key("https://x.example/i?id=1&w=9") != image_key("https://x.example/i?id=2&w=9")
    assert image_key("https://x.example/a-1.jpg") != image_key("https://x.example/a-2.jpg")


def test_a_url_without_a_size_is_the_original() -> None:
    assert width_from_url("https://x.example/a.jpg") > width_from_url("https://x.example/a-2000x2000.jpg") == 2000
    assert larger_variant("https://x.example/a_200x.jpg", "https://x.example/a_400x.jpg").endswith("_400x.jpg")


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("//cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("../img/a b.jpg", "/img/a%20b.jpg"),
        ("/a.jpg?x=1&amp;amp;y=2", "/a.jpg?x=1&y=2"),
        ("https:\\/\\/cdn.example\\/a.jpg", "https://cdn.example/a.jpg"),
        ("https://cdn.example/a.jpg?c=&#38;d", "https://cdn.example/a.jpg?c=&d"),
    ],
)
def test_relative_escaped_and_encoded_image_urls_are_resolved(href: str, expected: str) -> None:
    node = {"@type": "Product", "name": "Hat", "image": href}
    assert extract_photo_paths("", f"<script type='application/ld+json'>{json.dumps(node)}</script>") == [expected]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({"@type": "ImageObject", "image": "/a.jpg"}, ["/a.jpg"]),
        ({"@type": "ImageObject", "contentUrl": "/a.jpg", "thumbnailUrl": "/t.jpg"}, ["/a.jpg"]),
        ({"@type": "ImageObject", "thumbnailUrl": "/a.jpg"}, ["/a.jpg"]),
        ({"@type": "ImageObject", "@id": "/p/hat#photo", "url": "/a.jpg"}, ["/a.jpg"]),
        ({"@type": "ImageObject", "url": {"@id": "/a.jpg"}}, ["/a.jpg"]),
        ({"@list": ["/a.jpg", {"url": "/b.jpg"}]}, ["/a.jpg", "/b.jpg"]),
        ({"@set": [["/a.jpg"], "/b.jpg"]}, ["/a.jpg", "/b.jpg"]),
        ([{"@type": "VideoObject", "thumbnailUrl": "/v.jpg"}, "/a.jpg"], ["/a.jpg"]),
        ({"@type": "ImageGallery", "associatedMedia": [{"contentUrl": "/a.jpg"}]}, ["/a.jpg"]),
        ("/a_{width}x.jpg", []),
        (["/a-100x100.jpg", "/a.jpg"], ["/a.jpg"]),
    ],
)
def test_each_way_to_write_an_image_in_jsonld_is_read(image: object, expected: list[str]) -> None:
    node = {"@type": "Product", "name": "Hat", "image": image}
    assert extract_photo_paths("", f"<script type='application/ld+json'>{json.dumps(node)}</script>") == expected


@pytest.mark.parametrize("href", ["data:image/png;base64,AA", "blob:https://x/1", "{{ image }}", "", "${src}"])
def test_a_value_that_is_not_a_url_is_not_a_photo(href: str) -> None:
    node = {"@type": "Product", "name": "Hat", "image": [href, "/a.jpg"]}
    assert extract_photo_paths("", f"<script type='application/ld+json'>{json.dumps(node)}</script>") == ["/a.jpg"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<div class='product-image' style='background-image:url(/a.jpg)'></div>", ["/a.jpg"]),
        ("<noscript><div class=gallery><img src=/a.jpg><img src=/b.jpg></div></noscript>", ["/a.jpg", "/b.jpg"]),
        ("<img src='/black-logo-tee.jpg'><img src='/logo.png'><img src='/visa-icon.png'>", ["/black-logo-tee.jpg"]),
        ("<img src='/img.php?pic=1'><img src='/img.php?pic=2'>", ["/img.php?pic=1", "/img.php?pic=2"]),
        ("<a href='/big.jpg'><img src='/small.jpg'></a>", ["/big.jpg"]),
    ],
)  # fmt: skip
def test_photos_outside_a_gallery_are_found(body: str, expected: list[str]) -> None:
    html = f"<body><h1>Hat</h1>{body}<form action='/cart/add'><button>Add to cart</button></form></body>"
    product = extract_product_from_html(html, "https://shop.example/p/hat")
    assert product is not None
    assert [photo.value.url.removeprefix("https://shop.example") for photo in product.photos] == expected


def test_a_query_of_an_unknown_kind_is_a_size_if_another_source_names_the_file_alone() -> None:
    node = {"@type": "Product", "name": "Hat", "image": ["/a.jpg", "/b.jpg?f=1", "/b.jpg?f=2"]}
    script = f"<script type='application/ld+json'>{json.dumps(node)}</script>"
    assert extract_photo_paths("<img src='/a.jpg?f=s'>", script) == ["/a.jpg", "/b.jpg?f=1", "/b.jpg?f=2"]
