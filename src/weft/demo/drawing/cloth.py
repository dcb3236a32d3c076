"""Cloth: the colour of every point of a pattern, and the grain of the material."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Grid = npt.NDArray[np.float32]
"""One number per pixel, (height, width)."""

_EDGE = np.float32(0.45)
"""Width of the soft edge between two colours, garment units: about one pixel."""


def pattern_share(pattern: str, x: Grid, y: Grid, scale: float, seed: int) -> Grid:
    """How much of the second colour shows at each point.

    Args:
        pattern: One of the names in `weft.demo.looks.PATTERNS` but "plain".
        x: Across the cloth, garment units, (height, width).
        y: Along the cloth, likewise.
        scale: Size of the pattern; 1 is usual.
        seed: Of the pattern's own chance.

    Returns:
        0 (first colour) to 1 (second), (height, width).
    """
    return _PATTERNS[pattern](x / np.float32(scale), y / np.float32(scale), seed)


def _soft(distance: Grid) -> Grid:
    share: Grid = np.clip(distance / _EDGE + np.float32(0.5), 0, 1)
    return share


def _wave(value: Grid, period: float) -> Grid:
    """Distance from the nearest multiple of `period`."""
    period32 = np.float32(period)
    distance: Grid = np.abs(value - period32 * np.rint(value / period32))
    return distance


def _striped(x: Grid, y: Grid, seed: int) -> Grid:
    along = x if seed % 4 == 0 else y
    period = 9.0 if seed % 3 else 6.0
    return _soft(np.float32(period * (0.21 if seed % 5 else 0.13)) - _wave(along, period))


def _checked(x: Grid, y: Grid, seed: int) -> Grid:
    period = 10.0
    wide = np.float32(0.5) * (_soft(2.1 - _wave(x, period)) + _soft(2.1 - _wave(y, period)))
    if seed % 2:
        return wide
    thin = np.maximum(_soft(0.4 - _wave(x + 5, period)), _soft(0.4 - _wave(y + 5, period)))
    both: Grid = np.maximum(wide, thin * np.float32(0.8))
    return both


def _spotted(x: Grid, y: Grid, seed: int) -> Grid:
    step = 8.0
    radius = np.float32(1.2 + 0.3 * (seed % 3))
    even = np.hypot(_wave(x, step), _wave(y, step))
    odd = np.hypot(_wave(x + step / 2, step), _wave(y + step / 2, step))
    return _soft(radius - np.minimum(even, odd))


def _herringbone(x: Grid, y: Grid, seed: int) -> Grid:
    column = 7.0 if seed % 2 else 5.5
    return _soft(np.float32(0.62) - _wave(y + _wave(x, column * 2) * np.float32(1.1), 3.4)) * np.float32(0.8)


def _floral(x: Grid, y: Grid, seed: int) -> Grid:
    step = np.float32(12.5)
    flowers = _flowers(x, y, step, np.float32(4.4), seed)
    return np.maximum(flowers, _flowers(x + 7, y + 5, step, np.float32(2.3), seed + 1))


def _flowers(x: Grid, y: Grid, step: np.float32, radius: np.float32, seed: int) -> Grid:
    """One five-petalled flower, turned and shifted by chance, in each square of a grid."""
    column, row = np.floor(x / step), np.floor(y / step)
    chance = np.sin(column * np.float32(12.99) + row * np.float32(78.23) + np.float32(seed % 97)) * np.float32(437.5)
    chance -= np.floor(chance)
    across = x - (column + np.float32(0.38) + np.float32(0.24) * chance) * step
    along = y - (row + np.float32(0.62) - np.float32(0.24) * chance) * step
    reach = np.hypot(across, along)
    petals = np.cos(np.arctan2(along, across) * 5 + chance * 6)
    size = radius * (np.float32(0.8) + np.float32(0.4) * chance)
    edge = _soft(size * (np.float32(0.72) + np.float32(0.28) * petals) - reach)
    return edge - np.float32(0.75) * _soft(size * np.float32(0.22) - reach)


_PATTERNS: dict[str, Callable[[Grid, Grid, int], Grid]] = {
    "striped": _striped,
    "checked": _checked,
    "spotted": _spotted,
    "floral": _floral,
    "herringbone": _herringbone,
}


def grain(texture: str, x: Grid, y: Grid, chance: np.random.Generator) -> Grid:
    """Brightness of the material at each point, about 1: threads, knit, leather.

    Args:
        texture: One of the names in `weft.demo.drawing.sketch.Sketch.texture`.
        x: Garment units, (height, width).
        y: Likewise.
        chance: Where the irregularities come from.
    """
    strength = {"weave": 0.022, "knit": 0.03, "denim": 0.05, "leather": 0.015, "smooth": 0.012}[texture]
    speckle = chance.standard_normal(x.shape, dtype=np.float32)
    light = 1 + np.float32(strength) * speckle
    if texture == "knit":
        light += np.float32(0.05) * np.cos(x * np.float32(4.2)) * np.cos((y + np.abs(_wave(x, 3.0))) * np.float32(3.6))
    elif texture == "denim":
        light += np.float32(0.03) * np.cos((x + y) * np.float32(4.6))
    return light
