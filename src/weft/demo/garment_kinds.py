"""The kinds of garment of the demo shops, with their possible attributes and names."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GarmentKind:
    """One kind of garment; an empty tuple means that the attribute does not apply to it."""

    name: str
    category: str
    """The last step of its category path, "T-shirts"."""
    parent_category: str
    """The previous step of its category path, "Tops"."""
    genders: tuple[str, ...]
    sleeves: tuple[str, ...] = ()
    lengths: tuple[str, ...] = ()
    necklines: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    """Patterns besides plain."""
    synonyms: tuple[str, ...]
    mistaken_for: tuple[str, ...]
    """Wrong names that a careless copywriter uses."""
    fabrics: tuple[str, ...]
    is_pair: bool = False
    """Whether it is sold as a pair: "a pair of jeans"."""
    has_sizes: bool = True
    """Whether it comes in sizes and has a fit."""


_WOMEN_AND_MEN = ("women", "men")
_WOMEN_ONLY = ("women",)
_ALL_PATTERNS = ("striped", "checked", "spotted", "floral", "herringbone", "colour-block")

_KINDS = (
    GarmentKind(
        name="t-shirt",
        category="T-shirts",
        parent_category="Tops",
        genders=_WOMEN_AND_MEN,
        sleeves=("short", "short", "short", "long", "sleeveless"),
        lengths=("regular", "regular", "cropped"),
        necklines=("round", "round", "v-neck"),
        patterns=("striped", "spotted", "floral", "colour-block", "checked"),
        synonyms=("tee", "tshirt", "jersey top"),
        mistaken_for=("shirt", "vest"),
        fabrics=("cotton", "jersey", "linen", "bamboo"),
    ),
    GarmentKind(
        name="shirt",
        category="Shirts",
        parent_category="Tops",
        genders=("men", "men", "women"),
        sleeves=("long", "long", "short"),
        necklines=("collar",),
        patterns=_ALL_PATTERNS,
        synonyms=("button-down", "button-up"),
        mistaken_for=("blouse", "jacket"),
        fabrics=("poplin", "oxford", "linen", "chambray", "flannel"),
    ),
    GarmentKind(
        name="blouse",
        category="Blouses",
        parent_category="Tops",
        genders=_WOMEN_ONLY,
        sleeves=("long", "long", "short", "sleeveless"),
        necklines=("v-neck", "round"),
        patterns=("striped", "spotted", "floral", "floral", "checked"),
        synonyms=("top", "smock"),
        mistaken_for=("shirt", "dress"),
        fabrics=("viscose", "silk", "satin", "chiffon", "crepe"),
    ),
    GarmentKind(
        name="jumper",
        category="Jumpers",
        parent_category="Knitwear",
        genders=_WOMEN_AND_MEN,
        sleeves=("long",),
        lengths=("regular", "regular", "cropped"),
        necklines=("round", "v-neck", "roll-neck"),
        patterns=("striped", "checked", "spotted", "colour-block", "herringbone"),
        synonyms=("sweater", "pullover", "knit"),
        mistaken_for=("cardigan", "hoodie"),
        fabrics=("lambswool", "merino", "cashmere", "mohair", "cotton"),
    ),
    GarmentKind(
        name="cardigan",
        category="Cardigans",
        parent_category="Knitwear",
        genders=("women", "women", "men"),
        sleeves=("long",),
        necklines=("v-neck",),
        patterns=("striped", "spotted", "colour-block", "checked"),
        synonyms=("cardi", "button-through knit"),
        mistaken_for=("jumper", "jacket"),
        fabrics=("lambswool", "merino", "alpaca", "cotton"),
    ),
    GarmentKind(
        name="hoodie",
        category="Hoodies",
        parent_category="Tops",
        genders=_WOMEN_AND_MEN,
        sleeves=("long",),
        lengths=("regular", "regular", "cropped"),
        patterns=("striped", "colour-block", "colour-block", "spotted"),
        synonyms=("hooded sweatshirt", "hoody"),
        mistaken_for=("jumper", "jacket"),
        fabrics=("fleece", "cotton", "jersey"),
    ),
    GarmentKind(
        name="jacket",
        category="Jackets",
        parent_category="Outerwear",
        genders=_WOMEN_AND_MEN,
        sleeves=("long",),
        patterns=("checked", "herringbone", "colour-block", "floral"),
        synonyms=("bomber", "blouson"),
        mistaken_for=("coat", "cardigan"),
        fabrics=("nylon", "twill", "suede", "wool", "corduroy"),
    ),
    GarmentKind(
        name="coat",
        category="Coats",
        parent_category="Outerwear",
        genders=_WOMEN_AND_MEN,
        sleeves=("long",),
        lengths=("knee", "maxi"),
        necklines=("collar",),
        patterns=("checked", "herringbone", "herringbone"),
        synonyms=("overcoat", "topcoat"),
        mistaken_for=("jacket", "dress"),
        fabrics=("wool", "tweed", "cashmere", "gabardine"),
    ),
    GarmentKind(
        name="dress",
        category="Dresses",
        parent_category="Dresses",
        genders=_WOMEN_ONLY,
        sleeves=("sleeveless", "short", "long"),
        lengths=("mini", "knee", "maxi"),
        necklines=("round", "v-neck"),
        patterns=_ALL_PATTERNS,
        synonyms=("frock", "gown"),
        mistaken_for=("skirt", "blouse"),
        fabrics=("viscose", "cotton", "silk", "crepe", "jersey", "linen"),
    ),
    GarmentKind(
        name="skirt",
        category="Skirts",
        parent_category="Bottoms",
        genders=_WOMEN_ONLY,
        lengths=("mini", "knee", "maxi"),
        patterns=_ALL_PATTERNS,
        synonyms=("wrap skirt", "a-line"),
        mistaken_for=("dress", "shorts"),
        fabrics=("viscose", "denim", "wool", "satin", "corduroy"),
    ),
    GarmentKind(
        name="trousers",
        category="Trousers",
        parent_category="Bottoms",
        genders=_WOMEN_AND_MEN,
        lengths=("regular", "regular", "cropped"),
        patterns=("striped", "checked", "herringbone"),
        synonyms=("slacks", "chinos", "pants"),
        mistaken_for=("jeans", "shorts"),
        fabrics=("twill", "wool", "linen", "cotton", "corduroy"),
        is_pair=True,
    ),
    GarmentKind(
        name="jeans",
        category="Jeans",
        parent_category="Bottoms",
        genders=_WOMEN_AND_MEN,
        lengths=("regular", "regular", "cropped"),
        synonyms=("denims",),
        mistaken_for=("trousers",),
        fabrics=("denim", "selvedge denim", "stretch denim"),
        is_pair=True,
    ),
    GarmentKind(
        name="shorts",
        category="Shorts",
        parent_category="Bottoms",
        genders=_WOMEN_AND_MEN,
        patterns=("striped", "checked", "floral", "spotted", "colour-block"),
        synonyms=("bermudas",),
        mistaken_for=("trousers", "skirt"),
        fabrics=("cotton", "linen", "twill", "jersey"),
        is_pair=True,
    ),
    GarmentKind(
        name="trainers",
        category="Trainers",
        parent_category="Shoes",
        genders=_WOMEN_AND_MEN,
        patterns=("colour-block", "colour-block", "checked", "striped"),
        synonyms=("sneakers", "plimsolls"),
        mistaken_for=("boots", "shoes"),
        fabrics=("leather", "canvas", "suede", "mesh"),
        is_pair=True,
    ),
    GarmentKind(
        name="boots",
        category="Boots",
        parent_category="Shoes",
        genders=_WOMEN_AND_MEN,
        lengths=("ankle", "knee"),
        patterns=("checked", "colour-block"),
        synonyms=("bootees", "footwear"),
        mistaken_for=("trainers", "shoes"),
        fabrics=("leather", "suede", "nubuck"),
        is_pair=True,
    ),
    GarmentKind(
        name="bag",
        category="Bags",
        parent_category="Accessories",
        genders=_WOMEN_ONLY,
        patterns=_ALL_PATTERNS,
        synonyms=("tote", "handbag", "shopper"),
        mistaken_for=("backpack", "purse"),
        fabrics=("leather", "canvas", "suede", "raffia"),
        has_sizes=False,
    ),
    GarmentKind(
        name="hat",
        category="Hats",
        parent_category="Accessories",
        genders=_WOMEN_AND_MEN,
        patterns=("striped", "checked", "herringbone", "spotted"),
        synonyms=("fedora", "trilby"),
        mistaken_for=("cap", "scarf"),
        fabrics=("felt", "straw", "wool", "tweed"),
        has_sizes=False,
    ),
    GarmentKind(
        name="scarf",
        category="Scarves",
        parent_category="Accessories",
        genders=_WOMEN_AND_MEN,
        patterns=_ALL_PATTERNS,
        synonyms=("shawl", "wrap", "muffler"),
        mistaken_for=("hat", "blanket"),
        fabrics=("wool", "cashmere", "silk", "lambswool", "modal"),
        has_sizes=False,
    ),
    GarmentKind(
        name="socks",
        category="Socks",
        parent_category="Accessories",
        genders=_WOMEN_AND_MEN,
        lengths=("ankle", "knee"),
        patterns=("striped", "striped", "spotted", "checked", "colour-block", "floral"),
        synonyms=("hosiery", "stockings"),
        mistaken_for=("tights", "gloves"),
        fabrics=("cotton", "merino", "bamboo", "wool"),
        is_pair=True,
    ),
)

KINDS: dict[str, GarmentKind] = {kind.name: kind for kind in _KINDS}
