"""Patterns and grain of cloth, and light: soft folds across a garment and the roundness of its pieces."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

Grid = npt.NDArray[np.float32]
"""One number per pixel, (height, width)."""

_EDGE_WIDTH = np.float32(0.45)
"""Width of the soft edge between two colours in garment units, about one pixel."""
FOLD_STEP_PX = 4
"""Folds are smooth, so they are computed on every fourth pixel and interpolated."""


def compute_pattern_share(pattern: str, x: Grid, y: Grid, scale: float, seed: int) -> Grid:
    """Compute the share of the second colour at each point.

    Args:
        pattern: A key of `weft.demo.catalogue.PATTERN_SYNONYMS` except "plain".
        x: Coordinate across the cloth in garment units, (height, width).
        y: Coordinate along the cloth in garment units, (height, width).
        scale: Size of the pattern; 1 is usual.
        seed: Seed of the pattern.

    Returns:
        From 0 (first colour) to 1 (second colour), (height, width).
    """
    return _PATTERN_FUNCTIONS[pattern](x / np.float32(scale), y / np.float32(scale), seed)


def _antialias(distance: Grid) -> Grid:
    share: Grid = np.clip(distance / _EDGE_WIDTH + np.float32(0.5), 0, 1)
    return share


def _distance_to_multiple(value: Grid, period: float) -> Grid:
    """Return the distance from the nearest multiple of `period`."""
    period32 = np.float32(period)
    distance: Grid = np.abs(value - period32 * np.rint(value / period32))
    return distance


def _draw_stripes(x: Grid, y: Grid, seed: int) -> Grid:
    along = x if seed % 4 == 0 else y
    period = 9.0 if seed % 3 else 6.0
    return _antialias(np.float32(period * (0.21 if seed % 5 else 0.13)) - _distance_to_multiple(along, period))


def _draw_checks(x: Grid, y: Grid, seed: int) -> Grid:
    period = 10.0
    wide_bands = np.float32(0.5) * (
        _antialias(2.1 - _distance_to_multiple(x, period)) + _antialias(2.1 - _distance_to_multiple(y, period))
    )
    if seed % 2:
        return wide_bands
    thin_lines = np.maximum(
        _antialias(0.4 - _distance_to_multiple(x + 5, period)), _antialias(0.4 - _distance_to_multiple(y + 5, period))
    )
    checks: Grid = np.maximum(wide_bands, thin_lines * np.float32(0.8))
    return checks


def _draw_spots(x: Grid, y: Grid, seed: int) -> Grid:
    step = 8.0
    radius = np.float32(1.2 + 0.3 * (seed % 3))
    even = np.hypot(_distance_to_multiple(x, step), _distance_to_multiple(y, step))
    odd = np.hypot(_distance_to_multiple(x + step / 2, step), _distance_to_multiple(y + step / 2, step))
    return _antialias(radius - np.minimum(even, odd))


def _draw_herringbone(x: Grid, y: Grid, seed: int) -> Grid:
    column = 7.0 if seed % 2 else 5.5
    return _antialias(
        np.float32(0.62) - _distance_to_multiple(y + _distance_to_multiple(x, column * 2) * np.float32(1.1), 3.4)
    ) * np.float32(0.8)


def _draw_floral(x: Grid, y: Grid, seed: int) -> Grid:
    step = np.float32(12.5)
    flowers = _draw_flowers(x, y, step, np.float32(4.4), seed)
    return np.maximum(flowers, _draw_flowers(x + 7, y + 5, step, np.float32(2.3), seed + 1))


def _draw_flowers(x: Grid, y: Grid, step: np.float32, radius: np.float32, seed: int) -> Grid:
    """Draw one five-petalled flower, randomly rotated and shifted, in each square of a grid."""
    column, row = np.floor(x / step), np.floor(y / step)
    noise = np.sin(column * np.float32(12.99) + row * np.float32(78.23) + np.float32(seed % 97)) * np.float32(437.5)
    noise -= np.floor(noise)
    across = x - (column + np.float32(0.38) + np.float32(0.24) * noise) * step
    along = y - (row + np.float32(0.62) - np.float32(0.24) * noise) * step
    reach = np.hypot(across, along)
    petals = np.cos(np.arctan2(along, across) * 5 + noise * 6)
    size = radius * (np.float32(0.8) + np.float32(0.4) * noise)
    edge = _antialias(size * (np.float32(0.72) + np.float32(0.28) * petals) - reach)
    return edge - np.float32(0.75) * _antialias(size * np.float32(0.22) - reach)


_PATTERN_FUNCTIONS: dict[str, Callable[[Grid, Grid, int], Grid]] = {
    "striped": _draw_stripes,
    "checked": _draw_checks,
    "spotted": _draw_spots,
    "floral": _draw_floral,
    "herringbone": _draw_herringbone,
}


def compute_grain(texture: str, x: Grid, y: Grid, rng: np.random.Generator) -> Grid:
    """Compute the brightness of the material at each point, about 1: threads, knit, leather.

    Args:
        texture: One of the values of `weft.demo.drawing.shapes.Sketch.texture`.
        x: Coordinate in garment units, (height, width).
        y: Coordinate in garment units, (height, width).
        rng: Generates the irregularities.
    """
    strength = {"weave": 0.022, "knit": 0.03, "denim": 0.05, "leather": 0.015, "smooth": 0.012}[texture]
    speckle = rng.standard_normal(x.shape, dtype=np.float32)
    light = 1 + np.float32(strength) * speckle
    if texture == "knit":
        light += (
            np.float32(0.05)
            * np.cos(x * np.float32(4.2))
            * np.cos((y + np.abs(_distance_to_multiple(x, 3.0))) * np.float32(3.6))
        )
    elif texture == "denim":
        light += np.float32(0.03) * np.cos((x + y) * np.float32(4.6))
    return light


def compute_folds(x: Grid, y: Grid, rng: np.random.Generator, depth: float) -> Grid:
    """Compute the brightness at each point, about 1, from folds and the direction of light.

    Args:
        x: Coordinate in garment units, (height, width).
        y: Coordinate in garment units, (height, width).
        rng: Places the folds.
        depth: Depth of the folds; 1 is usual for soft cloth, 0 gives none.
    """
    height, width = x.shape
    coarse_x, coarse_y = x[::FOLD_STEP_PX, ::FOLD_STEP_PX], y[::FOLD_STEP_PX, ::FOLD_STEP_PX]
    light = 1.03 - 0.0016 * coarse_x - 0.0008 * (coarse_y - 60)
    for _ in range(9):
        centre_x, centre_y = rng.uniform(-22, 22), rng.uniform(20, 115)
        lean = rng.normal(0, 0.35)
        breadth, reach = rng.uniform(1.6, 5.0), rng.uniform(10, 30)
        across = (coarse_x - centre_x) * np.cos(lean) + (coarse_y - centre_y) * np.sin(lean)
        along = (coarse_y - centre_y) * np.cos(lean) - (coarse_x - centre_x) * np.sin(lean)
        # The slope of a bump: one side is lit, the other is in shadow.
        slope = -across / breadth * np.exp(-((across / breadth) ** 2) / 2 - (along / reach) ** 2 / 2)
        light += depth * rng.uniform(0.05, 0.14) * slope
    stretched = Image.fromarray(light.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(stretched, dtype=np.float32)


def compute_roundness(blurred: Grid, mask: Grid, strength: float) -> Grid:
    """Compute the brightness of a piece from its blurred mask: darker at the rim, lit from above left.

    Args:
        blurred: The mask, blurred by a few pixels, (height, width), 0 to 1.
        mask: The mask itself.
        strength: 1 for a body, less for flat pieces.
    """
    relief = np.zeros_like(blurred)
    relief[2:-2, 2:-2] = blurred[4:, 4:] - blurred[:-4, :-4]
    rim = np.clip((blurred - np.float32(0.5)) * 2, 0, 1)
    light: Grid = 1 + np.float32(strength) * (np.float32(0.22) * (rim - 1) + np.float32(0.28) * relief * mask)
    return light
