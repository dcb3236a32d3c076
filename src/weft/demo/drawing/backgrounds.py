"""What stands behind the garment: a pale studio wall, or another scene."""

import numpy as np

from weft.demo.drawing.studio import HEIGHT, WIDTH, Pixels

_WALLS = ((248, 247, 245), (238, 238, 240), (232, 229, 224), (244, 240, 236), (228, 231, 234))
_SCENES = ((196, 170, 140), (150, 168, 178), (206, 186, 182), (170, 182, 160), (120, 116, 118), (214, 206, 192))


def wall(chance: np.random.Generator) -> Pixels:
    """A pale wall with a fall of light: the background of most photos."""
    return _lit(np.array(_WALLS[chance.integers(len(_WALLS))], dtype=np.float32), chance, 0.10)


def scene(chance: np.random.Generator) -> Pixels:
    """Another background: planks, a two-toned room, or a coloured wall."""
    picture = _lit(np.array(_SCENES[chance.integers(len(_SCENES))], dtype=np.float32), chance, 0.25)
    form = chance.integers(3)
    if form == 0:
        _planks(picture, chance)
    elif form == 1:
        floor = int(chance.integers(int(HEIGHT * 0.68), int(HEIGHT * 0.85)))
        picture[floor:] *= np.float32(0.8)
        picture[floor : floor + 2] *= np.float32(0.8)
    return picture


def _lit(rgb: Pixels, chance: np.random.Generator, depth: float) -> Pixels:
    across = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, HEIGHT, dtype=np.float32)[:, None]
    bright_x, bright_y = np.float32(chance.uniform(-0.6, 0.4)), np.float32(chance.uniform(-0.8, 0.2))
    light = 1 - np.float32(depth / 2) * ((across - bright_x) ** 2 + (down - bright_y) ** 2) / 2
    light += np.float32(0.006) * chance.standard_normal((HEIGHT, WIDTH), dtype=np.float32)
    tone = np.float32(chance.uniform(0.97, 1.02))
    return np.asarray(rgb * tone * light[:, :, None], dtype=np.float32)


def _planks(picture: Pixels, chance: np.random.Generator) -> None:
    width = int(chance.integers(34, 60))
    grain = chance.standard_normal(WIDTH, dtype=np.float32)
    picture *= (1 + np.float32(0.02) * grain)[None, :, None]
    for start in range(int(chance.integers(width)), WIDTH, width):
        picture[:, start : start + width] *= np.float32(chance.uniform(0.9, 1.06))
        picture[:, start : start + 2] *= np.float32(0.7)
