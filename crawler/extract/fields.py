"""How one field of a product is chosen or joined from the layers of its page."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from urllib.parse import urlsplit

import lxml.html
from lxml.etree import ParserError

from crawler.extract.document import squeeze
from crawler.extract.found import Told
from crawler.extract.layer import Layer
from weft.contracts.product import PhotoLink

LONG_ENOUGH = 80
"""Characters from which a structured description is more than a label."""
_OPENING = 30
_LETTERS = re.compile(r"\W+")
_SIZE = re.compile(r"[-_](?:\d{2,4}x\d{0,4}|x\d{2,4}|large|medium|small|grande|thumb)(?=\.\w+$)", re.IGNORECASE)
_BETWEEN_STEPS = re.compile(r"\s*(?:>|»|›|::|→)\s*|\s+/\s+")


def first(layers: Iterable[Layer], of: Callable[[Layer], str]) -> Told[str] | None:
    """The value of the most specific layer that has one; None where none has."""
    return next((Told(value, layer.name) for layer in layers if (value := of(layer))), None)


def title(layers: Sequence[Layer], heading: str) -> Told[str] | None:
    """The title; of an og:title such as "Blue shirt | Shop" only the part that is the page's heading."""
    told = first(layers, lambda layer: layer.title)
    if told and told.layer == "opengraph" and heading and heading in told.value:
        return Told(heading, "page")
    return told


def description(layers: Sequence[Layer]) -> Told[str] | None:
    """The long one: the page's own block where it says at least as much as the markup and begins with its words.

    A meta description is often cut at 250 characters; a block alone may be boilerplate, so it must carry the
    markup's opening words unless the markup says next to nothing.
    """
    told = [(layer.description, layer.name, _letters(layer.description)) for layer in layers if layer.description]
    if not told:
        return None
    marked_up = [candidate for candidate in told if candidate[1] != "page"]
    if not marked_up:
        return Told(*told[0][:2])
    best = max(marked_up, key=lambda candidate: len(candidate[2]))
    for html, name, letters in told:
        opening = best[2][:_OPENING]
        if name == "page" and len(letters) >= len(best[2]) and (len(best[2]) < LONG_ENOUGH or opening in letters):
            return Told(html, name)
    return Told(*best[:2])


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


def photos(layers: Sequence[Layer]) -> tuple[Told[PhotoLink], ...]:
    """The photos of all layers, each once, the more specific layer's order first; a colour told anywhere is kept."""
    links: dict[str, Told[PhotoLink]] = {}
    for layer in layers:
        for photo in layer.photos:
            key = _same_photo(photo.url)
            known = links.get(key)
            if known is None:
                links[key] = Told(photo, layer.name)
            elif known.value.colour is None and photo.colour:
                links[key] = Told(PhotoLink(url=known.value.url, colour=photo.colour), known.layer)
    return tuple(links.values())


def _same_photo(url: str) -> str:
    """Equal for two sizes of one photo: scheme, query and size suffix left out."""
    parts = urlsplit(url)
    query = parts.query if re.search(r"\b(?:id|img|image|file|src|path)=", parts.query) else ""
    return f"{parts.netloc}{_SIZE.sub('', parts.path)}?{query}"


def _letters(html: str) -> str:
    """The text of `html` in lower case without anything but letters and digits, for comparing."""
    text = html
    if "<" in html:
        try:
            text = str(lxml.html.fragment_fromstring(html, create_parent="div").text_content())
        except (ParserError, ValueError):
            text = re.sub(r"<[^>]*>", " ", html)
    return _LETTERS.sub("", text.lower())
