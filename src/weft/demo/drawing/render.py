"""Render a sketch as a photo: add cloth and light, and place it before a background."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from weft.demo.catalogue import Rgb
from weft.demo.drawing.shading import compute_folds, compute_grain, compute_pattern_share, compute_roundness
from weft.demo.drawing.shapes import Outline, Piece, Sketch, Stroke

WIDTH_PX, HEIGHT_PX = 264, 352
"""Size of a photo in pixels."""

PX_PER_UNIT = WIDTH_PX / 100
"""Pixels per garment unit at a scale of 1."""

SUPERSAMPLING = 2
"""Outlines are drawn this many times larger and then reduced, for smooth edges."""

_PADDING_PX = 10
_EDGE_BLUR_PX = 4
_SHADOW_BLUR_PX = 9

Pixels = npt.NDArray[np.float32]
"""(height, width, 3), 0 to 255."""
Grid = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Cloth:
    """The material of a product, the same in all its photos."""

    rgb: Rgb
    second_rgb: Rgb
    pattern: str
    pattern_scale: float
    """Size of the pattern; 1 is usual."""
    pattern_seed: int
    """Seed of the pattern."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """The position of the camera."""

    scale: float
    rotation: float
    """In radians."""
    centre: tuple[float, float]
    """The point of the garment in the middle of the photo, in garment units."""

    def to_pixels(self, outline: Outline) -> Outline:
        """Project points of the garment to pixels of the photo."""
        cos, sin = math.cos(self.rotation), math.sin(self.rotation)
        rotated = (outline - np.array(self.centre)) @ np.array([[cos, sin], [-sin, cos]])
        projected: Outline = rotated * (self.scale * PX_PER_UNIT) + np.array([WIDTH_PX / 2, HEIGHT_PX / 2])
        return projected

    def make_garment_grid(self) -> tuple[Grid, Grid]:
        """Return the garment coordinates x and y at every pixel, (height, width) each."""
        right = (np.arange(WIDTH_PX, dtype=np.float32) + np.float32(0.5) - WIDTH_PX / 2)[None, :] / (
            self.scale * PX_PER_UNIT
        )
        down = (np.arange(HEIGHT_PX, dtype=np.float32) + np.float32(0.5) - HEIGHT_PX / 2)[:, None] / (
            self.scale * PX_PER_UNIT
        )
        cos, sin = math.cos(self.rotation), math.sin(self.rotation)
        x = right * cos + down * sin + self.centre[0]
        y = down * cos - right * sin + self.centre[1]
        return x.astype(np.float32), y.astype(np.float32)


@dataclass(frozen=True)
class _ProjectedPiece:
    """A piece in the photo: its window, its mask in the window, and the blurred mask."""

    piece: Piece
    window: tuple[slice, slice]
    mask: Grid
    blurred: Grid


def render_sketch(
    sketch: Sketch, cloth: Cloth, camera: Camera, background: Pixels, rng: np.random.Generator
) -> Image.Image:
    """Render the photo of a sketch; `background` is overwritten."""
    shapes = [shape for piece in sketch.pieces if (shape := _project_piece(piece, camera)) is not None]
    _cast_shadow(background, shapes)
    x, y = camera.make_garment_grid()
    depth = 0.45 if sketch.texture == "leather" else 1.0
    light = compute_folds(x, y, rng, depth) * compute_grain(sketch.texture, x, y, rng)
    block_y = _find_colour_block_y(sketch)
    for shape in shapes:
        _paint_piece(background, shape, cloth, x[shape.window], y[shape.window], light[shape.window], block_y)
    picture = Image.fromarray(np.clip(background, 0, 255).astype(np.uint8))
    return _draw_strokes(picture, sketch.strokes, cloth.rgb, camera)


def _project_piece(piece: Piece, camera: Camera) -> _ProjectedPiece | None:
    points = camera.to_pixels(piece.outline)
    left, top = (max(0, int(edge) - _PADDING_PX) for edge in points.min(axis=0))
    right, bottom = (
        min(size, int(edge) + _PADDING_PX) for edge, size in zip(points.max(axis=0), (WIDTH_PX, HEIGHT_PX), strict=True)
    )
    if right - left < _PADDING_PX or bottom - top < _PADDING_PX:
        return None
    supersampled = Image.new("L", ((right - left) * SUPERSAMPLING, (bottom - top) * SUPERSAMPLING))
    corners = ((points - [left, top]) * SUPERSAMPLING).ravel().tolist()
    ImageDraw.Draw(supersampled).polygon(corners, fill=255)
    mask = supersampled.reduce(SUPERSAMPLING)
    return _ProjectedPiece(
        piece,
        (slice(top, bottom), slice(left, right)),
        _to_unit_range(mask),
        _to_unit_range(mask.filter(ImageFilter.BoxBlur(_EDGE_BLUR_PX))),
    )


def _to_unit_range(image: Image.Image) -> Grid:
    return np.asarray(image, dtype=np.float32) * np.float32(1 / 255)


def _cast_shadow(background: Pixels, shapes: list[_ProjectedPiece]) -> None:
    """Darken the background below and to the right of the garment."""
    silhouette = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=np.float32)
    for shape in shapes:
        np.maximum(silhouette[shape.window], shape.mask, out=silhouette[shape.window])
    blurred = Image.fromarray((silhouette * 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(_SHADOW_BLUR_PX))
    down, right = 7, 4
    shadow = _to_unit_range(blurred)[:-down, :-right]
    background[down:, right:] *= (1 - np.float32(0.34) * shadow)[:, :, None]


def _paint_piece(
    background: Pixels, shape: _ProjectedPiece, cloth: Cloth, x: Grid, y: Grid, light: Grid, block_y: float
) -> None:
    piece = shape.piece
    region = background[shape.window]
    # The edge of a piece casts a small shadow on the pieces below it.
    region *= (1 - np.float32(0.15) * shape.blurred * (1 - shape.mask))[:, :, None]
    shade = light * compute_roundness(shape.blurred, shape.mask, piece.rim_shading) * np.float32(piece.tone)
    if piece.rib_spacing:
        rotated_x, _ = _rotate(x, y, piece.angle)
        shade = shade * (1 + np.float32(0.09) * np.cos(rotated_x * np.float32(2 * math.pi / piece.rib_spacing)))
    colour = _compute_colour(piece, cloth, x, y, block_y)
    # Dark cloth shows its folds by reflected light.
    lit = colour * shade[:, :, None] + (np.float32(42) * (shade - 1))[:, :, None]
    region += (lit - region) * shape.mask[:, :, None]


def _compute_colour(piece: Piece, cloth: Cloth, x: Grid, y: Grid, block_y: float) -> Pixels:
    first, second = np.array(cloth.rgb, dtype=np.float32), np.array(cloth.second_rgb, dtype=np.float32)
    if piece.rgb is not None:
        return np.array(piece.rgb, dtype=np.float32)[None, None]
    if piece.is_second_colour:
        return second[None, None]
    if cloth.pattern == "plain":
        return first[None, None]
    if cloth.pattern == "colour-block":
        share = np.clip((y - np.float32(block_y)) * 2, 0, 1)
    else:
        rotated_x, rotated_y = _rotate(x, y, piece.angle)
        share = compute_pattern_share(cloth.pattern, rotated_x, rotated_y, cloth.pattern_scale, cloth.pattern_seed)
    mixed: Pixels = first + (second - first) * share[:, :, None]
    return mixed


def _rotate(x: Grid, y: Grid, angle: float) -> tuple[Grid, Grid]:
    if not angle:
        return x, y
    cos, sin = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    return x * cos + y * sin, y * cos - x * sin


def _find_colour_block_y(sketch: Sketch) -> float:
    """Return the y at which the second colour of a colour block begins, in garment units."""
    pattern_edges = [piece.outline[:, 1] for piece in sketch.pieces if piece.rgb is None and not piece.is_second_colour]
    top, bottom = min(edge.min() for edge in pattern_edges), max(edge.max() for edge in pattern_edges)
    return float(top + 0.57 * (bottom - top))


def _draw_strokes(picture: Image.Image, strokes: tuple[Stroke, ...], garment_rgb: Rgb, camera: Camera) -> Image.Image:
    if not strokes:
        return picture
    size = (WIDTH_PX * SUPERSAMPLING, HEIGHT_PX * SUPERSAMPLING)
    ink, cover = Image.new("RGB", size), Image.new("L", size)
    ink_draw, cover_draw = ImageDraw.Draw(ink), ImageDraw.Draw(cover)
    for stroke in strokes:
        points = (camera.to_pixels(stroke.outline) * SUPERSAMPLING).ravel().tolist()
        rgb = stroke.rgb or _adjust_tone(garment_rgb, stroke.tone)
        if not stroke.width:
            ink_draw.polygon(points, fill=rgb)
            cover_draw.polygon(points, fill=255)
            continue
        width_px = max(1, round(stroke.width * camera.scale * PX_PER_UNIT * SUPERSAMPLING))
        # The colour covers more than the mask, so that no black mixes in at the edge.
        ink_draw.line(points, fill=rgb, width=width_px + 3, joint="curve")
        cover_draw.line(points, fill=255 if stroke.rgb else 190, width=width_px, joint="curve")
    picture.paste(ink.reduce(SUPERSAMPLING), (0, 0), cover.reduce(SUPERSAMPLING))
    return picture


def _adjust_tone(rgb: Rgb, tone: float) -> Rgb:
    """Return `rgb` darker (tone below 0) or lighter; on black cloth a dark seam becomes lighter instead."""
    if tone < 0 and max(rgb) < 60:
        tone = -tone * 0.6
    target = 255 if tone > 0 else 0
    red, green, blue = (round(value + (target - value) * abs(tone)) for value in rgb)
    return red, green, blue
