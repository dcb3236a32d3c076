import io

import numpy as np
import pytest
from PIL import Image

from weft.errors import PhotoError
from weft.photos.contact_sheet import Tile, draw_contact_sheet
from weft.photos.resize import encode_jpeg

BLUE = encode_jpeg(np.full((128, 96, 3), (20, 40, 160), np.uint8), 95)


def render_sheet(rows: list[list[Tile]]) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(draw_contact_sheet(rows)))).astype(int)


def test_a_frame_is_green_or_red_and_the_photo_lies_inside() -> None:
    sheet = render_sheet([[Tile(BLUE, "one", "green"), Tile(BLUE, "two", "red")]])
    assert np.abs(sheet[60, 8] - (46, 160, 67)).max() < 30
    assert np.abs(sheet[60, 6 + 110 + 2] - (207, 34, 46)).max() < 30
    assert np.abs(sheet[60, 60] - (20, 40, 160)).max() < 8


def test_rows_may_differ_in_length_and_captions_in_lines() -> None:
    sheet = render_sheet([[Tile(BLUE)] * 3, [Tile(BLUE, "a very long caption that cannot fit\nsecond line")]])
    assert (sheet[:, -1] > 250).all(), "no caption crosses the right border"
    assert sheet.shape[1] == 3 * 110 + 6


def test_a_sheet_without_rows_is_a_white_image() -> None:
    assert render_sheet([]).min() == 255


def test_a_sheet_drawn_twice_is_byte_equal() -> None:
    rows = [[Tile(BLUE, "shirt", "red")]]
    assert draw_contact_sheet(rows) == draw_contact_sheet(rows)


def test_a_broken_photo_is_an_error() -> None:
    with pytest.raises(PhotoError):
        draw_contact_sheet([[Tile(b"<html>")]])
