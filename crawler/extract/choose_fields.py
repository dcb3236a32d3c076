"""Choose or merge each field of a product, including its id, from what the extractors found.

`extractions` has one `ExtractedFields` per source, the most specific first.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple
from urllib.parse import urlsplit

import lxml.html
from lxml.etree import ParserError

from crawler.extract.models import ExtractedFields, SourcedValue
from crawler.page.document import collapse_whitespace
from crawler.values import image_urls, prices, value_parsing
from crawler.values.text import plain_text
from weft.contracts.product import Attribute, PhotoLink

MIN_DESCRIPTION_LENGTH = 80
"""Minimum number of characters of a description; a shorter one is a label."""
_ESCAPED_TWICE = re.compile(r"&(?:amp;)+(#?\w{2,8};)")
"""Entities that the shop escaped once too often: no shop means to show a literal "&nbsp;"."""
_PREFIX_LENGTH = 30
_NON_ALPHANUMERIC = re.compile(r"\W+")
_WORD = re.compile(r"\w+")
_MIN_WORD_LENGTH = 4
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_TOKEN = re.compile(r"[^\W_]+")
_MIN_PARENT_SKU_LENGTH = 5
_MAX_ID_LENGTH, _MAX_SLUG_LENGTH = 100, 60
_PATH_SEPARATOR = re.compile(r"\s*(?:>|»|›|::|→)\s*|\s+/\s+")
_MAX_CATEGORY_STEPS = 20
"""Number of steps of a category path that are kept; a longer one is not a path."""
_WRITTEN_FOR_PEOPLE = frozenset({"page", "override"})
"""The sources whose prices are text for people; those of all other sources are written by software."""
_ITEM_ID_GETTERS: tuple[Callable[[ExtractedFields], str], ...] = (
    lambda extracted: extracted.item_id,
    lambda extracted: extracted.group_id,
    lambda extracted: extracted.item_group_id,
    lambda extracted: extracted.platform_id,
    lambda extracted: extracted.parent_sku,
)
"""The fields that identify an item, the best first; all sizes and colours share the id of their group."""


class _Description(NamedTuple):
    text: str
    source: str
    key: str
    """The letters and digits of the text, for comparison."""


def choose_first(
    extractions: Iterable[ExtractedFields], get_value: Callable[[ExtractedFields], str]
) -> SourcedValue[str] | None:
    """Return the first value that is not empty, with its source, or None."""
    return next(
        (SourcedValue(value, extracted.source) for extracted in extractions if (value := get_value(extracted))), None
    )


def choose_sku(extractions: Sequence[ExtractedFields], url: str) -> SourcedValue[str] | None:
    """Return the SKU of the whole product; a GTIN in the SKU field is used only if no source has another SKU."""
    candidates = [
        SourcedValue(parent_sku(extracted.sku, url), extracted.source) for extracted in extractions if extracted.sku
    ]
    return next(
        (candidate for candidate in candidates if not value_parsing.parse_gtin(candidate.value)),
        candidates[0] if candidates else None,
    )


def choose_price(
    extractions: Sequence[ExtractedFields],
) -> tuple[SourcedValue[str] | None, SourcedValue[str] | None]:
    """Return the first price above zero and its currency; a page shows 0 until a script fills in the price."""
    for extracted in extractions:
        if not extracted.price:
            continue
        parse = prices.parse_price if extracted.source in _WRITTEN_FOR_PEOPLE else prices.parse_machine_price
        price = parse(extracted.price, extracted.currency)
        if price.amount.strip("0."):
            currency = price.currency or next(filter(None, (prices.currency_code(e.currency) for e in extractions)), "")
            return SourcedValue(price.amount, extracted.source), (
                SourcedValue(currency, extracted.source) if currency else None
            )
    return None, None


def choose_title(extractions: Sequence[ExtractedFields], heading: str) -> SourcedValue[str] | None:
    """Return the title; an og:title such as "Blue shirt | Shop" is replaced by the heading that it contains."""
    chosen = choose_first(extractions, lambda extracted: plain_text(extracted.title))
    if chosen and chosen.source == "opengraph" and heading and chosen.value != heading and heading in chosen.value:
        return SourcedValue(heading, "page")
    return chosen


def choose_description(extractions: Sequence[ExtractedFields], title: str) -> SourcedValue[str] | None:
    """Return the longest description of this product, not boilerplate.

    Meta tags are often cut at 250 characters. The visible block ("page") therefore replaces the longest description
    of the markup if it contains its start and is at least as long, if the markup is shorter than
    MIN_DESCRIPTION_LENGTH, or if og:description does not mention the title but the block does. The meta description
    ("head") is used only if there is no other.
    """
    texts = [
        (_ESCAPED_TWICE.sub(r"&\1", extracted.description), extracted.source)
        for extracted in extractions
        if extracted.description
    ]
    candidates = [_Description(text, source, key) for text, source in texts if (key := _alphanumeric_text(text))]
    preferred = [candidate for candidate in candidates if candidate.source != "head"] or candidates
    block = next((candidate for candidate in preferred if candidate.source == "page"), None)
    marked_up = [candidate for candidate in preferred if candidate.source != "page"]
    if not marked_up:
        return SourcedValue(block.text, block.source) if block else None
    best = max(marked_up, key=lambda candidate: len(candidate.key))
    if block:
        is_label = len(best.key) < MIN_DESCRIPTION_LENGTH and len(block.key) >= len(best.key)
        is_complete = len(block.key) >= len(best.key) and best.key[:_PREFIX_LENGTH] in block.key
        is_specific = len(block.key) >= MIN_DESCRIPTION_LENGTH and _mentions_title(title, block.text)
        is_boilerplate = best.source == "opengraph" and is_specific and not _mentions_title(title, best.text)
        if is_label or is_complete or is_boilerplate:
            return SourcedValue(block.text, block.source)
    return SourcedValue(best.text, best.source)


def merge_categories(extractions: Sequence[ExtractedFields], title: str) -> tuple[SourcedValue[str], ...]:
    """Return the category paths of all sources, each with the first source that has it."""
    source_by_path: dict[str, str] = {}
    for extracted in extractions:
        for path in merge_category_paths(extracted.categories, product_title=title):
            source_by_path.setdefault(path, extracted.source)
    merged = merge_category_paths(source_by_path)
    return tuple(SourcedValue(path, source_by_path[path]) for path in merged)


def merge_category_paths(category_paths: Iterable[str], product_title: str = "") -> tuple[str, ...]:
    """Return the sorted distinct category paths, without paths that are a prefix of another one.

    Args:
        category_paths: Paths as shops write them, "Women > Tops" or "Women / Tops". A repeated step is dropped.
        product_title: Removed from the end of a path, because it is not a category.
    """
    paths: dict[tuple[str, ...], str] = {}
    for category_path in category_paths:
        names = (step for step in map(plain_text, _PATH_SEPARATOR.split(category_path)[:_MAX_CATEGORY_STEPS]) if step)
        steps = [step for step, _ in groupby(names)]
        if steps and steps[-1].lower() == product_title.lower():
            steps.pop()
        if steps:
            key, path = tuple(step.lower() for step in steps), " > ".join(steps)
            paths[key] = min(paths.get(key, path), path)
    prefixes = {key[:length] for key in paths for length in range(1, len(key))}
    return tuple(sorted(path for key, path in paths.items() if key not in prefixes))


def choose_attributes(extractions: Sequence[ExtractedFields]) -> tuple[SourcedValue[Attribute], ...]:
    """Return the distinct attributes of the first source that has any."""
    extracted = next((extracted for extracted in extractions if extracted.attributes), None)
    if extracted is None:
        return ()
    plain = (Attribute(name=plain_text(a.name), value=plain_text(a.value)) for a in extracted.attributes)
    distinct = dict.fromkeys(attribute for attribute in plain if attribute.name and attribute.value)
    return tuple(SourcedValue(attribute, extracted.source) for attribute in distinct)


def merge_photos(extractions: Sequence[ExtractedFields], html: str) -> tuple[SourcedValue[PhotoLink], ...]:
    """Return the photos of all sources, each once, in the largest known size and with its colour if any source has it.

    Args:
        extractions: The order of the photos is that of the first source, then of the next.
        html: The page; a URL in it is evidence that a larger original exists.
    """
    links: dict[str, SourcedValue[PhotoLink]] = {}
    for extracted in extractions:
        for photo in extracted.photos:
            filled = image_urls.fill_size_template(photo.url)
            if filled is None or image_urls.is_decorative_url(filled):
                continue
            key = image_urls.image_key(filled)
            # Another source that names the file without a query shows that the query is a size of a kind unknown here.
            file_key = image_urls.file_key(filled)
            if key not in links and file_key in links and links[file_key].source != extracted.source:
                key = file_key
            known = links.get(key)
            if known is None:
                links[key] = SourcedValue(PhotoLink(url=filled, colour=photo.colour), extracted.source)
            else:
                url = image_urls.larger_variant(known.value.url, filled)
                links[key] = SourcedValue(PhotoLink(url=url, colour=known.value.colour or photo.colour), known.source)
    has_thumbnail = any(image_urls.width_from_url(sourced.value.url) < math.inf for sourced in links.values())
    page_urls = image_urls.page_image_urls(html) if has_thumbnail else frozenset()
    return tuple(
        SourcedValue(
            PhotoLink(url=image_urls.original_variant(sourced.value.url, page_urls), colour=sourced.value.colour),
            sourced.source,
        )
        for sourced in links.values()
    )


def choose_item_id(extractions: Iterable[ExtractedFields], canonical_url: str) -> SourcedValue[str]:
    """Return the id of the item within its shop.

    It is, in this order, the id of the override, the group id, the item_group_id, the product id of the platform, the
    parent SKU or the canonical URL. Each is searched in all sources before the next. A name is not an id, because it
    changes and because two products can share it.
    """
    extractions = list(extractions)
    titles = {collapse_whitespace(extracted.title).casefold() for extracted in extractions}
    for get_id in _ITEM_ID_GETTERS:
        for extracted in extractions:
            value = get_id(extracted)
            if value and (value == extracted.item_id or not _is_name(value, titles)):
                return SourcedValue(_to_safe_id(value), extracted.source)
    slug = _UNSAFE.sub("-", urlsplit(canonical_url).path).strip("-.")[-_MAX_SLUG_LENGTH:]
    return SourcedValue(f"{slug or 'product'}-{_digest(canonical_url)}", "url")


def _is_name(value: str, titles: set[str]) -> bool:
    """Return whether several words are a title, or have no digit; one word can be a code that is also the title."""
    text = collapse_whitespace(value)
    return " " in text and (text.casefold() in titles or not any(map(str.isdigit, text)))


def parent_sku(sku: str, url: str) -> str:
    """Return the prefix of a variant's SKU that is in the URL: "AB123-2" at /shirt-AB123 gives "AB123"; else `sku`."""
    tokens = set(_TOKEN.findall(urlsplit(url).path.casefold()))
    for end in range(len(sku) - 1, _MIN_PARENT_SKU_LENGTH - 1, -1):
        if sku[end] in "-_" and sku[:end].casefold() in tokens and any(map(str.isdigit, sku[:end])):
            return sku[:end]
    return sku


def _mentions_title(title: str, text: str) -> bool:
    words = {word for word in _WORD.findall(title.casefold()) if len(word) >= _MIN_WORD_LENGTH}
    return bool(words & set(_WORD.findall(text.casefold())))


def _alphanumeric_text(html: str) -> str:
    """Return the letters and digits of the text of `html` in lower case, for comparison."""
    text = html
    if "<" in html:
        try:
            text = str(lxml.html.fragment_fromstring(html, create_parent="div").text_content())
        except (ParserError, ValueError):
            text = re.sub(r"<[^>]*>", " ", html)
    return _NON_ALPHANUMERIC.sub("", text.lower())


def _to_safe_id(value: str) -> str:
    """Make `value` safe in a path; if it is changed or cut, a digest is appended so that ids stay distinct."""
    safe = _UNSAFE.sub("-", value)
    return (
        value
        if safe == value and len(value) <= _MAX_ID_LENGTH
        else f"{safe.strip('-')[:_MAX_SLUG_LENGTH]}-{_digest(value)}"
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
