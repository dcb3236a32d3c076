"""Colours and the other things one can see: values, the words people use for them, and how they go wrong."""

from dataclasses import dataclass

Rgb = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Shade:
    """One dye of a colour, under the name a shop would print."""

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

MISTAKEN_COLOURS: dict[str, str] = {
    "black": "navy",
    "white": "grey",
    "grey": "black",
    "navy": "black",
    "blue": "green",
    "green": "blue",
    "red": "pink",
    "pink": "purple",
    "yellow": "beige",
    "purple": "pink",
    "brown": "red",
    "beige": "white",
}
"""The colour a careless copywriter writes instead."""

PATTERN_SYNONYMS: dict[str, tuple[str, ...]] = {
    "plain": ("solid", "unpatterned"),
    "striped": ("stripy", "breton", "banded"),
    "checked": ("plaid", "gingham", "tartan"),
    "spotted": ("polka-dot", "dotted"),
    "floral": ("flowery", "botanical", "ditsy"),
    "herringbone": ("chevron", "zigzag"),
    "colour-block": ("two-tone", "panelled"),
}
"""Each pattern with its synonyms."""

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
