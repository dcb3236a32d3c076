"""How one field of a product is chosen or joined from the layers of its page."""

import re
from collections.abc import Callable, Iterable, Sequence
from html import unescape
from itertools import groupby

import lxml.html
from lxml.etree import ParserError

from crawler.extract import identity, pictures, values
from crawler.extract.document import squeeze
from crawler.extract.found import Told
from crawler.extract.layer import Layer
from weft.contracts.product import PhotoLink

LONG_ENOUGH = 80
"""Characters from which a structured description is more than a label."""
_ESCAPED_TWICE = re.compile(r"&(?:amp;)+(#?\w{2,8};)")
"""A slip of the shop: nobody means to show a literal "&nbsp;", and in a feed, plain text, it is read as the space."""
_OPENING = 30
_LETTERS = re.compile(r"\W+")
_WORD = re.compile(r"\w+")
_SHORTEST_WORD = 4
_BETWEEN_STEPS = re.compile(r"\s*(?:>|»|›|::|→)\s*|\s+/\s+")


def first(layers: Iterable[Layer], of: Callable[[Layer], str]) -> Told[str] | None:
    """The value of the most specific layer that has one; None where none has."""
    return next((Told(value, layer.name) for layer in layers if (value := of(layer))), None)


def sku(layers: Sequence[Layer], url: str) -> Told[str] | None:
    """The sku of the product as a whole; a gtin in its place loses to a number of the shop's own."""
    told = [Told(identity.whole(layer.sku, url), layer.name) for layer in layers if layer.sku]
    return next((one for one in told if not values.gtin(one.value)), told[0] if told else None)


def title(layers: Sequence[Layer], heading: str) -> Told[str] | None:
    """The title; of an og:title such as "Blue shirt | Shop" only the part that is the page's heading."""
    told = first(layers, lambda layer: squeeze(unescape(layer.title)))
    if told and told.layer == "opengraph" and heading and told.value != heading and heading in told.value:
        return Told(heading, "page")
    return told


def description(layers: Sequence[Layer], title: str) -> Told[str] | None:
    """The long one of those that speak of this product; boilerplate loses.

    What meta tags say is often cut at 250 characters: the page's own block replaces markup where it says at least as
    much and begins with its words, or where the markup says next to nothing, or nothing of this product while the
    block does. The head's description counts only where nobody else speaks.
    """
    said = [(_ESCAPED_TWICE.sub(r"&\1", layer.description), layer.name) for layer in layers if layer.description]
    told = [(text, name, letters) for text, name in said if (letters := _letters(text))]
    spoken = [candidate for candidate in told if candidate[1] != "head"] or told
    block = next((candidate for candidate in spoken if candidate[1] == "page"), None)
    marked_up = [candidate for candidate in spoken if candidate[1] != "page"]
    if not marked_up:
        return Told(*block[:2]) if block else None
    best = max(marked_up, key=lambda candidate: len(candidate[2]))
    if block:
        is_label = len(best[2]) < LONG_ENOUGH and len(block[2]) >= len(best[2])
        is_whole = len(block[2]) >= len(best[2]) and best[2][:_OPENING] in block[2]
        speaks = len(block[2]) >= LONG_ENOUGH and _speaks_of(title, block[0])
        is_boilerplate = best[1] == "opengraph" and speaks and not _speaks_of(title, best[0])
        if is_label or is_whole or is_boilerplate:
            return Told(*block[:2])
    return Told(*best[:2])


def _speaks_of(title: str, text: str) -> bool:
    words = {word for word in _WORD.findall(title.casefold()) if len(word) >= _SHORTEST_WORD}
    return bool(words & set(_WORD.findall(text.casefold())))


def categories(layers: Sequence[Layer], title: str) -> tuple[Told[str], ...]:
    """The category paths of all layers, each with the first layer that tells it."""
    told: dict[str, str] = {}
    for layer in layers:
        for path in union_of_trails(layer.categories, last_not=title):
            told.setdefault(path, layer.name)
    union = union_of_trails(told)
    return tuple(Told(path, told[path]) for path in union)


def union_of_trails(trails: Iterable[str], last_not: str = "") -> tuple[str, ...]:
    """Category paths sorted, each once; one that only begins another is left out, a step repeated is said once.

    Args:
        trails: Paths as shops write them, "Women > Tops" or "Women / Tops".
        last_not: The product's own title: no category, dropped where a trail ends with it.
    """
    paths: dict[tuple[str, ...], str] = {}
    for trail in trails:
        named = (step for step in map(squeeze, _BETWEEN_STEPS.split(trail)) if step)
        steps = [step for step, _ in groupby(named)]
        if steps and steps[-1].lower() == last_not.lower():
            steps.pop()
        if steps:
            key, path = tuple(step.lower() for step in steps), " > ".join(steps)
            paths[key] = min(paths.get(key, path), path)
    beginnings = {key[:length] for key in paths for length in range(1, len(key))}
    return tuple(sorted(path for key, path in paths.items() if key not in beginnings))


def photos(layers: Sequence[Layer], html: str) -> tuple[Told[PhotoLink], ...]:
    """The photos of all layers, each once and as large as any layer knows it, the more specific layer's order first.

    A colour told anywhere is kept.

    Args:
        layers: The most specific first.
        html: The page, whose own words are evidence that an original exists.
    """
    links: dict[str, Told[PhotoLink]] = {}
    for layer in layers:
        for photo in layer.photos:
            if pictures.is_decoration(photo.url):
                continue
            key = pictures.same_photo(photo.url)
            known = links.get(key)
            if known is None:
                links[key] = Told(photo, layer.name)
            else:
                url = pictures.larger(known.value.url, photo.url)
                links[key] = Told(PhotoLink(url=url, colour=known.value.colour or photo.colour), known.layer)
    return tuple(
        Told(PhotoLink(url=pictures.original(told.value.url, html), colour=told.value.colour), told.layer)
        for told in links.values()
    )


def _letters(html: str) -> str:
    """The text of `html` in lower case without anything but letters and digits, for comparing."""
    text = html
    if "<" in html:
        try:
            text = str(lxml.html.fragment_fromstring(html, create_parent="div").text_content())
        except (ParserError, ValueError):
            text = re.sub(r"<[^>]*>", " ", html)
    return _LETTERS.sub("", text.lower())
