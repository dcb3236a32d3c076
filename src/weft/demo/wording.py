"""What a shop says of what can be seen: the truth, with one word in eight missing, wrong, or another word for it."""

import random
from dataclasses import dataclass

from weft.demo import looks
from weft.demo.catalogue import DemoProduct
from weft.demo.kinds import KINDS

WORD_NOISE_RATE = 1 / 8
"""Share of the visual words that do not stand as they should."""

SHADE_MENTION_RATE = 0.5
"""Share of products whose text gives the dye its own name ("olive") besides the colour's."""


@dataclass(frozen=True, kw_only=True)
class DescribedAttributes:
    """The visual words of one product's text; None where the shop keeps silent."""

    kind: str | None
    colour: str | None
    shade: str | None
    pattern: str | None
    sleeve: str | None
    length: str | None
    neckline: str | None


def get_true_words(product: DemoProduct) -> dict[str, str]:
    """Each visible attribute of `product` with the word that rightly tells it."""
    words = {"kind": product.kind, "colour": product.colour, "pattern": product.pattern}
    if product.shade != product.colour:
        words["shade"] = product.shade
    for attribute, value, words_by_value in (
        ("sleeve", product.sleeve, looks.SLEEVE_WORDS),
        ("length", product.length, looks.LENGTH_WORDS),
        ("neckline", product.neckline, looks.NECKLINE_WORDS),
    ):
        if value is not None:
            words[attribute] = words_by_value[value]
    return words


def describe_attributes(product: DemoProduct) -> DescribedAttributes:
    """What the shop's copywriter says of `product`; every text of the product agrees on it."""
    rng = random.Random(f"weft demo {product.seed} said {product.number}")
    words = get_true_words(product)
    return DescribedAttributes(
        kind=_add_word_noise(rng, words["kind"], KINDS[product.kind].synonyms, KINDS[product.kind].mistaken_for),
        colour=_add_word_noise(rng, words["colour"], (product.shade,), (looks.MISTAKEN_COLOURS[product.colour],)),
        shade=words.get("shade") if rng.random() < SHADE_MENTION_RATE else None,
        pattern=_add_word_noise(
            rng,
            words["pattern"],
            looks.PATTERN_SYNONYMS[product.pattern],
            _list_other_values(looks.PATTERN_SYNONYMS, product.pattern),
        ),
        sleeve=_describe_attribute(rng, product.sleeve, looks.SLEEVE_WORDS, looks.SLEEVE_SYNONYMS),
        length=_describe_attribute(rng, product.length, looks.LENGTH_WORDS, looks.LENGTH_SYNONYMS),
        neckline=_describe_attribute(rng, product.neckline, looks.NECKLINE_WORDS, looks.NECKLINE_SYNONYMS),
    )


def _describe_attribute(
    rng: random.Random, value: str | None, words_by_value: dict[str, str], synonyms: dict[str, tuple[str, ...]]
) -> str | None:
    if value is None:
        return None
    wrong_words = tuple(words_by_value[other] for other in _list_other_values(words_by_value, value))
    return _add_word_noise(rng, words_by_value[value], synonyms[value], wrong_words)


def _list_other_values(
    values: dict[str, object] | dict[str, str] | dict[str, tuple[str, ...]], value: str
) -> tuple[str, ...]:
    return tuple(other for other in values if other != value)


def _add_word_noise(
    rng: random.Random, word: str, synonyms: tuple[str, ...], wrong_words: tuple[str, ...]
) -> str | None:
    if rng.random() >= WORD_NOISE_RATE:
        return word
    noise_kind = rng.choice(("missing", "wrong", "synonym"))
    if noise_kind == "missing":
        return None
    return rng.choice(wrong_words if noise_kind == "wrong" else synonyms)
