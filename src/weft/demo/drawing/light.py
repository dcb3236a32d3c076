"""Light: soft folds across a garment, and the roundness of a piece towards its edges."""

import numpy as np
import numpy.typing as npt
from PIL import Image

Grid = npt.NDArray[np.float32]

FOLD_STEP_PX = 4
"""Folds are soft: they are worked out on every fourth pixel and stretched."""


def compute_folds(x: Grid, y: Grid, rng: np.random.Generator, depth: float) -> Grid:
    """Brightness that folds and the fall of light give to each point, about 1.

    Args:
        x: Garment units, (height, width).
        y: Likewise.
        chance: Where the folds lie.
        depth: How deep they are; 1 is usual for soft cloth, 0 gives none.
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
        # The slope of a bump: one flank catches the light, the other lies in shade.
        slope = -across / breadth * np.exp(-((across / breadth) ** 2) / 2 - (along / reach) ** 2 / 2)
        light += depth * rng.uniform(0.05, 0.14) * slope
    stretched = Image.fromarray(light.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(stretched, dtype=np.float32)


def compute_roundness(blurred: Grid, mask: Grid, strength: float) -> Grid:
    """Brightness of a piece from its blurred mask: darker at the rim, lit from above left.

    Args:
        blurred: The mask, blurred by a few pixels, (height, width), 0 to 1.
        mask: The mask itself.
        strength: 1 for a body, less for flat things.
    """
    relief = np.zeros_like(blurred)
    relief[2:-2, 2:-2] = blurred[4:, 4:] - blurred[:-4, :-4]
    rim = np.clip((blurred - np.float32(0.5)) * 2, 0, 1)
    light: Grid = 1 + np.float32(strength) * (np.float32(0.22) * (rim - 1) + np.float32(0.28) * relief * mask)
    return light
