"""Generate an endless catalogue: each product depends only on the seed and its number.

The tables below hold the values of the visible attributes, with the words, synonyms and wrong words of shop texts.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from weft.demo.garment_kinds import KINDS
from weft.demo.shops import SHOPS

Choice = TypeVar("Choice")

PLAIN_SHARE = 0.4
"""Share of plain products, among the kinds with patterns."""

VIEWS = ("front", "back", "detail", "scene")
"""The possible photos of a product; the first is its main photo, and "scene" is the front on another background."""

_DENIM_COLOURS = ("blue", "blue", "navy", "black", "grey", "white")


@dataclass(frozen=True, kw_only=True)
class DemoProduct:
    """The true attributes of one product; the shop's text may differ from them."""

    seed: int
    number: int
    """Index in the catalogue of all shops together."""
    shop: str
    sku: str
    brand: str
    style_name: str
    """The shop's name for the style, such as "Harwell"."""
    kind: str
    gender: str
    colour: str
    shade: str
    """Name of the dye, one of the colour's shades."""
    second_colour: str
    """The other colour of the pattern; unused for plain products."""
    pattern: str
    sleeve: str | None
    length: str | None
    neckline: str | None
    fabric: str
    views: tuple[str, ...]
    """2 to 4 of VIEWS in the order of the gallery, "front" first."""
    price_pence: int


def generate_product(seed: int, number: int) -> DemoProduct:
    """Generate product `number`, counted from 0, of the catalogue of `seed`."""
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
    """Yield the first `count` products of all shops, in order."""
    return (generate_product(seed, number) for number in range(count))


def _choose_or_none(rng: random.Random, values: Sequence[Choice]) -> Choice | None:
    return rng.choice(values) if values else None


def _sample_views(rng: random.Random) -> tuple[str, ...]:
    sampled = rng.sample(VIEWS[1:], rng.randint(1, len(VIEWS) - 1))
    return (VIEWS[0], *(view for view in VIEWS if view in sampled))


def _choose_contrasting_colour(rng: random.Random, colour: str) -> str:
    """Choose a light colour for a dark one and the reverse, so that the pattern is visible."""
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


Rgb = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Shade:
    """One dye of a colour, with the name that a shop would print."""

    name: str
    rgb: Rgb


COLOURS: dict[str, tuple[Shade, ...]] = {
    "black": (
        Shade(name="black", rgb=(30, 30, 33)),
        Shade(name="jet", rgb=(22, 23, 24)),
        Shade(name="ebony", rgb=(38, 34, 34)),
    ),
    "white": (
        Shade(name="white", rgb=(244, 244, 242)),
        Shade(name="ivory", rgb=(243, 239, 228)),
        Shade(name="chalk", rgb=(236, 237, 238)),
    ),
    "grey": (
        Shade(name="grey", rgb=(137, 139, 142)),
        Shade(name="charcoal", rgb=(84, 86, 90)),
        Shade(name="slate", rgb=(112, 118, 124)),
        Shade(name="silver", rgb=(174, 176, 178)),
    ),
    "navy": (
        Shade(name="navy", rgb=(30, 40, 80)),
        Shade(name="midnight", rgb=(24, 31, 66)),
        Shade(name="ink", rgb=(35, 48, 92)),
    ),
    "blue": (
        Shade(name="blue", rgb=(44, 100, 190)),
        Shade(name="cobalt", rgb=(28, 74, 196)),
        Shade(name="sky", rgb=(112, 172, 222)),
        Shade(name="azure", rgb=(62, 136, 214)),
    ),
    "green": (
        Shade(name="green", rgb=(44, 132, 72)),
        Shade(name="emerald", rgb=(12, 138, 92)),
        Shade(name="olive", rgb=(104, 112, 52)),
        Shade(name="sage", rgb=(144, 168, 132)),
    ),
    "red": (
        Shade(name="red", rgb=(198, 34, 40)),
        Shade(name="scarlet", rgb=(218, 44, 34)),
        Shade(name="burgundy", rgb=(122, 24, 42)),
        Shade(name="cherry", rgb=(170, 20, 52)),
    ),
    "pink": (
        Shade(name="pink", rgb=(234, 138, 168)),
        Shade(name="blush", rgb=(240, 188, 192)),
        Shade(name="fuchsia", rgb=(220, 52, 138)),
        Shade(name="rose", rgb=(222, 112, 140)),
    ),
    "yellow": (
        Shade(name="yellow", rgb=(240, 202, 44)),
        Shade(name="mustard", rgb=(206, 158, 32)),
        Shade(name="lemon", rgb=(246, 228, 96)),
    ),
    "purple": (
        Shade(name="purple", rgb=(112, 56, 148)),
        Shade(name="plum", rgb=(94, 38, 92)),
        Shade(name="lilac", rgb=(176, 148, 208)),
        Shade(name="violet", rgb=(128, 76, 190)),
    ),
    "brown": (
        Shade(name="brown", rgb=(108, 68, 44)),
        Shade(name="chocolate", rgb=(76, 46, 32)),
        Shade(name="tan", rgb=(164, 110, 66)),
        Shade(name="chestnut", rgb=(130, 70, 42)),
    ),
    "beige": (
        Shade(name="beige", rgb=(214, 194, 160)),
        Shade(name="sand", rgb=(222, 202, 164)),
        Shade(name="camel", rgb=(196, 158, 106)),
        Shade(name="stone", rgb=(200, 190, 168)),
    ),
}

PATTERN_SYNONYMS: dict[str, tuple[str, ...]] = {
    "plain": ("solid", "unpatterned"),
    "striped": ("stripy", "breton", "banded"),
    "checked": ("plaid", "gingham", "tartan"),
    "spotted": ("polka-dot", "dotted"),
    "floral": ("flowery", "botanical", "ditsy"),
    "herringbone": ("chevron", "zigzag"),
    "colour-block": ("two-tone", "panelled"),
}
"""Pattern -> its synonyms."""

SLEEVE_SYNONYMS: dict[str, tuple[str, ...]] = {
    "sleeveless": ("without sleeves",),
    "short": ("cap-sleeved",),
    "long": ("full-sleeved",),
}
SLEEVE_WORDS = {"sleeveless": "sleeveless", "short": "short-sleeved", "long": "long-sleeved"}

NECKLINE_SYNONYMS: dict[str, tuple[str, ...]] = {
    "round": ("crew",),
    "v-neck": ("plunging",),
    "collar": ("point",),
    "roll-neck": ("turtleneck", "polo"),
}
NECKLINE_WORDS = {
    "round": "round neck",
    "v-neck": "v-neck",
    "collar": "classic collar",
    "roll-neck": "roll-neck",
}

LENGTH_SYNONYMS: dict[str, tuple[str, ...]] = {
    "regular": ("standard",),
    "cropped": ("abbreviated",),
    "mini": ("thigh-skimming",),
    "knee": ("midi",),
    "maxi": ("floor-sweeping",),
    "ankle": ("low-cut",),
}
LENGTH_WORDS = {
    "regular": "regular-length",
    "cropped": "cropped",
    "mini": "mini",
    "knee": "knee-length",
    "maxi": "maxi",
    "ankle": "ankle-length",
}
