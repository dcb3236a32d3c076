"""Photos of products as JPEG bytes, drawn when asked for."""

import io

import numpy as np
from PIL import Image, ImageDraw

from weft.demo.catalogue import VIEWS, DemoProduct
from weft.demo.looks import COLOURS

WIDTH, HEIGHT = 264, 352


def photo(product: DemoProduct, view: str) -> bytes:
    """The photo of one view of `product`."""
    rng = np.random.default_rng([product.seed, product.number, VIEWS.index(view)])
    image = Image.fromarray(rng.integers(225, 250, (HEIGHT, WIDTH, 3), dtype=np.uint8), "RGB")
    shade = next(shade for shade in COLOURS[product.colour] if shade.name == product.shade)
    ImageDraw.Draw(image).ellipse((40, 40, 220, 100 + 10 * len(product.kind)), fill=shade.rgb)
    return _jpeg(image)


def thumbnail(product: DemoProduct) -> bytes:
    """The small picture of `product` that listings show."""
    image = Image.open(io.BytesIO(photo(product, VIEWS[0])))
    return _jpeg(image.reduce(3))


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()
