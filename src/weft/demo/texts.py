"""The words of a product as its shop prints them: title, description, colour, category paths."""

import random
import re
from dataclasses import dataclass
from html import escape

from weft.demo.catalogue import DemoProduct
from weft.demo.kinds import KINDS
from weft.demo.shops import BY_NAME
from weft.demo.voices import OCCASIONS, PLACES, VOICES
from weft.demo.wording import Said, said

LEAST_WORDS = 40
MOST_WORDS = 120
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, kw_only=True)
class Text:
    """What the shop writes about one product."""

    title: str
    html: str
    """The description: paragraphs and lists, LEAST_WORDS to MOST_WORDS words."""
    colour: str | None
    trails: tuple[tuple[str, ...], ...]
    """The category paths it stands under; the first is its own shelf."""


def text_of(product: DemoProduct) -> Text:
    """Everything the shop writes about `product`."""
    words = said(product)
    rng = random.Random(f"weft demo {product.seed} text {product.number}")
    return Text(
        title=_title(rng, product, words),
        html=_description(rng, product, words),
        colour=words.colour.capitalize() if words.colour else None,
        trails=trails(product),
    )


def trails(product: DemoProduct) -> tuple[tuple[str, ...], ...]:
    """The category paths of `product`: its shelf, its brand, and for some an occasion."""
    rng = random.Random(f"weft demo {product.seed} shelf {product.number}")
    kind = KINDS[product.kind]
    shelf = (product.gender.capitalize(), *dict.fromkeys((kind.group, kind.shelf)))
    paths = [shelf, ("Brands", product.brand)]
    if rng.random() < 0.3:
        paths.append((rng.choice(("New in", "Last chance", "Gifts", "The edit")),))
    return tuple(paths)


def plain(html: str) -> str:
    """The text of `html` that a person sees, for fields that carry no markup."""
    return " ".join(_TAG.sub(" ", html).replace("&#x27;", "'").replace("&amp;", "&").split())


def price(product: DemoProduct) -> str:
    """Pounds with two decimals."""
    return f"{product.pence / 100:.2f}"


def _title(rng: random.Random, product: DemoProduct, words: Said) -> str:
    look = _look(product, words)
    form = rng.choice(("{line} {look}", "{brand} {look}", "{brand} {line} {look}", "{adjective} {look}"))
    title = form.format(
        line=product.line,
        brand=product.brand,
        look=look,
        adjective=rng.choice(VOICES[product.shop].adjectives),
    )
    return title[0].upper() + title[1:] if product.shop == "alder" else title.title().replace("'S", "'s")


def _look(product: DemoProduct, words: Said) -> str:
    pattern = words.pattern if product.pattern != "plain" else None
    return " ".join(word for word in (words.colour, pattern, words.kind or "piece") if word)


def _description(rng: random.Random, product: DemoProduct, words: Said) -> str:
    sentences = _sentences(rng, product, words)
    length = sum(len(sentence.split()) for sentence in sentences)
    kept = []
    for optional in _asides(rng, product):
        aside = len(optional.split())
        if length < LEAST_WORDS or (length + aside <= MOST_WORDS and rng.random() < 0.6):
            kept.append(optional)
            length += aside
    return _LAYOUTS[product.shop]([escape(text) for text in sentences], [escape(text) for text in kept])


def _sentences(rng: random.Random, product: DemoProduct, words: Said) -> list[str]:
    """The sentences that tell what can be seen, the opening first."""
    voice = VOICES[product.shop]
    pair = "pair of " if KINDS[product.kind].pair else ""
    opening = rng.choice(voice.openings).format(look=pair + _look(product, words), **_fillers(rng, product))
    told = [
        rng.choice(getattr(voice, attribute)).format(**{attribute: word})
        for attribute in ("sleeve", "length", "neckline", "pattern", "shade")
        if (word := getattr(words, attribute)) is not None
    ]
    rng.shuffle(told)
    return [opening[0].upper() + opening[1:], *told]


def _asides(rng: random.Random, product: DemoProduct) -> list[str]:
    """Sentences about everything else, in the order in which they are wanted."""
    voice = VOICES[product.shop]
    fit = (voice.fit,) if KINDS[product.kind].sized else ()
    lists = (voice.fabric, *fit, voice.care, voice.delivery, voice.marketing)
    firsts = [rng.choice(sentences) for sentences in lists]
    seconds = [rng.choice([s for s in sentences if s not in firsts]) for sentences in lists]
    fillers = _fillers(rng, product)
    return [sentence.format(**fillers) for sentence in (*firsts, *seconds)]


def _fillers(rng: random.Random, product: DemoProduct) -> dict[str, str]:
    return {
        "line": product.line,
        "brand": product.brand,
        "shop": BY_NAME[product.shop].title,
        "fabric": product.fabric,
        "adjective": rng.choice(VOICES[product.shop].adjectives),
        "place": rng.choice(PLACES),
        "occasion": rng.choice(OCCASIONS),
    }


def _paragraphs(sentences: list[str], asides: list[str]) -> str:
    points = "".join(f"<li>{aside}</li>" for aside in asides[1:])
    return f"<p>{' '.join(sentences)}</p><p>{''.join(asides[:1])}</p><ul>{points}</ul>"


def _specification(sentences: list[str], asides: list[str]) -> str:
    points = "".join(f"<li>{sentence}</li>" for sentence in sentences[1:])
    return f"<p><strong>{sentences[0]}</strong></p><ul>{points}</ul><p>{'<br>'.join(asides)}</p>"


def _chatter(sentences: list[str], asides: list[str]) -> str:
    return f"<p>{'<br />'.join(sentences[:2])}</p><p>{' '.join(sentences[2:])} <em>{' '.join(asides)}</em></p>"


_LAYOUTS = {"alder": _paragraphs, "brunel": _specification, "corso": _chatter}
