"""Which sketch each kind of garment has."""

import random
from typing import Protocol

from weft.demo.catalogue import DemoProduct
from weft.demo.drawing import accessories, bottoms, knitwear, outerwear, shoes, tops
from weft.demo.drawing.sketch import Sketch


class Draw(Protocol):
    """A function that sketches one kind of garment."""

    def __call__(self, product: DemoProduct, rng: random.Random, *, back: bool) -> Sketch:
        """The sketch of `product`, cut as `rng` says, from the front or the back."""


SKETCHES: dict[str, Draw] = {
    "t-shirt": tops.t_shirt,
    "shirt": tops.shirt,
    "blouse": tops.blouse,
    "jumper": knitwear.jumper,
    "cardigan": knitwear.cardigan,
    "hoodie": knitwear.hoodie,
    "jacket": outerwear.jacket,
    "coat": outerwear.coat,
    "dress": tops.dress,
    "skirt": bottoms.skirt,
    "trousers": bottoms.trousers,
    "jeans": bottoms.jeans,
    "shorts": bottoms.shorts,
    "trainers": shoes.trainers,
    "boots": shoes.boots,
    "bag": accessories.bag,
    "hat": accessories.hat,
    "scarf": accessories.scarf,
    "socks": accessories.socks,
}


def sketch_of(product: DemoProduct, *, back: bool) -> Sketch:
    """The outlines of `product`, seen from the front or from the back; its measures are the same in both."""
    rng = random.Random(f"weft demo {product.seed} cut {product.number}")
    return SKETCHES[product.kind](product, rng, back=back)
