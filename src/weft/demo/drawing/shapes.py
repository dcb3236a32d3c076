"""The sketch of a garment before cloth and light: pieces, strokes, and the curves that outline them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from weft.demo.catalogue import Rgb

Outline = npt.NDArray[np.float64]
"""Points, (n, 2), in garment units."""

Point = tuple[float, float] | tuple[float, float, bool]
"""x, y, and True if the curve has a corner there."""

_POINTS_PER_SEGMENT = 7


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One piece of cloth, leather or rubber: a filled outline."""

    outline: Outline
    rgb: Rgb | None = None
    """None is the product's own cloth with its pattern."""
    is_second_colour: bool = False
    """Whether the piece is plain, in the product's second colour."""
    angle: float = 0.0
    """Rotation of the pattern in radians."""
    tone: float = 1.0
    """Brightness; the inside of a garment is darker."""
    rib_spacing: float = 0.0
    """Distance between knitted ribs in garment units; 0 for none."""
    rim_shading: float = 1.0
    """How much the piece darkens towards its edge: 1 for a body, less for flat pieces."""


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """A seam, lace or button, drawn over the pieces."""

    outline: Outline
    width: float = 0.6
    """In garment units; 0 fills the outline."""
    rgb: Rgb | None = None
    """None is the product's colour, darker or lighter by `tone`."""
    tone: float = -0.4
    """-1 (black) to 1 (white)."""


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """A complete garment; its pieces are in order from back to front."""

    pieces: tuple[Piece, ...]
    strokes: tuple[Stroke, ...] = ()
    focus: tuple[float, float] = (0.0, 40.0)
    """The centre of the detail photo."""
    texture: str = "weave"
    """"weave", "knit", "denim", "leather" or "smooth"."""


def curve(points: Sequence[Point], *, closed: bool = True) -> Outline:
    """Return a smooth line through points (Catmull-Rom), with corners at the marked points."""
    corners = [index for index, point in enumerate(points) if len(point) == 3 and point[2]]
    path = np.array([point[:2] for point in points], dtype=np.float64)
    if not closed:
        inner = [index for index in corners if 0 < index < len(path) - 1]
        return _join_splines(path, [0, *inner, len(path) - 1])
    if not corners:
        return _catmull_rom(np.vstack([path[-1:], path, path[:2]]))
    path = np.roll(path, -corners[0], axis=0)
    breaks = [index - corners[0] for index in corners]
    return _join_splines(np.vstack([path, path[:1]]), [*breaks, len(path)])


def line(*points: tuple[float, float]) -> Outline:
    """Return straight lines through points."""
    return np.array(points, dtype=np.float64)


def ellipse(x: float, y: float, radius_x: float, radius_y: float | None = None) -> Outline:
    """Return an ellipse around (x, y)."""
    angles = np.linspace(0, 2 * np.pi, 25)[:-1]
    return np.stack([x + radius_x * np.cos(angles), y + (radius_y or radius_x) * np.sin(angles)], axis=1)


def box(left: float, top: float, right: float, bottom: float) -> Outline:
    """Return a rectangle."""
    return line((left, top), (right, top), (right, bottom), (left, bottom))


def translate(outline: Outline, dx: float, dy: float) -> Outline:
    """Return the outline moved by (x, y) garment units."""
    moved: Outline = outline + np.array([dx, dy])
    return moved


def mirror(outline: Outline) -> Outline:
    """Return the outline mirrored to the other side of the garment."""
    flipped: Outline = outline * np.array([-1.0, 1.0])
    return flipped


def both_sides(piece: Piece) -> tuple[Piece, Piece]:
    """Return a piece and its mirror image."""
    return piece, replace(piece, outline=mirror(piece.outline), angle=-piece.angle)


def strokes_both_sides(stroke: Stroke) -> tuple[Stroke, Stroke]:
    """Return a stroke and its mirror image."""
    return stroke, replace(stroke, outline=mirror(stroke.outline))


def _join_splines(path: Outline, breaks: list[int]) -> Outline:
    runs = [path[first : last + 1] for first, last in pairwise(breaks)]
    return np.vstack([_catmull_rom(np.vstack([run[:1], run, run[-1:]])) if len(run) > 2 else run for run in runs])


def _catmull_rom(points: Outline) -> Outline:
    """Interpolate from the second point to the last but one."""
    before, start, end, after = (points[k : len(points) - 3 + k, None] for k in range(4))
    t = np.linspace(0, 1, _POINTS_PER_SEGMENT)[None, :, None]
    path = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    return path.reshape(-1, 2)
