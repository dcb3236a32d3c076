"""Render photos of products as JPEG bytes on request."""

import io

import numpy as np
from PIL import Image

from weft.demo.catalogue import COLOURS, VIEWS, DemoProduct, Rgb
from weft.demo.drawing import backgrounds, sketch_garment
from weft.demo.drawing.render import Camera, Cloth, render_sketch
from weft.demo.drawing.shapes import Sketch

JPEG_QUALITY = 90
THUMBNAIL_REDUCE_FACTOR = 3
_MAX_GARMENT_SIZE = (90.0, 122.0)
"""Maximum width and height of a garment in the photo, in garment units."""


def render_photo(product: DemoProduct, view: str) -> bytes:
    """Render one photo as JPEG; `view` is "front", "back", "detail" or "scene"."""
    return _encode_jpeg(render_image(product, view))


def render_thumbnail(product: DemoProduct) -> bytes:
    """Render the thumbnail for listings as JPEG."""
    return _encode_jpeg(render_image(product, VIEWS[0]).reduce(THUMBNAIL_REDUCE_FACTOR))


def render_image(product: DemoProduct, view: str) -> Image.Image:
    """Render one photo without encoding it."""
    rng = np.random.default_rng([product.seed, product.number, VIEWS.index(view)])
    sketch = sketch_garment(product, back=view == "back")
    background = (backgrounds.paint_scene if view == "scene" else backgrounds.paint_wall)(rng)
    return render_sketch(sketch, make_cloth(product), _place_camera(view, sketch, rng), background, rng)


def make_cloth(product: DemoProduct) -> Cloth:
    """Make the material of a product from its dye and pattern, with small random differences."""
    rng = np.random.default_rng([product.seed, product.number, len(VIEWS)])
    dye = next(shade.rgb for shade in COLOURS[product.colour] if shade.name == product.shade)
    return Cloth(
        rgb=_jitter_colour(dye, rng),
        second_rgb=_jitter_colour(COLOURS[product.second_colour][0].rgb, rng),
        pattern=product.pattern,
        pattern_scale=float(rng.uniform(0.75, 1.3)),
        pattern_seed=int(rng.integers(1_000_000)),
    )


def _jitter_colour(rgb: Rgb, rng: np.random.Generator) -> Rgb:
    red, green, blue = (int(np.clip(value + rng.normal(0, 5), 0, 255)) for value in rgb)
    return red, green, blue


def _place_camera(view: str, sketch: Sketch, rng: np.random.Generator) -> Camera:
    shake_x, shake_y = rng.uniform(-2, 2, 2)
    if view == "detail":
        scale, (x, y), rotation = rng.uniform(1.9, 2.5), sketch.focus, rng.normal(0, 0.05)
    else:
        fit_scale, (x, y) = _fit_to_frame(sketch)
        scale, rotation = fit_scale * rng.uniform(0.92, 1.0), rng.normal(0, 0.07 if view == "scene" else 0.02)
    return Camera(scale=float(scale), rotation=float(rotation), centre=(x + float(shake_x), y + float(shake_y)))


def _fit_to_frame(sketch: Sketch) -> tuple[float, tuple[float, float]]:
    """Return the scale at which the garment fits the photo, and its centre; small items are only half enlarged."""
    low = np.min([piece.outline.min(axis=0) for piece in sketch.pieces], axis=0)
    high = np.max([piece.outline.max(axis=0) for piece in sketch.pieces], axis=0)
    fit_scale = float(min(_MAX_GARMENT_SIZE[0] / (high[0] - low[0]), _MAX_GARMENT_SIZE[1] / (high[1] - low[1])))
    middle = (low + high) / 2
    return min(fit_scale, fit_scale**0.5), (float(middle[0]), float(middle[1]))


def _encode_jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
