"""The studio: puts a sketch into cloth and light before a background and takes the picture."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from weft.demo.drawing.cloth import grain, pattern_share
from weft.demo.drawing.light import folds, roundness
from weft.demo.drawing.sketch import Outline, Piece, Sketch, Stroke
from weft.demo.looks import Rgb

WIDTH, HEIGHT = 264, 352
"""Pixels of a photo."""

UNIT = WIDTH / 100
"""Pixels per garment unit at a scale of 1."""

FINE = 2
"""Outlines are drawn this many times larger and then reduced, for smooth edges."""

_PAD = 10
_BLUR = 4
_SHADOW_BLUR = 9

Pixels = npt.NDArray[np.float32]
"""(height, width, 3), 0 to 255."""
Grid = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Cloth:
    """What a product is made of, the same in all its photos."""

    first: Rgb
    second: Rgb
    pattern: str
    scale: float
    """Size of the pattern."""
    seed: int
    """Of the pattern's own chance."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Where the camera stands."""

    scale: float
    turn: float
    """Radians."""
    centre: tuple[float, float]
    """The point of the garment in the middle of the photo, garment units."""

    def pixels(self, outline: Outline) -> Outline:
        """Where points of the garment are in the photo, pixels."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        turned = (outline - np.array(self.centre)) @ np.array([[cos, sin], [-sin, cos]])
        seen: Outline = turned * (self.scale * UNIT) + np.array([WIDTH / 2, HEIGHT / 2])
        return seen

    def grid(self) -> tuple[Grid, Grid]:
        """The garment's x and y at every pixel."""
        right = (np.arange(WIDTH, dtype=np.float32) + np.float32(0.5) - WIDTH / 2)[None, :] / (self.scale * UNIT)
        down = (np.arange(HEIGHT, dtype=np.float32) + np.float32(0.5) - HEIGHT / 2)[:, None] / (self.scale * UNIT)
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        x = right * cos + down * sin + self.centre[0]
        y = down * cos - right * sin + self.centre[1]
        return x.astype(np.float32), y.astype(np.float32)


@dataclass(frozen=True)
class _Shape:
    """A piece as seen by the camera: its window in the photo, its mask there, and the mask blurred."""

    piece: Piece
    window: tuple[slice, slice]
    mask: Grid
    blurred: Grid


def take(sketch: Sketch, cloth: Cloth, camera: Camera, background: Pixels, chance: np.random.Generator) -> Image.Image:
    """The photo of `sketch` before `background`, which is painted over."""
    shapes = [shape for piece in sketch.pieces if (shape := _shape(piece, camera)) is not None]
    _shadow(background, shapes)
    x, y = camera.grid()
    depth = 0.45 if sketch.texture == "leather" else 1.0
    light = folds(x, y, chance, depth) * grain(sketch.texture, x, y, chance)
    block = _block_height(sketch)
    for shape in shapes:
        _paint(background, shape, cloth, x[shape.window], y[shape.window], light[shape.window], block)
    picture = Image.fromarray(np.clip(background, 0, 255).astype(np.uint8))
    return _stroked(picture, sketch.strokes, cloth.first, camera)


def _shape(piece: Piece, camera: Camera) -> _Shape | None:
    points = camera.pixels(piece.outline)
    left, top = (max(0, int(edge) - _PAD) for edge in points.min(axis=0))
    right, bottom = (
        min(size, int(edge) + _PAD) for edge, size in zip(points.max(axis=0), (WIDTH, HEIGHT), strict=True)
    )
    if right - left < _PAD or bottom - top < _PAD:
        return None
    fine = Image.new("L", ((right - left) * FINE, (bottom - top) * FINE))
    corners = ((points - [left, top]) * FINE).ravel().tolist()
    ImageDraw.Draw(fine).polygon(corners, fill=255)
    mask = fine.reduce(FINE)
    return _Shape(
        piece, (slice(top, bottom), slice(left, right)), _unit(mask), _unit(mask.filter(ImageFilter.BoxBlur(_BLUR)))
    )


def _unit(image: Image.Image) -> Grid:
    return np.asarray(image, dtype=np.float32) * np.float32(1 / 255)


def _shadow(background: Pixels, shapes: list[_Shape]) -> None:
    """Darken the ground below and to the right of the whole garment."""
    whole = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    for shape in shapes:
        np.maximum(whole[shape.window], shape.mask, out=whole[shape.window])
    soft = Image.fromarray((whole * 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(_SHADOW_BLUR))
    down, right = 7, 4
    fallen = _unit(soft)[:-down, :-right]
    background[down:, right:] *= (1 - np.float32(0.34) * fallen)[:, :, None]


def _paint(background: Pixels, shape: _Shape, cloth: Cloth, x: Grid, y: Grid, light: Grid, block: float) -> None:
    piece = shape.piece
    below = background[shape.window]
    # A piece throws a little shade on what lies under its edge.
    below *= (1 - np.float32(0.15) * shape.blurred * (1 - shape.mask))[:, :, None]
    shade = light * roundness(shape.blurred, shape.mask, piece.rim) * np.float32(piece.tone)
    if piece.ribs:
        turned_x, _ = _turned(x, y, piece.angle)
        shade = shade * (1 + np.float32(0.09) * np.cos(turned_x * np.float32(2 * math.pi / piece.ribs)))
    colour = _colour(piece, cloth, x, y, block)
    # Dark cloth shows its folds by what it reflects.
    lit = colour * shade[:, :, None] + (np.float32(42) * (shade - 1))[:, :, None]
    below += (lit - below) * shape.mask[:, :, None]


def _colour(piece: Piece, cloth: Cloth, x: Grid, y: Grid, block: float) -> Pixels:
    first, second = np.array(cloth.first, dtype=np.float32), np.array(cloth.second, dtype=np.float32)
    if piece.rgb is not None:
        return np.array(piece.rgb, dtype=np.float32)[None, None]
    if piece.second:
        return second[None, None]
    if cloth.pattern == "plain":
        return first[None, None]
    if cloth.pattern == "colour-block":
        share = np.clip((y - np.float32(block)) * 2, 0, 1)
    else:
        turned_x, turned_y = _turned(x, y, piece.angle)
        share = pattern_share(cloth.pattern, turned_x, turned_y, cloth.scale, cloth.seed)
    mixed: Pixels = first + (second - first) * share[:, :, None]
    return mixed


def _turned(x: Grid, y: Grid, angle: float) -> tuple[Grid, Grid]:
    if not angle:
        return x, y
    cos, sin = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    return x * cos + y * sin, y * cos - x * sin


def _block_height(sketch: Sketch) -> float:
    """Where the second colour of a colour block begins, garment units from the top."""
    own = [piece.outline[:, 1] for piece in sketch.pieces if piece.rgb is None and not piece.second]
    top, bottom = min(edge.min() for edge in own), max(edge.max() for edge in own)
    return float(top + 0.57 * (bottom - top))


def _stroked(picture: Image.Image, strokes: tuple[Stroke, ...], first: Rgb, camera: Camera) -> Image.Image:
    if not strokes:
        return picture
    size = (WIDTH * FINE, HEIGHT * FINE)
    ink, cover = Image.new("RGB", size), Image.new("L", size)
    on_ink, on_cover = ImageDraw.Draw(ink), ImageDraw.Draw(cover)
    for stroke in strokes:
        points = (camera.pixels(stroke.outline) * FINE).ravel().tolist()
        rgb = stroke.rgb or _toned(first, stroke.tone)
        if not stroke.width:
            on_ink.polygon(points, fill=rgb)
            on_cover.polygon(points, fill=255)
            continue
        thick = max(1, round(stroke.width * camera.scale * UNIT * FINE))
        # The ink reaches further than its cover, so that no black is mixed in at the edge.
        on_ink.line(points, fill=rgb, width=thick + 3, joint="curve")
        on_cover.line(points, fill=255 if stroke.rgb else 190, width=thick, joint="curve")
    picture.paste(ink.reduce(FINE), (0, 0), cover.reduce(FINE))
    return picture


def _toned(rgb: Rgb, tone: float) -> Rgb:
    """`rgb` darker (below 0) or lighter; on black cloth a dark seam is drawn lighter instead."""
    if tone < 0 and max(rgb) < 60:
        tone = -tone * 0.6
    target = 255 if tone > 0 else 0
    red, green, blue = (round(value + (target - value) * abs(tone)) for value in rgb)
    return red, green, blue
