"""Photos of products as JPEG bytes, drawn when asked for."""

import io

import numpy as np
from PIL import Image

from weft.demo.catalogue import VIEWS, DemoProduct
from weft.demo.drawing import backgrounds
from weft.demo.drawing.sketch import Sketch
from weft.demo.drawing.studio import Camera, Cloth, take
from weft.demo.drawing.wardrobe import sketch_of
from weft.demo.looks import COLOURS, Rgb

QUALITY = 90
THUMBNAIL_SHRINK = 3
_ROOM = (90.0, 122.0)
"""Width and height that a garment may take up, garment units."""


def photo(product: DemoProduct, view: str) -> bytes:
    """The photo of one view of `product`: "front", "back", "detail" or "scene"."""
    return _jpeg(picture(product, view))


def thumbnail(product: DemoProduct) -> bytes:
    """The small picture of `product` that listings show."""
    return _jpeg(picture(product, VIEWS[0]).reduce(THUMBNAIL_SHRINK))


def picture(product: DemoProduct, view: str) -> Image.Image:
    """The same, not yet encoded."""
    chance = np.random.default_rng([product.seed, product.number, VIEWS.index(view)])
    sketch = sketch_of(product, back=view == "back")
    background = (backgrounds.scene if view == "scene" else backgrounds.wall)(chance)
    return take(sketch, cloth_of(product), _camera(view, sketch, chance), background, chance)


def cloth_of(product: DemoProduct) -> Cloth:
    """The material of `product`: its dye and pattern, a little different for each product."""
    chance = np.random.default_rng([product.seed, product.number, len(VIEWS)])
    dye = next(shade.rgb for shade in COLOURS[product.colour] if shade.name == product.shade)
    return Cloth(
        first=_off(dye, chance),
        second=_off(COLOURS[product.second_colour][0].rgb, chance),
        pattern=product.pattern,
        scale=float(chance.uniform(0.75, 1.3)),
        seed=int(chance.integers(1_000_000)),
    )


def _off(rgb: Rgb, chance: np.random.Generator) -> Rgb:
    red, green, blue = (int(np.clip(value + chance.normal(0, 5), 0, 255)) for value in rgb)
    return red, green, blue


def _camera(view: str, sketch: Sketch, chance: np.random.Generator) -> Camera:
    shake_x, shake_y = chance.uniform(-2, 2, 2)
    if view == "detail":
        scale, (x, y), turn = chance.uniform(1.9, 2.5), sketch.focus, chance.normal(0, 0.05)
    else:
        fit, (x, y) = _frame(sketch)
        scale, turn = fit * chance.uniform(0.92, 1.0), chance.normal(0, 0.07 if view == "scene" else 0.02)
    return Camera(scale=float(scale), turn=float(turn), centre=(x + float(shake_x), y + float(shake_y)))


def _frame(sketch: Sketch) -> tuple[float, tuple[float, float]]:
    """The scale at which the garment fits the photo, and its middle; small things are only half enlarged."""
    low = np.min([piece.outline.min(axis=0) for piece in sketch.pieces], axis=0)
    high = np.max([piece.outline.max(axis=0) for piece in sketch.pieces], axis=0)
    fit = float(min(_ROOM[0] / (high[0] - low[0]), _ROOM[1] / (high[1] - low[1])))
    middle = (low + high) / 2
    return min(fit, fit**0.5), (float(middle[0]), float(middle[1]))


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
