"""Draw rows of photos with short captions as one JPEG, to look at in MLflow or beside the metrics."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from weft.photos.decode import decode
from weft.photos.resize import letterbox

_FRAME_COLOURS = {"green": (46, 160, 67), "red": (207, 34, 46)}
_FRAME_WIDTH_PX = 4
_GAP_PX = 6
_LINE_HEIGHT_PX = 14
_FONT_SIZE = 11
_TEXT_COLOUR = (60, 60, 60)
# A JPEG side has at most 65,535 pixels; a sheet stays far below that, because nobody looks at more rows.
_MAX_ROWS = 200


@dataclass(frozen=True)
class Tile:
    """One photo of a contact sheet."""

    jpeg: bytes
    caption: str = ""
    """A few words; lines that are too long are cut."""
    frame: Literal["green", "red"] | None = None
    """Green marks a correct result, red a wrong one."""


def draw_contact_sheet(rows: Sequence[Sequence[Tile]], height: int = 128, width: int = 96) -> bytes:
    """Draw rows of photos, each from left to right.

    Args:
        rows: The first 200 rows are drawn; they may differ in length.
        height: Height of each photo in pixels.
        width: Width of each photo in pixels.

    Returns:
        A JPEG file; without rows, a small white image.

    Raises:
        PhotoError: A photo cannot be decoded.
    """
    rows = rows[:_MAX_ROWS]
    lines = max((len(tile.caption.splitlines()) for row in rows for tile in row), default=0)
    cell_height = height + 2 * _FRAME_WIDTH_PX + lines * _LINE_HEIGHT_PX + _GAP_PX
    cell_width = width + 2 * _FRAME_WIDTH_PX + _GAP_PX
    columns = max((len(row) for row in rows), default=0)
    size = (max(columns, 1) * cell_width + _GAP_PX, max(len(rows), 1) * cell_height + _GAP_PX)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_FONT_SIZE)
    for y, row in enumerate(rows):
        for x, tile in enumerate(row):
            left, top = _GAP_PX + x * cell_width, _GAP_PX + y * cell_height
            if tile.frame:
                corner = left + width + 2 * _FRAME_WIDTH_PX - 1, top + height + 2 * _FRAME_WIDTH_PX - 1
                draw.rectangle((left, top, *corner), fill=_FRAME_COLOURS[tile.frame])
            photo = Image.fromarray(letterbox(decode(tile.jpeg, height, width), height, width))
            sheet.paste(photo, (left + _FRAME_WIDTH_PX, top + _FRAME_WIDTH_PX))
            for number, line in enumerate(tile.caption.splitlines()):
                text_position = left + _FRAME_WIDTH_PX, top + height + 2 * _FRAME_WIDTH_PX + number * _LINE_HEIGHT_PX
                draw.text(text_position, _truncate(line, font, width + _FRAME_WIDTH_PX), font=font, fill=_TEXT_COLOUR)
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=88, subsampling=0)
    return out.getvalue()


def _truncate(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "…") > width:
        line = line[:-1]
    return line + "…"
