"""Decoding of every kind of bytes that real shops serve as photos."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from weft.errors import PhotoError
from weft.photos import decode as decode_module
from weft.photos.decode import decode, to_rgb
from weft.photos.resize import letterbox

RED = (200, 30, 40)


def encode_image(image: Image.Image, image_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def make_plain_image(size: tuple[int, int] = (60, 80), colour: tuple[int, int, int] = RED) -> Image.Image:
    return Image.new("RGB", size, colour)


def make_textured_image(size: tuple[int, int] = (60, 80)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), np.uint8))


def is_close_colour(pixel: object, colour: tuple[int, int, int], tolerance: int = 6) -> bool:
    return bool(np.abs(np.asarray(pixel, int) - np.asarray(colour)).max() <= tolerance)


def make_png_header(width: int, height: int) -> bytes:
    """A valid header of a photo of width x height pixels, followed by hardly any data."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_each_format_is_decoded_to_rgb_of_its_size(kind: str) -> None:
    image = decode(encode_image(make_plain_image(), kind))
    assert (image.mode, image.size) == ("RGB", (60, 80))
    assert is_close_colour(image.getpixel((30, 40)), RED)


@pytest.mark.parametrize(
    ("data", "description"),
    [
        (b"", "no bytes"),
        (b"\n<!DOCTYPE html><html><body>404</body></html>", "an HTML page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"%PDF-1.7 catalogue", "unknown format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 60 80\n", "unknown format"),
        (encode_image(make_textured_image(), "JPEG")[:900], ""),
        (encode_image(make_textured_image(), "PNG")[:900], ""),
        (encode_image(make_textured_image(), "WEBP")[:900], ""),
        (encode_image(make_plain_image(), "JPEG")[:20], ""),
    ],
    ids=["empty", "html", "svg", "pdf", "eps", "cut jpeg", "cut png", "cut webp", "jpeg header"],
)
def test_bytes_that_are_no_complete_photo_are_refused_and_described(data: bytes, description: str) -> None:
    with pytest.raises(PhotoError) as caught:
        decode(data)
    assert caught.value.reason == "cannot be decoded"
    assert caught.value.detail
    assert description in caught.value.detail
    assert "0x" not in caught.value.detail, "a memory address differs from run to run"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_is_refused(kind: str) -> None:
    frames = [make_plain_image(), make_textured_image(), make_plain_image(colour=(0, 0, 255))]
    with pytest.raises(PhotoError, match="animated"):
        decode(encode_image(frames[0], kind, save_all=True, append_images=frames[1:], duration=80))


def test_a_tiff_of_two_pages_is_its_first_page() -> None:
    image = decode(encode_image(make_plain_image(), "TIFF", save_all=True, append_images=[make_textured_image()]))
    assert is_close_colour(image.getpixel((5, 5)), RED)


@pytest.mark.parametrize("size", [(12_000, 12_000), (40_000, 30_000), (8_000, 5_001)])
def test_too_many_pixels_are_refused_by_the_header_alone(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(PhotoError) as caught:
        decode(make_png_header(*size))
    assert caught.value.reason == "too many pixels"
    assert "40,000,000" in caught.value.detail


def test_a_photo_below_the_minimum_side_is_tiny() -> None:
    with pytest.raises(PhotoError) as caught:
        decode(encode_image(make_plain_image((40, 30)), "PNG"), min_side=48)
    assert str(caught.value) == "tiny: expected a shorter side of at least 48 px, got 40 x 30 px"


def test_one_pixel_is_a_photo_unless_a_minimum_side_is_set() -> None:
    data = encode_image(make_plain_image((1, 1)), "PNG")
    assert decode(data).size == (1, 1)
    with pytest.raises(PhotoError, match="tiny"):
        decode(data, min_side=2)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_turns_the_photo_upright(orientation: int) -> None:
    upright = make_plain_image((64, 96))
    upright.paste((0, 0, 255), (0, 0, 32, 48))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # members of Image.Transpose
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encode_image(stored, "JPEG", exif=exif, quality=95, subsampling=0))
    assert image.size == (64, 96)
    assert is_close_colour(image.getpixel((8, 8)), (0, 0, 255), 12)
    assert is_close_colour(image.getpixel((60, 8)), RED, 12)
    assert is_close_colour(image.getpixel((8, 90)), RED, 12)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_decoded_smaller_but_never_below_the_given_size(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = make_plain_image((1200, 1600)) if orientation == 1 else make_plain_image((1600, 1200))
    image = decode(encode_image(stored, "JPEG", exif=exif), height=300, width=200)
    assert image.size == (300, 400)


def test_an_invalid_orientation_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    assert decode(encode_image(make_plain_image(), "JPEG", exif=exif)).size == (60, 80)


def test_cmyk_keeps_its_colour() -> None:
    image = decode(encode_image(make_plain_image().convert("CMYK"), "JPEG", quality=95))
    assert is_close_colour(image.getpixel((30, 40)), RED, 10)


def test_sixteen_bit_grey_does_not_turn_white() -> None:
    grey = Image.fromarray(np.full((80, 60), 0x4000, np.uint16))
    assert decode(encode_image(grey, "PNG")).getpixel((5, 5)) == (0x40, 0x40, 0x40)


def test_floating_point_pixels_are_refused() -> None:
    with pytest.raises(PhotoError, match="floating-point"):
        decode(encode_image(Image.new("F", (60, 80), 0.5), "TIFF"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_become_white(mode: str) -> None:
    image = Image.new(mode, (60, 80), 0)
    assert decode(encode_image(image, "PNG")).getpixel((5, 5)) == (255, 255, 255)


def test_a_palette_keeps_its_colours_and_its_transparent_pixels_become_white() -> None:
    image = make_plain_image().convert("P", palette=Image.Palette.ADAPTIVE)
    assert is_close_colour(decode(encode_image(image, "PNG")).getpixel((5, 5)), RED)
    clear = Image.new("P", (60, 80))
    clear.putpalette([0, 0, 0, *RED])
    clear.paste(1, (30, 0, 60, 80))
    data = encode_image(clear, "PNG", transparency=bytes([0, 255]))
    assert decode(data).getpixel((5, 5)) == (255, 255, 255)
    assert is_close_colour(decode(data).getpixel((50, 5)), RED)


def test_broken_metadata_gives_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    exif = Image.Exif()
    exif[0x0112] = 1
    exif[0x010E] = "a long description " * 9
    data = encode_image(make_plain_image(), "JPEG", exif=exif)
    at = data.index(b"Exif\0\0")
    assert decode(data[: at + 14] + b"\xff\xff\xff\xff" + data[at + 18 :]).size == (60, 80)
    assert not recwarn.list


@settings(max_examples=150, deadline=None)
@given(
    start=st.sampled_from(
        [b"", *(encode_image(make_textured_image((16, 16)), kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF"))]
    ),
    at=st.integers(0, 400),
    junk=st.binary(max_size=60),
)
def test_hostile_bytes_raise_only_photo_error(start: bytes, at: int, junk: bytes) -> None:
    try:
        image = decode(start[:at] + junk + start[at + len(junk) :], 8, 8)
    except PhotoError:
        return
    assert image.mode == "RGB"


def test_a_photo_beyond_the_aspect_ratio_is_long_and_narrow_in_either_orientation() -> None:
    assert decode(encode_image(make_plain_image((60, 360)), "PNG"), max_aspect_ratio=6.0).size == (60, 360)
    for size in ((60, 361), (361, 60)):
        with pytest.raises(PhotoError) as caught:
            decode(encode_image(make_plain_image(size), "PNG"), max_aspect_ratio=6.0)
        assert (
            str(caught.value)
            == f"long and narrow: expected an aspect ratio of at most 6 : 1, got {size[0]} x {size[1]} px"
        )


def test_limits_are_checked_on_the_header_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    for size, reason in (((99, 200), "tiny"), ((200, 1300), "long and narrow"), ((1001, 1000), "too many pixels")):
        with pytest.raises(PhotoError) as caught:
            decode(make_png_header(*size), min_side=100, max_aspect_ratio=6.0, max_pixels=1_000_000)
        assert caught.value.reason == reason


def test_junk_after_the_first_frame_is_a_photo_error() -> None:
    data = encode_image(make_plain_image(), "GIF")
    with pytest.raises(PhotoError):
        decode(data[:-1] + b"\x2c" + b"\xff" * 40)


def test_a_png_with_its_orientation_after_its_pixels_is_rotated() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = make_plain_image((96, 64))
    stored.paste((0, 0, 255), (0, 0, 32, 16))
    out = encode_image(stored, "PNG", exif=exif)
    start = out.index(b"eXIf") - 4
    length = 12 + int.from_bytes(out[start : start + 4], "big")
    end = out.index(b"IEND") - 4
    moved = out[:start] + out[start + length : end] + out[start : start + length] + out[end:]
    image = decode(moved)
    assert image.size == (64, 96)
    assert is_close_colour(image.getpixel((60, 4)), (0, 0, 255))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "L", "I;16", "1"])
def test_a_large_photo_in_strips_is_the_same_picture(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    if mode == "I;16":
        image = Image.fromarray(rng.integers(0, 65_535, (317, 211), np.uint16))
    else:
        image = Image.fromarray(rng.integers(0, 255, (317, 211, 4), np.uint8), "RGBA").convert(mode)
    whole, half = to_rgb(image), to_rgb(image, 2)
    assert whole.size == (211, 317)
    assert half.size == (106, 159)
    monkeypatch.setattr(decode_module, "STRIP_PIXELS", 1000)
    assert np.array_equal(to_rgb(image), whole)
    assert np.array_equal(to_rgb(image, 2), half)


def test_a_large_photo_is_reduced_before_it_is_fitted_and_looks_the_same() -> None:
    small = make_textured_image((30, 30))
    large = encode_image(small.resize((2100, 2100), Image.Resampling.BICUBIC), "PNG", compress_level=1)
    reduced = decode(large, 128, 96)
    assert reduced.size == (420, 420)
    difference = letterbox(reduced, 128, 96).astype(int) - letterbox(decode(large), 128, 96)
    assert np.abs(difference).mean() < 0.5
