"""What a shop says of what can be seen: the truth, with one word in eight missing, wrong, or another word for it."""

import random
from dataclasses import dataclass

from weft.demo import looks
from weft.demo.catalogue import DemoProduct
from weft.demo.kinds import KINDS

NOISE_SHARE = 1 / 8
"""Share of the visual words that do not stand as they should."""

SHADE_SHARE = 0.5
"""Share of products whose text gives the dye its own name ("olive") besides the colour's."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """The visual words of one product's text; None where the shop keeps silent."""

    kind: str | None
    colour: str | None
    shade: str | None
    pattern: str | None
    sleeve: str | None
    length: str | None
    neckline: str | None


def true_words(product: DemoProduct) -> dict[str, str]:
    """Each visible attribute of `product` with the word that rightly tells it."""
    words = {"kind": product.kind, "colour": product.colour, "pattern": product.pattern}
    if product.shade != product.colour:
        words["shade"] = product.shade
    for attribute, value, wording in (
        ("sleeve", product.sleeve, looks.SLEEVE_WORDS),
        ("length", product.length, looks.LENGTH_WORDS),
        ("neckline", product.neckline, looks.NECKLINE_WORDS),
    ):
        if value is not None:
            words[attribute] = wording[value]
    return words


def said(product: DemoProduct) -> Said:
    """What the shop's copywriter says of `product`; every text of the product agrees on it."""
    rng = random.Random(f"weft demo {product.seed} said {product.number}")
    words = true_words(product)
    return Said(
        kind=_garbled(rng, words["kind"], KINDS[product.kind].synonyms, KINDS[product.kind].mistaken_for),
        colour=_garbled(rng, words["colour"], (product.shade,), (looks.NEAR_COLOURS[product.colour],)),
        shade=words.get("shade") if rng.random() < SHADE_SHARE else None,
        pattern=_garbled(
            rng, words["pattern"], looks.PATTERNS[product.pattern], _others(looks.PATTERNS, product.pattern)
        ),
        sleeve=_attribute(rng, product.sleeve, looks.SLEEVE_WORDS, looks.SLEEVES),
        length=_attribute(rng, product.length, looks.LENGTH_WORDS, looks.LENGTHS),
        neckline=_attribute(rng, product.neckline, looks.NECKLINE_WORDS, looks.NECKLINES),
    )


def _attribute(
    rng: random.Random, value: str | None, wording: dict[str, str], synonyms: dict[str, tuple[str, ...]]
) -> str | None:
    if value is None:
        return None
    wrong = tuple(wording[other] for other in _others(wording, value))
    return _garbled(rng, wording[value], synonyms[value], wrong)


def _others(values: dict[str, object] | dict[str, str] | dict[str, tuple[str, ...]], value: str) -> tuple[str, ...]:
    return tuple(other for other in values if other != value)


def _garbled(rng: random.Random, word: str, synonyms: tuple[str, ...], wrong: tuple[str, ...]) -> str | None:
    if rng.random() >= NOISE_SHARE:
        return word
    fate = rng.choice(("missing", "wrong", "synonym"))
    if fate == "missing":
        return None
    return rng.choice(wrong if fate == "wrong" else synonyms)
