"""Generate the texts of a product: title, description, colour, category paths.

Some words for visible attributes are replaced by a synonym. Of the sleeves, the length and the neckline, which only
the description mentions, some words are missing or wrong as well. Kind, colour and pattern are wrong or missing only
where a fault is injected (fault_injection.py), so that the ground truth knows every such fault.
"""

import random
import re
from dataclasses import dataclass
from html import escape

from weft.demo import catalogue
from weft.demo.catalogue import DemoProduct
from weft.demo.fault_injection import InjectedFault, choose_fault
from weft.demo.garment_kinds import KINDS
from weft.demo.shop_voices import OCCASIONS, PLACES, VOICES
from weft.demo.shops import SHOPS_BY_NAME

SYNONYM_RATE = 1 / 24
"""Share of the words for kind, colour and pattern that are replaced by a synonym."""

WORD_NOISE_RATE = 1 / 8
"""Share of the words for sleeves, length and neckline that are missing, wrong or replaced by a synonym."""

SHADE_MENTION_RATE = 0.5
"""Share of products whose text mentions the shade ("olive") in addition to the colour."""

MIN_DESCRIPTION_WORDS = 40
MAX_DESCRIPTION_WORDS = 120
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, kw_only=True)
class DescribedAttributes:
    """The visual words of one product's text; None for attributes that the text does not mention."""

    kind: str | None
    colour: str | None
    shade: str | None
    pattern: str | None
    sleeve: str | None
    length: str | None
    neckline: str | None


def get_true_words(product: DemoProduct) -> dict[str, str]:
    """Return visible attribute -> the correct word for it."""
    words = {"kind": product.kind, "colour": product.colour, "pattern": product.pattern}
    if product.shade != product.colour:
        words["shade"] = product.shade
    for attribute, value, words_by_value in (
        ("sleeve", product.sleeve, catalogue.SLEEVE_WORDS),
        ("length", product.length, catalogue.LENGTH_WORDS),
        ("neckline", product.neckline, catalogue.NECKLINE_WORDS),
    ):
        if value is not None:
            words[attribute] = words_by_value[value]
    return words


def describe_attributes(product: DemoProduct) -> DescribedAttributes:
    """Return the words of the shop's copywriter, which all texts of the product share."""
    rng = random.Random(f"weft demo {product.seed} said {product.number}")
    fault = choose_fault(product)
    # The text of another colour variant, or a text without a colour, does not know the shade of this one.
    has_shade = rng.random() < SHADE_MENTION_RATE and not (fault and fault.attribute == "colour")
    return DescribedAttributes(
        kind=_write_word(rng, "kind", product.kind, KINDS[product.kind].synonyms, fault),
        colour=_write_word(rng, "colour", product.colour, (product.shade,), fault),
        shade=get_true_words(product).get("shade") if has_shade else None,
        pattern=_write_word(rng, "pattern", product.pattern, catalogue.PATTERN_SYNONYMS[product.pattern], fault),
        sleeve=_describe_attribute(rng, product.sleeve, catalogue.SLEEVE_WORDS, catalogue.SLEEVE_SYNONYMS),
        length=_describe_attribute(rng, product.length, catalogue.LENGTH_WORDS, catalogue.LENGTH_SYNONYMS),
        neckline=_describe_attribute(rng, product.neckline, catalogue.NECKLINE_WORDS, catalogue.NECKLINE_SYNONYMS),
    )


def _write_word(
    rng: random.Random, attribute: str, word: str, synonyms: tuple[str, ...], fault: InjectedFault | None
) -> str | None:
    """Return the word of the text for kind, colour or pattern: the injected fault, else the true word or a synonym."""
    is_synonym, synonym = rng.random() < SYNONYM_RATE, rng.choice(synonyms)
    if fault is not None and fault.attribute == attribute:
        return fault.text_value
    return synonym if is_synonym else word


def _describe_attribute(
    rng: random.Random, value: str | None, words_by_value: dict[str, str], synonyms: dict[str, tuple[str, ...]]
) -> str | None:
    if value is None:
        return None
    wrong_words = tuple(word for other, word in words_by_value.items() if other != value)
    return _add_word_noise(rng, words_by_value[value], synonyms[value], wrong_words)


def _add_word_noise(
    rng: random.Random, word: str, synonyms: tuple[str, ...], wrong_words: tuple[str, ...]
) -> str | None:
    if rng.random() >= WORD_NOISE_RATE:
        return word
    noise_kind = rng.choice(("missing", "wrong", "synonym"))
    if noise_kind == "missing":
        return None
    return rng.choice(wrong_words if noise_kind == "wrong" else synonyms)


@dataclass(frozen=True, kw_only=True)
class ProductText:
    """The texts of one product."""

    title: str
    description_html: str
    """Paragraphs and lists of MIN_DESCRIPTION_WORDS to MAX_DESCRIPTION_WORDS words."""
    colour: str | None
    category_paths: tuple[tuple[str, ...], ...]
    """The category paths of the product; the first is its main one."""


def generate_text(product: DemoProduct) -> ProductText:
    """Generate all texts of a product."""
    words = describe_attributes(product)
    rng = random.Random(f"weft demo {product.seed} text {product.number}")
    return ProductText(
        title=_generate_title(rng, product, words),
        description_html=_generate_description(rng, product, words),
        colour=words.colour.capitalize() if words.colour else None,
        category_paths=generate_category_paths(product),
    )


def generate_category_paths(product: DemoProduct) -> tuple[tuple[str, ...], ...]:
    """Generate the category paths of a product: its category, its brand, and for some an occasion."""
    rng = random.Random(f"weft demo {product.seed} shelf {product.number}")
    kind = KINDS[_get_filed_kind(product)]
    category_path = (product.gender.capitalize(), *dict.fromkeys((kind.parent_category, kind.category)))
    paths = [category_path, ("Brands", product.brand)]
    if rng.random() < 0.3:
        paths.append((rng.choice(("New in", "Last chance", "Gifts", "The edit")),))
    return tuple(paths)


def _get_filed_kind(product: DemoProduct) -> str:
    """Return the kind under which the shop has filed the product: its own, unless a wrong kind is injected."""
    fault = choose_fault(product)
    return fault.text_value if fault and fault.attribute == "kind" and fault.text_value else product.kind


def strip_tags(html: str) -> str:
    """Return the visible text of `html`, for fields without markup."""
    return " ".join(_TAG.sub(" ", html).replace("&#x27;", "'").replace("&amp;", "&").split())


def format_price(product: DemoProduct) -> str:
    """Format the price in pounds with two decimals."""
    return f"{product.price_pence / 100:.2f}"


def _generate_title(rng: random.Random, product: DemoProduct, words: DescribedAttributes) -> str:
    look = _build_look_phrase(words)
    template = rng.choice(("{line} {look}", "{brand} {look}", "{brand} {line} {look}", "{adjective} {look}"))
    title = template.format(
        line=product.style_name,
        brand=product.brand,
        look=look,
        adjective=rng.choice(VOICES[product.shop].adjectives),
    )
    return title[0].upper() + title[1:] if product.shop == "alder" else title.title().replace("'S", "'s")


def _build_look_phrase(words: DescribedAttributes) -> str:
    pattern = None if words.pattern in ("plain", *catalogue.PATTERN_SYNONYMS["plain"]) else words.pattern
    return " ".join(word for word in (words.colour, pattern, words.kind) if word)


def _generate_description(rng: random.Random, product: DemoProduct, words: DescribedAttributes) -> str:
    sentences = _generate_attribute_sentences(rng, product, words)
    length = sum(len(sentence.split()) for sentence in sentences)
    fillers = []
    for optional in _generate_filler_sentences(rng, product):
        optional_length = len(optional.split())
        if length < MIN_DESCRIPTION_WORDS or (length + optional_length <= MAX_DESCRIPTION_WORDS and rng.random() < 0.6):
            fillers.append(optional)
            length += optional_length
    return _LAYOUTS[product.shop]([escape(text) for text in sentences], [escape(text) for text in fillers])


def _generate_attribute_sentences(rng: random.Random, product: DemoProduct, words: DescribedAttributes) -> list[str]:
    """Generate the sentences about visible attributes; the opening comes first."""
    voice = VOICES[product.shop]
    pair = "pair of " if KINDS[_get_filed_kind(product)].is_pair else ""
    opening = rng.choice(voice.openings).format(
        look=pair + _build_look_phrase(words), **_sample_template_values(rng, product)
    )
    attribute_sentences = [
        rng.choice(getattr(voice, attribute)).format(**{attribute: word})
        for attribute in ("sleeve", "length", "neckline", "pattern", "shade")
        if (word := getattr(words, attribute)) is not None
    ]
    rng.shuffle(attribute_sentences)
    return [opening[0].upper() + opening[1:], *attribute_sentences]


def _generate_filler_sentences(rng: random.Random, product: DemoProduct) -> list[str]:
    """Generate the other sentences, in order of priority."""
    voice = VOICES[product.shop]
    fit = (voice.fit,) if KINDS[product.kind].has_sizes else ()
    lists = (voice.fabric, *fit, voice.care, voice.delivery, voice.marketing)
    first_choices = [rng.choice(sentences) for sentences in lists]
    second_choices = [rng.choice([s for s in sentences if s not in first_choices]) for sentences in lists]
    values = _sample_template_values(rng, product)
    return [sentence.format(**values) for sentence in (*first_choices, *second_choices)]


def _sample_template_values(rng: random.Random, product: DemoProduct) -> dict[str, str]:
    return {
        "line": product.style_name,
        "brand": product.brand,
        "shop": SHOPS_BY_NAME[product.shop].title,
        "fabric": product.fabric,
        "adjective": rng.choice(VOICES[product.shop].adjectives),
        "place": rng.choice(PLACES),
        "occasion": rng.choice(OCCASIONS),
    }


def _format_paragraphs(sentences: list[str], fillers: list[str]) -> str:
    points = "".join(f"<li>{aside}</li>" for aside in fillers[1:])
    return f"<p>{' '.join(sentences)}</p><p>{''.join(fillers[:1])}</p><ul>{points}</ul>"


def _format_specification(sentences: list[str], fillers: list[str]) -> str:
    points = "".join(f"<li>{sentence}</li>" for sentence in sentences[1:])
    return f"<p><strong>{sentences[0]}</strong></p><ul>{points}</ul><p>{'<br>'.join(fillers)}</p>"


def _format_chatty(sentences: list[str], fillers: list[str]) -> str:
    return f"<p>{'<br />'.join(sentences[:2])}</p><p>{' '.join(sentences[2:])} <em>{' '.join(fillers)}</em></p>"


_LAYOUTS = {"alder": _format_paragraphs, "brunel": _format_specification, "corso": _format_chatty}
