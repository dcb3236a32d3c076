"""The kinds of garment the demo shops sell: what each may look like and what people call it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of garment; an empty tuple means that the attribute does not apply to it."""

    name: str
    shelf: str
    """The last step of its category path, "T-shirts"."""
    group: str
    """The step before, "Tops"."""
    genders: tuple[str, ...]
    sleeves: tuple[str, ...] = ()
    lengths: tuple[str, ...] = ()
    necklines: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    """Patterns besides plain."""
    synonyms: tuple[str, ...]
    mistaken_for: tuple[str, ...]
    """What a careless copywriter calls it."""
    fabrics: tuple[str, ...]
    pair: bool = False
    """Sold as a pair: "a pair of jeans"."""
    sized: bool = True
    """Comes in sizes and has a fit."""


_BOTH = ("women", "men")
_WOMEN = ("women",)
_ALL = ("striped", "checked", "spotted", "floral", "herringbone", "colour-block")

_KINDS = (
    Kind(
        name="t-shirt",
        shelf="T-shirts",
        group="Tops",
        genders=_BOTH,
        sleeves=("short", "short", "short", "long", "sleeveless"),
        lengths=("regular", "regular", "cropped"),
        necklines=("round", "round", "v-neck"),
        patterns=("striped", "spotted", "floral", "colour-block", "checked"),
        synonyms=("tee", "tshirt", "jersey top"),
        mistaken_for=("shirt", "vest"),
        fabrics=("cotton", "jersey", "linen", "bamboo"),
    ),
    Kind(
        name="shirt",
        shelf="Shirts",
        group="Tops",
        genders=("men", "men", "women"),
        sleeves=("long", "long", "short"),
        necklines=("collar",),
        patterns=_ALL,
        synonyms=("button-down", "button-up"),
        mistaken_for=("blouse", "jacket"),
        fabrics=("poplin", "oxford", "linen", "chambray", "flannel"),
    ),
    Kind(
        name="blouse",
        shelf="Blouses",
        group="Tops",
        genders=_WOMEN,
        sleeves=("long", "long", "short", "sleeveless"),
        necklines=("v-neck", "round"),
        patterns=("striped", "spotted", "floral", "floral", "checked"),
        synonyms=("top", "smock"),
        mistaken_for=("shirt", "dress"),
        fabrics=("viscose", "silk", "satin", "chiffon", "crepe"),
    ),
    Kind(
        name="jumper",
        shelf="Jumpers",
        group="Knitwear",
        genders=_BOTH,
        sleeves=("long",),
        lengths=("regular", "regular", "cropped"),
        necklines=("round", "v-neck", "roll-neck"),
        patterns=("striped", "checked", "spotted", "colour-block", "herringbone"),
        synonyms=("sweater", "pullover", "knit"),
        mistaken_for=("cardigan", "hoodie"),
        fabrics=("lambswool", "merino", "cashmere", "mohair", "cotton"),
    ),
    Kind(
        name="cardigan",
        shelf="Cardigans",
        group="Knitwear",
        genders=("women", "women", "men"),
        sleeves=("long",),
        necklines=("v-neck",),
        patterns=("striped", "spotted", "colour-block", "checked"),
        synonyms=("cardi", "button-through knit"),
        mistaken_for=("jumper", "jacket"),
        fabrics=("lambswool", "merino", "alpaca", "cotton"),
    ),
    Kind(
        name="hoodie",
        shelf="Hoodies",
        group="Tops",
        genders=_BOTH,
        sleeves=("long",),
        lengths=("regular", "regular", "cropped"),
        patterns=("striped", "colour-block", "colour-block", "spotted"),
        synonyms=("hooded sweatshirt", "hoody"),
        mistaken_for=("jumper", "jacket"),
        fabrics=("fleece", "cotton", "jersey"),
    ),
    Kind(
        name="jacket",
        shelf="Jackets",
        group="Outerwear",
        genders=_BOTH,
        sleeves=("long",),
        patterns=("checked", "herringbone", "colour-block", "floral"),
        synonyms=("bomber", "blouson"),
        mistaken_for=("coat", "cardigan"),
        fabrics=("nylon", "twill", "suede", "wool", "corduroy"),
    ),
    Kind(
        name="coat",
        shelf="Coats",
        group="Outerwear",
        genders=_BOTH,
        sleeves=("long",),
        lengths=("knee", "maxi"),
        necklines=("collar",),
        patterns=("checked", "herringbone", "herringbone"),
        synonyms=("overcoat", "topcoat"),
        mistaken_for=("jacket", "dress"),
        fabrics=("wool", "tweed", "cashmere", "gabardine"),
    ),
    Kind(
        name="dress",
        shelf="Dresses",
        group="Dresses",
        genders=_WOMEN,
        sleeves=("sleeveless", "short", "long"),
        lengths=("mini", "knee", "maxi"),
        necklines=("round", "v-neck"),
        patterns=_ALL,
        synonyms=("frock", "gown"),
        mistaken_for=("skirt", "blouse"),
        fabrics=("viscose", "cotton", "silk", "crepe", "jersey", "linen"),
    ),
    Kind(
        name="skirt",
        shelf="Skirts",
        group="Bottoms",
        genders=_WOMEN,
        lengths=("mini", "knee", "maxi"),
        patterns=_ALL,
        synonyms=("wrap skirt", "a-line"),
        mistaken_for=("dress", "shorts"),
        fabrics=("viscose", "denim", "wool", "satin", "corduroy"),
    ),
    Kind(
        name="trousers",
        shelf="Trousers",
        group="Bottoms",
        genders=_BOTH,
        lengths=("regular", "regular", "cropped"),
        patterns=("striped", "checked", "herringbone"),
        synonyms=("slacks", "chinos", "pants"),
        mistaken_for=("jeans", "shorts"),
        fabrics=("twill", "wool", "linen", "cotton", "corduroy"),
        pair=True,
    ),
    Kind(
        name="jeans",
        shelf="Jeans",
        group="Bottoms",
        genders=_BOTH,
        lengths=("regular", "regular", "cropped"),
        synonyms=("denims",),
        mistaken_for=("trousers",),
        fabrics=("denim", "selvedge denim", "stretch denim"),
        pair=True,
    ),
    Kind(
        name="shorts",
        shelf="Shorts",
        group="Bottoms",
        genders=_BOTH,
        patterns=("striped", "checked", "floral", "spotted", "colour-block"),
        synonyms=("bermudas",),
        mistaken_for=("trousers", "skirt"),
        fabrics=("cotton", "linen", "twill", "jersey"),
        pair=True,
    ),
    Kind(
        name="trainers",
        shelf="Trainers",
        group="Shoes",
        genders=_BOTH,
        patterns=("colour-block", "colour-block", "checked", "striped"),
        synonyms=("sneakers", "plimsolls"),
        mistaken_for=("boots", "shoes"),
        fabrics=("leather", "canvas", "suede", "mesh"),
        pair=True,
    ),
    Kind(
        name="boots",
        shelf="Boots",
        group="Shoes",
        genders=_BOTH,
        lengths=("ankle", "knee"),
        patterns=("checked", "colour-block"),
        synonyms=("bootees", "footwear"),
        mistaken_for=("trainers", "shoes"),
        fabrics=("leather", "suede", "nubuck"),
        pair=True,
    ),
    Kind(
        name="bag",
        shelf="Bags",
        group="Accessories",
        genders=_WOMEN,
        patterns=_ALL,
        synonyms=("tote", "handbag", "shopper"),
        mistaken_for=("backpack", "purse"),
        fabrics=("leather", "canvas", "suede", "raffia"),
        sized=False,
    ),
    Kind(
        name="hat",
        shelf="Hats",
        group="Accessories",
        genders=_BOTH,
        patterns=("striped", "checked", "herringbone", "spotted"),
        synonyms=("fedora", "trilby"),
        mistaken_for=("cap", "scarf"),
        fabrics=("felt", "straw", "wool", "tweed"),
        sized=False,
    ),
    Kind(
        name="scarf",
        shelf="Scarves",
        group="Accessories",
        genders=_BOTH,
        patterns=_ALL,
        synonyms=("shawl", "wrap", "muffler"),
        mistaken_for=("hat", "blanket"),
        fabrics=("wool", "cashmere", "silk", "lambswool", "modal"),
        sized=False,
    ),
    Kind(
        name="socks",
        shelf="Socks",
        group="Accessories",
        genders=_BOTH,
        lengths=("ankle", "knee"),
        patterns=("striped", "striped", "spotted", "checked", "colour-block", "floral"),
        synonyms=("hosiery", "stockings"),
        mistaken_for=("tights", "gloves"),
        fabrics=("cotton", "merino", "bamboo", "wool"),
        pair=True,
    ),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}
