"""Backgrounds of photos: a pale studio wall, or another scene."""

import numpy as np

from weft.demo.drawing.render import HEIGHT_PX, WIDTH_PX, Pixels

_WALL_COLOURS = ((248, 247, 245), (238, 238, 240), (232, 229, 224), (244, 240, 236), (228, 231, 234))
_SCENE_COLOURS = ((196, 170, 140), (150, 168, 178), (206, 186, 182), (170, 182, 160), (120, 116, 118), (214, 206, 192))


def paint_wall(rng: np.random.Generator) -> Pixels:
    """Paint a pale wall with a gradient of light, the background of most photos."""
    return _light_surface(np.array(_WALL_COLOURS[rng.integers(len(_WALL_COLOURS))], dtype=np.float32), rng, 0.10)


def paint_scene(rng: np.random.Generator) -> Pixels:
    """Paint another background: planks, a two-toned room, or a coloured wall."""
    picture = _light_surface(np.array(_SCENE_COLOURS[rng.integers(len(_SCENE_COLOURS))], dtype=np.float32), rng, 0.25)
    scene_kind = rng.integers(3)
    if scene_kind == 0:
        _paint_planks(picture, rng)
    elif scene_kind == 1:
        floor = int(rng.integers(int(HEIGHT_PX * 0.68), int(HEIGHT_PX * 0.85)))
        picture[floor:] *= np.float32(0.8)
        picture[floor : floor + 2] *= np.float32(0.8)
    return picture


def _light_surface(rgb: Pixels, rng: np.random.Generator, depth: float) -> Pixels:
    across = np.linspace(-1, 1, WIDTH_PX, dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, HEIGHT_PX, dtype=np.float32)[:, None]
    bright_x, bright_y = np.float32(rng.uniform(-0.6, 0.4)), np.float32(rng.uniform(-0.8, 0.2))
    light = 1 - np.float32(depth / 2) * ((across - bright_x) ** 2 + (down - bright_y) ** 2) / 2
    light += np.float32(0.006) * rng.standard_normal((HEIGHT_PX, WIDTH_PX), dtype=np.float32)
    tone = np.float32(rng.uniform(0.97, 1.02))
    return np.asarray(rgb * tone * light[:, :, None], dtype=np.float32)


def _paint_planks(picture: Pixels, rng: np.random.Generator) -> None:
    width = int(rng.integers(34, 60))
    grain = rng.standard_normal(WIDTH_PX, dtype=np.float32)
    picture *= (1 + np.float32(0.02) * grain)[None, :, None]
    for start in range(int(rng.integers(width)), WIDTH_PX, width):
        picture[:, start : start + width] *= np.float32(rng.uniform(0.9, 1.06))
        picture[:, start : start + 2] *= np.float32(0.7)
