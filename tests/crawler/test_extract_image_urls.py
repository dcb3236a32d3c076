"""The URL of a photo tells whether it is a photo, which sizes of it exist and which other photos are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.page.images import is_image, strip_junk
from crawler.values.image_urls import fill_size_template, image_key, is_decorative_url, width_from_url

HOST = "https://shop.example"
WORDS = ("logo", "blank", "star", "flag", "icon", "banner", "placeholder", "rating", "badge", "pixel", "sprite")


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("name", ["black-{}-t-shirt-1", "{}-tee", "{}ed_shirt", "tee_{}_back", "Tee%20{}%20Red"])
def test_a_file_name_with_such_a_word_as_a_part_is_a_photo(word: str, name: str) -> None:
    assert not is_decorative_url(f"{HOST}/i/{name.format(word)}.jpg")


@pytest.mark.parametrize(
    "name",
    [
        *("logo.png", "logo-300x100.png", "shop_logo.png", "placeholder.jpg", "no-image.png", "no_image_large.gif"),
        *("noimage.jpg", "no-photo.jpg", "image-not-available.png", "image_coming_soon.jpg", "default-image.jpg"),
        *("woocommerce-placeholder-600x600.png", "no-image-2048-5e88c1b20e087fb7bbe9a3771824e743_large.gif"),
        *("blank.gif", "spacer.gif", "1x1.gif", "loading.gif", "favicon.png", "star.png", "flag-2.png", "drawing.svg"),
        *("size-chart.jpg", "linen-dress-size-guide.png", "sizechart_women.jpg", "Gr%C3%B6%C3%9Fentabelle.jpg"),
        *("guide-des-tailles.jpg", "tabla-de-tallas.png", "video-thumbnail.jpg", "dress-video-poster.jpg"),
    ],
)
def test_a_whole_file_name_of_a_decoration_a_size_chart_or_a_video_is_no_photo(name: str) -> None:
    assert is_decorative_url(f"{HOST}/i/{name}")


@pytest.mark.parametrize("url", ["https://i.ytimg.com/vi/a/hq.jpg", "https://img.youtube.com/vi/a/0.jpg"])
def test_a_still_image_of_a_video_host_is_no_photo(url: str) -> None:
    assert is_decorative_url(url)


@pytest.mark.parametrize("name", ["no-1.jpg", "image-2.jpg", "main.jpg", "1.jpg", "photo.jpg", "IMG_2041.jpg"])
def test_a_number_or_a_plain_name_is_a_photo(name: str) -> None:
    assert not is_decorative_url(f"{HOST}/i/{name}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/thumb.php?f=a.jpg&w=800", "/thumb.php?f=b.jpg&w=800"),
        ("/media?key=91", "/media?key=92"),
        ("/pic.ashx?guid=aa1", "/pic.ashx?guid=bb2"),
        ("/pic?imageId=1", "/pic?imageId=2"),
        ("/v?v=1", "/v?v=2"),
        ("/image.php?v=1", "/image.php?v=2"),
        ("/i?q=front", "/i?q=back"),
        ("/i.jpg?view=front", "/i.jpg?view=back"),
        ("/i.jpg?1", "/i.jpg?2"),
        ("/m?set=source[/12/aaa.jpg],res[m]&call=url[f:/m]", "/m?set=source[/56/bbb.jpg],res[m]&call=url[f:/m]"),
        ("/_next/image?url=%2Fa.jpg&w=640", "/_next/image?url=%2Fb.jpg&w=640"),
        ("/a-1.jpg", "/a-2.jpg"),
        ("/small-bag.jpg", "/large-bag.jpg"),
    ],
)  # fmt: skip
def test_a_parameter_that_is_not_known_to_be_a_size_tells_photos_apart(one: str, other: str) -> None:
    assert image_key(HOST + one) != image_key(HOST + other)


@pytest.mark.parametrize(
    ("thumbnail", "original"),
    [
        ("/a.jpg?w=80&h=90&q=70&fit=crop", "/a.jpg"),
        ("/a.jpg?v=1700000000&width=80", "/a.jpg?v=1700000000"),
        ("/i?id=1&w=80", "/i?w=900&id=1"),
        ("/is/image/brand/a?$thumb$&wid=80", "/is/image/brand/a?$zoom$"),
        ("/_next/image?url=%2Fi%2Fa.jpg&w=640&q=75", "/i/a.jpg"),
        ("/cdn-cgi/image/width=80,quality=70/i/a.jpg", "/i/a.jpg"),
        ("/image/upload/w_80,c_fill/v12/a.jpg", "/image/upload/v12/a.jpg"),
        ("/images/stencil/100x100/products/1/a.jpg", "/images/stencil/1280x1280/products/1/a.jpg"),
        ("/123-small_default/a.jpg", "/123-large_default/a.jpg"),
        ("/products/thumbs/a.jpg", "/products/a.jpg"),
        ("/products/small/a.jpg", "/products/large/a.jpg"),
        ("/images/I/71abc._AC_SX300_.jpg", "/images/I/71abc.jpg"),
        ("/thumb_a.jpg", "/a.jpg"),
    ],
)
def test_a_thumbnail_has_the_key_of_its_original_and_is_not_wider(thumbnail: str, original: str) -> None:
    assert image_key(HOST + thumbnail) == image_key(HOST + original)
    assert width_from_url(HOST + thumbnail) <= width_from_url(HOST + original)


@pytest.mark.parametrize(
    ("template", "widths", "expected"),
    [
        ("/i/a_{width}x.jpg", [180, 1080], "/i/a_1080x.jpg"),
        ("/i/a_%7Bwidth%7Dx.jpg", [180, 1080], "/i/a_1080x.jpg"),
        ("/i/a-_{size}.jpg", [400], "/i/a-_400.jpg"),
        ("/i/a_{{ width }}x.jpg", [400], "/i/a_400x.jpg"),
        ("/i/a.jpg?w={width}&v=1", [], "/i/a.jpg?v=1"),
        ("/cdn/shop/files/a_{width}x.jpg?v=1", [], "/cdn/shop/files/a.jpg?v=1"),
        ("/cdn/shop/files/a_{width}x{height}.jpg", [], "/cdn/shop/files/a.jpg"),
        ("/cdn/shop/files/a-_{size}.jpg", [], "/cdn/shop/files/a.jpg"),
        ("/i/a_{width}x.jpg", [], None),
        ("/media/%7B1A2B-3C%7D/a.jpg", [], "/media/%7B1A2B-3C%7D/a.jpg"),
    ],
)
def test_a_size_template_is_filled_or_refused(template: str, widths: list[int], expected: str | None) -> None:
    assert fill_size_template(template, widths) == expected


@given(st.text(alphabet="abx/?&=-_.{}%7BD0123456789[]:", max_size=60))
def test_no_url_raises_an_error(text: str) -> None:
    for url in (f"{HOST}/{text}", f"{HOST}/a.jpg?{text}"):
        assert image_key(url).startswith("shop.example")
        assert width_from_url(url) >= 0
        assert is_decorative_url(url) is is_decorative_url(url.partition("?")[0]), "the file name alone tells"
        filled = fill_size_template(url)
        assert filled is None or fill_size_template(filled) == filled


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"


@pytest.mark.parametrize(
    "start", [b"\r\n", b"\xef\xbb\xbf", b"<!-- cached -->\n", b"\n\n \t", b"<br />\nWarning: x<br />\n"]
)
def test_junk_before_a_jpeg_is_removed(start: bytes) -> None:
    assert is_image(start + JPEG)
    assert strip_junk(start + JPEG) == JPEG
    assert strip_junk(JPEG) == JPEG


@pytest.mark.parametrize("image", [b"\x89PNG\r\n\x1a\n...", b"GIF89a...", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x1cftypavif"])
def test_a_blank_line_before_any_image_is_removed(image: bytes) -> None:
    assert strip_junk(b"\r\n\r\n" + image) == image


@pytest.mark.parametrize(
    "body", [b"", b"\n", b"\n\nBMW of Utrecht", b"<html>\n<p>GIF89a</p>", b"<!-- " * 50, b"\0\1" + JPEG]
)
def test_a_body_that_is_no_image_is_kept_and_refused(body: bytes) -> None:
    assert strip_junk(body) == body
    assert not is_image(body)
