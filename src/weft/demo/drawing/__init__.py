"""Draw the photos of the demo: outlines of garments, cloth and light, and a renderer that combines them.

Outlines are in garment units: x from -50 (left) to 50, y from 0 (top) to 133, the frame of an upright photo.
"""

import random
from typing import Protocol

from weft.demo.catalogue import DemoProduct
from weft.demo.drawing import accessories, bottoms, knitwear, outerwear, shoes, tops
from weft.demo.drawing.shapes import Sketch


class SketchFunction(Protocol):
    """A function that sketches one kind of garment."""

    def __call__(self, product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
        """Sketch the product from the front or the back; `rng` varies its measures."""


SKETCH_FUNCTIONS: dict[str, SketchFunction] = {
    "t-shirt": tops.sketch_t_shirt,
    "shirt": tops.sketch_shirt,
    "blouse": tops.sketch_blouse,
    "jumper": knitwear.sketch_jumper,
    "cardigan": knitwear.sketch_cardigan,
    "hoodie": knitwear.sketch_hoodie,
    "jacket": outerwear.sketch_jacket,
    "coat": outerwear.sketch_coat,
    "dress": tops.sketch_dress,
    "skirt": bottoms.sketch_skirt,
    "trousers": bottoms.sketch_trousers,
    "jeans": bottoms.sketch_jeans,
    "shorts": bottoms.sketch_shorts,
    "trainers": shoes.sketch_trainers,
    "boots": shoes.sketch_boots,
    "bag": accessories.sketch_bag,
    "hat": accessories.sketch_hat,
    "scarf": accessories.sketch_scarf,
    "socks": accessories.sketch_socks,
}


def sketch_garment(product: DemoProduct, *, back: bool) -> Sketch:
    """Sketch a product from the front or from the back; its measures are the same in both."""
    rng = random.Random(f"weft demo {product.seed} cut {product.number}")
    return SKETCH_FUNCTIONS[product.kind](product, rng, back=back)
