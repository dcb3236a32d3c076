import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from weft.photos.decode import decode
from weft.photos.resize import encode_jpeg, letterbox

BLUE = (20, 40, 160)


def test_a_photo_of_the_size_of_the_box_is_unchanged() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (128, 96, 3), np.uint8)
    assert np.array_equal(letterbox(Image.fromarray(pixels), 128, 96), pixels)


def test_a_prepared_photo_is_not_resized_again() -> None:
    jpeg = encode_jpeg(np.random.default_rng(1).integers(0, 255, (128, 96, 3), np.uint8), 92)
    stored = np.asarray(Image.open(io.BytesIO(jpeg)))
    assert np.array_equal(letterbox(decode(jpeg, 128, 96, 48), 128, 96), stored)


def test_a_small_photo_is_enlarged_to_fill_the_box() -> None:
    image = Image.new("RGB", (60, 80), "white")
    image.paste(BLUE, (15, 20, 45, 60))
    pixels = letterbox(image, 128, 96)
    assert pixels.shape == (128, 96, 3)
    assert tuple(pixels[64, 48]) == BLUE
    assert tuple(pixels[64, 24 - 4]) == (255, 255, 255)
    assert tuple(pixels[64, 24 + 4]) == BLUE


def test_a_wide_photo_is_centred_and_padded_with_its_border_colour() -> None:
    image = Image.new("RGB", (200, 100), (240, 230, 220))
    image.paste(BLUE, (50, 25, 150, 75))
    pixels = letterbox(image, 128, 96)
    assert tuple(pixels[0, 0]) == (240, 230, 220)
    assert tuple(pixels[127, 95]) == (240, 230, 220)
    rows = np.flatnonzero((pixels == BLUE).all(axis=2).any(axis=1))
    assert abs(rows[0] - (127 - rows[-1])) <= 1, "in the middle"
    assert 20 <= len(rows) <= 24, "half of 48 rows"


def test_reducing_averages_the_lines_of_pixels() -> None:
    stripes = np.zeros((512, 384, 3), np.uint8)
    stripes[::2] = 255
    assert np.abs(letterbox(Image.fromarray(stripes), 128, 96)[2:-2].astype(int) - 127).max() <= 3


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(16, 80), st.integers(16, 80))
def test_any_photo_fits_any_box_with_its_aspect_kept(h: int, w: int, height: int, width: int) -> None:
    image = Image.new("RGB", (w, h), BLUE)
    assert letterbox(image, height, width).shape == (height, width, 3)
    assert (letterbox(image, height, width) == BLUE).all(), "the padding continues a plain photo"


def test_the_jpeg_has_full_colour_resolution_and_no_metadata() -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, ::2] = (255, 0, 0)
    image = Image.open(io.BytesIO(encode_jpeg(pixels, 95)))
    assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3
    assert not image.getexif()
    assert np.abs(np.asarray(image).astype(int) - pixels).mean() < 6, "red lines one pixel wide survive"


@pytest.mark.parametrize("quality", [50, 92])
def test_a_lower_quality_is_a_smaller_file(quality: int) -> None:
    pixels = np.random.default_rng(2).integers(0, 255, (64, 64, 3), np.uint8)
    assert len(encode_jpeg(pixels, quality)) < len(encode_jpeg(pixels, 99))
