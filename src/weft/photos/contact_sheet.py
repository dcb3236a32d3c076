"""Rows of photos with short captions as one JPEG, for the eyes: in MLflow and beside the metrics."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from weft.photos.decode import decode
from weft.photos.fit import fit

_FRAMES = {"green": (46, 160, 67), "red": (207, 34, 46)}
_FRAME_WIDTH = 4
_GAP = 6
_LINE = 14
_FONT_SIZE = 11
_INK = (60, 60, 60)
# JPEG holds 65,535 pixels a side; far below it a picture is no longer looked at.
_MOST_ROWS = 200


@dataclass(frozen=True)
class Tile:
    """One photo of a contact sheet."""

    jpeg: bytes
    caption: str = ""
    """A few words; lines that do not fit are cut."""
    frame: Literal["green", "red"] | None = None
    """Say green for right, red for wrong."""


def contact_sheet(rows: Sequence[Sequence[Tile]], height: int = 128, width: int = 96) -> bytes:
    """Draw the rows below one another, each from left to right.

    Args:
        rows: Up to 200 rows are drawn; they may differ in length.
        height: Of each photo, in pixels.
        width: Likewise.

    Returns:
        A JPEG file; a small white one when there is nothing to show.

    Raises:
        PhotoError: A photo cannot be decoded.
    """
    rows = rows[:_MOST_ROWS]
    lines = max((len(tile.caption.splitlines()) for row in rows for tile in row), default=0)
    cell_height = height + 2 * _FRAME_WIDTH + lines * _LINE + _GAP
    cell_width = width + 2 * _FRAME_WIDTH + _GAP
    columns = max((len(row) for row in rows), default=0)
    size = (max(columns, 1) * cell_width + _GAP, max(len(rows), 1) * cell_height + _GAP)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_FONT_SIZE)
    for y, row in enumerate(rows):
        for x, tile in enumerate(row):
            left, top = _GAP + x * cell_width, _GAP + y * cell_height
            if tile.frame:
                corner = left + width + 2 * _FRAME_WIDTH - 1, top + height + 2 * _FRAME_WIDTH - 1
                draw.rectangle((left, top, *corner), fill=_FRAMES[tile.frame])
            photo = Image.fromarray(fit(decode(tile.jpeg, height, width), height, width))
            sheet.paste(photo, (left + _FRAME_WIDTH, top + _FRAME_WIDTH))
            for number, line in enumerate(tile.caption.splitlines()):
                place = left + _FRAME_WIDTH, top + height + 2 * _FRAME_WIDTH + number * _LINE
                draw.text(place, _cut(line, font, width + _FRAME_WIDTH), font=font, fill=_INK)
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=88, subsampling=0)
    return out.getvalue()


def _cut(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "…") > width:
        line = line[:-1]
    return line + "…"
