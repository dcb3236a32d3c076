"""The catalogue that never ends: product n of a seed is a function of those two numbers and of nothing else."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from weft.demo.kinds import KINDS
from weft.demo.looks import COLOURS
from weft.demo.shops import SHOPS

Choice = TypeVar("Choice")

PLAIN_SHARE = 0.4
"""Share of products without a pattern, among kinds that have patterns."""

VIEWS = ("front", "back", "detail", "scene")
"""What a photo can show; the first is every product's main photo, "scene" is the front on another background."""

_DENIM_COLOURS = ("blue", "blue", "navy", "black", "grey", "white")


@dataclass(frozen=True, kw_only=True)
class DemoProduct:
    """What is true of one product: the ground truth, before anybody writes about it."""

    seed: int
    number: int
    """Place in the catalogue of all shops together, from 0."""
    shop: str
    sku: str
    brand: str
    style_name: str
    """The shop's pet name for it, "Harwell"."""
    kind: str
    gender: str
    colour: str
    shade: str
    """Name of the dye, one of the colour's shades."""
    second_colour: str
    """The pattern's other colour; drawn only where there is a pattern."""
    pattern: str
    sleeve: str | None
    length: str | None
    neckline: str | None
    fabric: str
    views: tuple[str, ...]
    """2 to 4 of VIEWS in the order of the gallery, "front" first."""
    price_pence: int


def generate_product(seed: int, number: int) -> DemoProduct:
    """Product `number` (from 0) of the catalogue of `seed`."""
    rng = random.Random(f"weft demo {seed} product {number}")
    shop = SHOPS[number % len(SHOPS)]
    kind = KINDS[rng.choice(tuple(KINDS))]
    pattern = rng.choice(kind.patterns) if kind.patterns and rng.random() >= PLAIN_SHARE else "plain"
    colour = rng.choice(_DENIM_COLOURS if kind.name == "jeans" else tuple(COLOURS))
    return DemoProduct(
        seed=seed,
        number=number,
        shop=shop.name,
        sku=f"{shop.sku_prefix}{number // len(SHOPS) + 10_000}",
        brand=rng.choice(shop.brands),
        style_name=_generate_style_name(rng),
        kind=kind.name,
        gender=rng.choice(kind.genders),
        colour=colour,
        shade=rng.choice(COLOURS[colour]).name,
        second_colour=_choose_contrasting_colour(rng, colour),
        pattern=pattern,
        sleeve=_choose_or_none(rng, kind.sleeves),
        length=_choose_or_none(rng, kind.lengths),
        neckline=_choose_or_none(rng, kind.necklines),
        fabric=rng.choice(kind.fabrics),
        views=_sample_views(rng),
        price_pence=rng.randrange(1_200, 18_000, 50),
    )


def generate_products(seed: int, count: int) -> Iterator[DemoProduct]:
    """The first `count` products of all shops, in order, one at a time."""
    return (generate_product(seed, number) for number in range(count))


def _choose_or_none(rng: random.Random, values: Sequence[Choice]) -> Choice | None:
    return rng.choice(values) if values else None


def _sample_views(rng: random.Random) -> tuple[str, ...]:
    sampled = rng.sample(VIEWS[1:], rng.randint(1, len(VIEWS) - 1))
    return (VIEWS[0], *(view for view in VIEWS if view in sampled))


def _choose_contrasting_colour(rng: random.Random, colour: str) -> str:
    """Light on dark and dark on light, so that a pattern can be seen."""
    if colour in ("white", "beige", "yellow", "pink"):
        return rng.choice(("navy", "black", "red", "green", "brown", "blue"))
    if colour in ("black", "navy", "brown", "purple"):
        return rng.choice(("white", "beige", "yellow", "pink"))
    return rng.choice(("white", "white", "black", "navy", "beige"))


_NAME_PREFIXES = (
    "Ard", "Bex", "Cal", "Dun", "El", "Far", "Gar", "Har", "Iver", "Kel", "Lang", "Mar", "Nor",
    "Oak", "Pen", "Quen", "Rus", "Sel", "Thorn", "Ul", "Ver", "Wil", "Yar", "Zen",
)  # fmt: skip
_NAME_SUFFIXES = (
    "by",
    "combe",
    "don",
    "field",
    "ford",
    "ham",
    "ley",
    "mere",
    "more",
    "sby",
    "stow",
    "ton",
    "wick",
    "worth",
)


def _generate_style_name(rng: random.Random) -> str:
    return rng.choice(_NAME_PREFIXES) + rng.choice(_NAME_SUFFIXES)
