"""How one field of a product is chosen or joined from the layers of its page."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TypeVar
from urllib.parse import urlsplit

import lxml.html
from lxml.etree import ParserError

from crawler.extract.document import squeeze
from crawler.extract.layer import Layer
from weft.contracts.product import PhotoLink

Value = TypeVar("Value")

LONG_ENOUGH = 80
"""Characters from which a structured description is more than a label."""
_OPENING = 30
_LETTERS = re.compile(r"\W+")
_SIZE = re.compile(r"[-_](?:\d{2,4}x\d{0,4}|x\d{2,4}|large|medium|small|grande|thumb)(?=\.\w+$)", re.IGNORECASE)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_BETWEEN_STEPS = re.compile(r"\s*(?:>|»|›|::|→)\s*|\s+/\s+")


def first(layers: Iterable[Layer], of: Callable[[Layer], Value]) -> tuple[Value | None, str]:
    """The value of the most specific layer that has one, and that layer's name; (None, "") where none has."""
    return next(((value, layer.name) for layer in layers if (value := of(layer))), (None, ""))


def title(layers: Sequence[Layer], heading: str) -> tuple[str, str]:
    """The title; of an og:title such as "Blue shirt | Shop" only the part that is the page's heading."""
    value, name = first(layers, lambda layer: layer.title)
    if name == "opengraph" and heading and heading in (value or ""):
        return heading, "page"
    return value or "", name


def identity(layers: Iterable[Layer], canonical: str) -> tuple[str, str]:
    """The product's id within its shop: its group's id, else its sku, else a name made of its canonical URL.

    Sizes and colours share a group's id; a title alone never makes an identity.
    """
    layers = list(layers)
    for of in (lambda layer: layer.group_id, lambda layer: layer.item_id):
        value, name = first(layers, of)
        if value:
            return _safe(value), name
    slug = _UNSAFE.sub("-", urlsplit(canonical).path).strip("-.")[-60:]
    return f"{slug or 'product'}-{_digest(canonical)}", "url"


def description(layers: Sequence[Layer]) -> tuple[str | None, str]:
    """The long one: the page's own block where it says at least as much as the markup and begins with its words.

    A meta description is often cut at 250 characters; a block alone may be boilerplate, so it must carry the
    markup's opening words unless the markup says next to nothing.
    """
    told = [(layer.description, layer.name, _letters(layer.description)) for layer in layers if layer.description]
    if not told:
        return None, ""
    marked_up = [candidate for candidate in told if candidate[1] != "page"]
    if not marked_up:
        return told[0][:2]
    best = max(marked_up, key=lambda candidate: len(candidate[2]))
    for html, name, letters in told:
        opening = best[2][:_OPENING]
        if name == "page" and len(letters) >= len(best[2]) and (len(best[2]) < LONG_ENOUGH or opening in letters):
            return html, name
    return best[:2]


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


def photos(layers: Sequence[Layer]) -> tuple[PhotoLink, ...]:
    """The photos of all layers, each once, the more specific layer's order first; a colour told anywhere is kept."""
    marked_up = [photo for layer in layers if layer.name != "page" for photo in layer.photos]
    seen = [photo for layer in layers if layer.name == "page" for photo in layer.photos]
    links: dict[str, PhotoLink] = {}
    for photo in (*marked_up, *seen):
        key = _same_photo(photo.url)
        known = links.get(key)
        if known is None:
            links[key] = photo
        elif known.colour is None and photo.colour:
            links[key] = PhotoLink(url=known.url, colour=photo.colour)
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


def _safe(value: str) -> str:
    """`value` as part of an id: unsafe characters replaced, and a digest so that two values never meet."""
    safe = _UNSAFE.sub("-", value)
    return value if safe == value else f"{safe.strip('-')[:60]}-{_digest(value)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
