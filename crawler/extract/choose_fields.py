"""How one field of a product is chosen or joined from the layers of its page.

The id of a product within its shop.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from html import unescape
from itertools import groupby
from urllib.parse import urlsplit

import lxml.html
from lxml.etree import ParserError

from crawler.extract import images, value_parsing
from crawler.extract.document import collapse_whitespace
from crawler.extract.models import ExtractedFields, SourcedValue
from weft.contracts.product import PhotoLink

MIN_DESCRIPTION_LENGTH = 80
"""Characters from which a structured description is more than a label."""
_ESCAPED_TWICE = re.compile(r"&(?:amp;)+(#?\w{2,8};)")
"""A slip of the shop: nobody means to show a literal "&nbsp;", and in a feed, plain text, it is read as the space."""
_PREFIX_LENGTH = 30
_NON_ALPHANUMERIC = re.compile(r"\W+")
_WORD = re.compile(r"\w+")
_MIN_WORD_LENGTH = 4
_PATH_SEPARATOR = re.compile(r"\s*(?:>|»|›|::|→)\s*|\s+/\s+")


def choose_first(
    extractions: Iterable[ExtractedFields], get_value: Callable[[ExtractedFields], str]
) -> SourcedValue[str] | None:
    """The value of the most specific layer that has one; None where none has."""
    return next(
        (SourcedValue(value, extracted.source) for extracted in extractions if (value := get_value(extracted))), None
    )


def choose_sku(extractions: Sequence[ExtractedFields], url: str) -> SourcedValue[str] | None:
    """The sku of the product as a whole; a gtin in its place loses to a number of the shop's own."""
    candidates = [
        SourcedValue(parent_sku(extracted.sku, url), extracted.source) for extracted in extractions if extracted.sku
    ]
    return next(
        (candidate for candidate in candidates if not value_parsing.parse_gtin(candidate.value)),
        candidates[0] if candidates else None,
    )


def choose_title(extractions: Sequence[ExtractedFields], heading: str) -> SourcedValue[str] | None:
    """The title; of an og:title such as "Blue shirt | Shop" only the part that is the page's heading."""
    chosen = choose_first(extractions, lambda extracted: collapse_whitespace(unescape(extracted.title)))
    if chosen and chosen.source == "opengraph" and heading and chosen.value != heading and heading in chosen.value:
        return SourcedValue(heading, "page")
    return chosen


def choose_description(extractions: Sequence[ExtractedFields], title: str) -> SourcedValue[str] | None:
    """The long one of those that speak of this product; boilerplate loses.

    What meta tags say is often cut at 250 characters: the page's own block replaces markup where it says at least as
    much and begins with its words, or where the markup says next to nothing, or nothing of this product while the
    block does. The head's description counts only where nobody else speaks.
    """
    texts = [
        (_ESCAPED_TWICE.sub(r"&\1", extracted.description), extracted.source)
        for extracted in extractions
        if extracted.description
    ]
    candidates = [(text, name, letters) for text, name in texts if (letters := _alphanumeric_text(text))]
    preferred = [candidate for candidate in candidates if candidate[1] != "head"] or candidates
    block = next((candidate for candidate in preferred if candidate[1] == "page"), None)
    marked_up = [candidate for candidate in preferred if candidate[1] != "page"]
    if not marked_up:
        return SourcedValue(*block[:2]) if block else None
    best = max(marked_up, key=lambda candidate: len(candidate[2]))
    if block:
        is_label = len(best[2]) < MIN_DESCRIPTION_LENGTH and len(block[2]) >= len(best[2])
        is_complete = len(block[2]) >= len(best[2]) and best[2][:_PREFIX_LENGTH] in block[2]
        is_specific = len(block[2]) >= MIN_DESCRIPTION_LENGTH and _mentions_title(title, block[0])
        is_boilerplate = best[1] == "opengraph" and is_specific and not _mentions_title(title, best[0])
        if is_label or is_complete or is_boilerplate:
            return SourcedValue(*block[:2])
    return SourcedValue(*best[:2])


def _mentions_title(title: str, text: str) -> bool:
    words = {word for word in _WORD.findall(title.casefold()) if len(word) >= _MIN_WORD_LENGTH}
    return bool(words & set(_WORD.findall(text.casefold())))


def merge_categories(extractions: Sequence[ExtractedFields], title: str) -> tuple[SourcedValue[str], ...]:
    """The category paths of all layers, each with the first layer that tells it."""
    source_by_path: dict[str, str] = {}
    for extracted in extractions:
        for path in merge_category_paths(extracted.categories, product_title=title):
            source_by_path.setdefault(path, extracted.source)
    merged = merge_category_paths(source_by_path)
    return tuple(SourcedValue(path, source_by_path[path]) for path in merged)


def merge_category_paths(category_paths: Iterable[str], product_title: str = "") -> tuple[str, ...]:
    """Category paths sorted, each once; one that only begins another is left out, a step repeated is said once.

    Args:
        trails: Paths as shops write them, "Women > Tops" or "Women / Tops".
        last_not: The product's own title: no category, dropped where a trail ends with it.
    """
    paths: dict[tuple[str, ...], str] = {}
    for category_path in category_paths:
        names = (step for step in map(collapse_whitespace, _PATH_SEPARATOR.split(category_path)) if step)
        steps = [step for step, _ in groupby(names)]
        if steps and steps[-1].lower() == product_title.lower():
            steps.pop()
        if steps:
            key, path = tuple(step.lower() for step in steps), " > ".join(steps)
            paths[key] = min(paths.get(key, path), path)
    prefixes = {key[:length] for key in paths for length in range(1, len(key))}
    return tuple(sorted(path for key, path in paths.items() if key not in prefixes))


def merge_photos(extractions: Sequence[ExtractedFields], html: str) -> tuple[SourcedValue[PhotoLink], ...]:
    """The photos of all layers, each once and as large as any layer knows it, the more specific layer's order first.

    A colour told anywhere is kept.

    Args:
        layers: The most specific first.
        html: The page, whose own words are evidence that an original exists.
    """
    links: dict[str, SourcedValue[PhotoLink]] = {}
    for extracted in extractions:
        for photo in extracted.photos:
            if images.is_decorative_url(photo.url):
                continue
            key = images.image_key(photo.url)
            known = links.get(key)
            if known is None:
                links[key] = SourcedValue(photo, extracted.source)
            else:
                url = images.larger_variant(known.value.url, photo.url)
                links[key] = SourcedValue(PhotoLink(url=url, colour=known.value.colour or photo.colour), known.source)
    return tuple(
        SourcedValue(
            PhotoLink(url=images.original_variant(sourced.value.url, html), colour=sourced.value.colour),
            sourced.source,
        )
        for sourced in links.values()
    )


def _alphanumeric_text(html: str) -> str:
    """The text of `html` in lower case without anything but letters and digits, for comparing."""
    text = html
    if "<" in html:
        try:
            text = str(lxml.html.fragment_fromstring(html, create_parent="div").text_content())
        except (ParserError, ValueError):
            text = re.sub(r"<[^>]*>", " ", html)
    return _NON_ALPHANUMERIC.sub("", text.lower())


_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_TOKEN = re.compile(r"[^\W_]+")
_MIN_PARENT_SKU_LENGTH = 5
_TOKEN = re.compile(r"[^\W_]+")
_MIN_PARENT_SKU_LENGTH = 5
_ITEM_ID_GETTERS: tuple[Callable[[ExtractedFields], str], ...] = (
    lambda layer: layer.item_id,
    lambda layer: layer.group_id,
    lambda layer: layer.item_group_id,
    lambda layer: layer.platform_id,
    lambda layer: layer.parent_sku,
)
"""What makes an identity, best first. Sizes and colours share a group's id; a title alone never makes one."""


def choose_item_id(extractions: Iterable[ExtractedFields], canonical_url: str) -> SourcedValue[str]:
    """What an override says, else group id, item_group_id, the platform's product id, parent sku, canonical URL.

    Each is looked for in all layers, the most specific first, before the next is.
    """
    extractions = list(extractions)
    for get_id in _ITEM_ID_GETTERS:
        for extracted in extractions:
            if value := get_id(extracted):
                return SourcedValue(_to_safe_id(value), extracted.source)
    slug = _UNSAFE.sub("-", urlsplit(canonical_url).path).strip("-.")[-60:]
    return SourcedValue(f"{slug or 'product'}-{_digest(canonical_url)}", "url")


def parent_sku(sku: str, url: str) -> str:
    """The part of a variant's `sku` that stands in the product's address: "AB123-2" at /shirt-AB123 is "AB123"."""
    tokens = set(_TOKEN.findall(urlsplit(url).path.casefold()))
    for end in range(len(sku) - 1, _MIN_PARENT_SKU_LENGTH - 1, -1):
        if sku[end] in "-_" and sku[:end].casefold() in tokens and any(map(str.isdigit, sku[:end])):
            return sku[:end]
    return sku


def _to_safe_id(value: str) -> str:
    """`value` as part of an id: unsafe characters replaced, and a digest so that two values never meet."""
    safe = _UNSAFE.sub("-", value)
    return value if safe == value and len(value) <= 100 else f"{safe.strip('-')[:60]}-{_digest(value)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
